//! Lists in pages.

use easel_protocol::id::ThreadId;
use easel_protocol::image::ImageListParams;
use easel_protocol::method::{
    ImageList, ThreadItemsList, ThreadList, ThreadLoadedList, ThreadNameSet, ThreadTurnsList, ThreadUnsubscribe,
};
use easel_protocol::thread::{
    CwdFilter, SortDirection, ThreadItemsListParams, ThreadListParams, ThreadLoadedListParams, ThreadSetNameParams,
    ThreadSortKey, ThreadStartParams, ThreadTurnsListParams, ThreadUnsubscribeParams,
};
use easel_protocol::turn::TurnItemsView;

use super::{items_list_params, turns_list_params};
use crate::harness::{Sandbox, Server, text};

/// Starts threads and returns their ids in order.
async fn threads(server: &mut Server, count: usize) -> Vec<ThreadId> {
    let mut ids = Vec::new();
    for _ in 0..count {
        ids.push(server.start_thread().await.id);
    }
    ids
}

#[tokio::test]
async fn thread_pages_have_no_duplicates_during_starts() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server().await;
    let mut known = threads(&mut server, 7).await;
    let mut params = ThreadListParams { limit: Some(3), ..ThreadListParams::default() };
    let (mut seen, mut sizes) = (Vec::new(), Vec::new());
    loop {
        let page = server.request::<ThreadList>(&params).await;
        sizes.push(page.data.len());
        seen.extend(page.data.into_iter().map(|thread| thread.id));
        // A thread that starts after the first page comes before it in the order.
        server.start_thread().await;
        params.cursor = page.next_cursor;
        if params.cursor.is_none() {
            break;
        }
    }
    known.reverse();
    assert_eq!((seen, sizes), (known, vec![3, 3, 1]));
    server.close().await;
}

#[tokio::test]
async fn backwards_cursor_reverses_the_direction() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server().await;
    let known = threads(&mut server, 5).await;
    let first = ThreadListParams { limit: Some(2), ..ThreadListParams::default() };
    let page = server.request::<ThreadList>(&first).await;
    let next = ThreadListParams { cursor: page.next_cursor, ..first.clone() };
    let page = server.request::<ThreadList>(&next).await;
    let ids = |page: &easel_protocol::thread::ThreadListResponse| {
        page.data.iter().map(|thread| thread.id.clone()).collect::<Vec<_>>()
    };
    assert_eq!(ids(&page), [known[2].clone(), known[1].clone()]);
    let back = ThreadListParams { cursor: page.backwards_cursor, sort_direction: Some(SortDirection::Asc), ..first };
    let page = server.request::<ThreadList>(&back).await;
    assert_eq!(ids(&page), [known[2].clone(), known[3].clone()], "it begins at the page that it leads back from");
    server.close().await;
}

#[tokio::test]
async fn threads_are_filtered_by_folder_name_provider_and_text() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server().await;
    let here = server.start_thread().await.id;
    let root = sandbox.root().display().to_string();
    let elsewhere = ThreadStartParams { cwd: Some(root.clone()), ..ThreadStartParams::default() };
    let elsewhere = server.start_thread_with(elsewhere).await.id;
    server.run_turn(&here, vec![text("draw a red square")]).await;
    let name = ThreadSetNameParams { thread_id: elsewhere.clone(), name: "A Lighthouse".to_owned() };
    server.request::<ThreadNameSet>(&name).await;
    server.expect_event("thread/name/updated", |event| event.method() == "thread/name/updated").await;

    let none = ThreadListParams::default;
    let by_folder = |folder: CwdFilter| ThreadListParams { cwd: Some(folder), ..none() };
    let by_words = |words: &str| ThreadListParams { search_term: Some(words.to_owned()), ..none() };
    let by_provider = |id: &str| ThreadListParams { model_providers: Some(vec![id.to_owned()]), ..none() };
    let recent = ThreadListParams {
        sort_key: Some(ThreadSortKey::CreatedAt),
        sort_direction: Some(SortDirection::Asc),
        ..none()
    };
    for (params, wanted) in [
        (by_folder(CwdFilter::One(root.clone())), vec![&elsewhere]),
        (by_folder(CwdFilter::AnyOf(vec![root, "/nowhere".to_owned()])), vec![&elsewhere]),
        (by_words("LIGHT"), vec![&elsewhere]),
        (by_words("red sq"), vec![&here]),
        (by_words("100%_"), vec![]),
        (by_provider("preview"), vec![&elsewhere, &here]),
        (by_provider("openai"), vec![]),
        (recent, vec![&here, &elsewhere]),
    ] {
        let page = server.request::<ThreadList>(&params).await;
        let found: Vec<&ThreadId> = page.data.iter().map(|thread| &thread.id).collect();
        assert_eq!(found, wanted, "{params:?}");
    }
    server.close().await;
}

#[tokio::test]
async fn loaded_threads_are_listed_in_pages() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server().await;
    let mut known = threads(&mut server, 5).await;
    let mut seen = Vec::new();
    let mut params = ThreadLoadedListParams { limit: Some(2), cursor: None };
    loop {
        let page = server.request::<ThreadLoadedList>(&params).await;
        assert!(page.data.len() <= 2);
        seen.extend(page.data);
        params.cursor = page.next_cursor;
        if params.cursor.is_none() {
            break;
        }
    }
    seen.sort();
    known.sort();
    assert_eq!(seen, known);
    server.close().await;
}

#[tokio::test]
async fn loaded_list_cursor_survives_unloading() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server().await;
    let mut known = threads(&mut server, 3).await;
    known.sort();
    let page = server.request::<ThreadLoadedList>(&ThreadLoadedListParams { limit: Some(2), cursor: None }).await;
    assert_eq!(page.data, known[..2]);
    server.request::<ThreadUnsubscribe>(&ThreadUnsubscribeParams { thread_id: known[1].clone() }).await;
    server.expect_event("thread/closed", |event| event.method() == "thread/closed").await;
    let params = ThreadLoadedListParams { limit: Some(2), cursor: page.next_cursor };
    assert_eq!(server.request::<ThreadLoadedList>(&params).await.data, known[2..]);
    server.close().await;
}

#[tokio::test]
async fn turns_are_listed_newest_first_by_view() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    for words in ["draw a red square", "make it blue", "make it green"] {
        server.run_turn(&thread.id, vec![text(words)]).await;
    }
    let page = server.request::<ThreadTurnsList>(&turns_list_params(&thread.id)).await;
    assert_eq!(page.data.len(), 3);
    assert!(page.data.windows(2).all(|pair| pair[0].id > pair[1].id), "ids are in the order of time");
    for (view, items) in [
        (None, 2),
        (Some(TurnItemsView::NotLoaded), 0),
        (Some(TurnItemsView::Summary), 2),
        (Some(TurnItemsView::Full), 3),
    ] {
        let params = ThreadTurnsListParams { limit: Some(2), items_view: view, ..turns_list_params(&thread.id) };
        let first = server.request::<ThreadTurnsList>(&params).await;
        let counts: Vec<usize> = first.data.iter().map(|turn| turn.items.len()).collect();
        assert_eq!(counts, [items; 2], "{view:?}");
        let rest = ThreadTurnsListParams { cursor: first.next_cursor, ..params };
        let rest = server.request::<ThreadTurnsList>(&rest).await;
        assert_eq!((rest.data.len(), rest.next_cursor), (1, None), "{view:?}");
    }
    server.close().await;
}

#[tokio::test]
async fn items_are_listed_oldest_first() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    for words in ["draw a red square", "make it blue"] {
        server.run_turn(&thread.id, vec![text(words)]).await;
    }
    let all = server.request::<ThreadItemsList>(&items_list_params(&thread.id)).await.data;
    assert_eq!(all.len(), 6);
    let mut seen = Vec::new();
    let mut params = ThreadItemsListParams { limit: Some(4), ..items_list_params(&thread.id) };
    loop {
        let page = server.request::<ThreadItemsList>(&params).await;
        seen.extend(page.data);
        params.cursor = page.next_cursor;
        if params.cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, all);
    let second = ThreadItemsListParams { turn_id: Some(all[5].turn_id.clone()), ..items_list_params(&thread.id) };
    assert_eq!(server.request::<ThreadItemsList>(&second).await.data, all[3..]);
    let newest = ThreadItemsListParams {
        sort_direction: Some(SortDirection::Desc),
        limit: Some(1),
        ..items_list_params(&thread.id)
    };
    assert_eq!(server.request::<ThreadItemsList>(&newest).await.data, all[5..]);
    server.close().await;
}

#[tokio::test]
async fn pages_stay_under_64_kib() {
    let sandbox = Sandbox::with_config("[wire]\nturn_event_delay_ms = 0\n");
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    let words = format!("draw a red square, 64x64, {}", "with many words ".repeat(60));
    for _ in 0..25 {
        server.run_turn(&thread.id, vec![text(&words)]).await;
    }
    let (mut items, mut turns, mut images) = (0, 0, 0);
    let mut params = items_list_params(&thread.id);
    loop {
        let page = server.request::<ThreadItemsList>(&params).await;
        items += page.data.len();
        params.cursor = page.next_cursor;
        if params.cursor.is_none() {
            break;
        }
    }
    let mut params = ThreadTurnsListParams {
        limit: Some(100),
        items_view: Some(TurnItemsView::Full),
        ..turns_list_params(&thread.id)
    };
    loop {
        let page = server.request::<ThreadTurnsList>(&params).await;
        turns += page.data.len();
        params.cursor = page.next_cursor;
        if params.cursor.is_none() {
            break;
        }
    }
    let mut params = ImageListParams { limit: Some(50), ..ImageListParams::default() };
    loop {
        let page = server.request::<ImageList>(&params).await;
        images += page.data.len();
        params.cursor = page.next_cursor;
        if params.cursor.is_none() {
            break;
        }
    }
    assert_eq!((items, turns, images), (75, 25, 25));
    assert!(server.longest_line_len() <= 64 << 10, "{}", server.longest_line_len());
    server.close().await;
}
