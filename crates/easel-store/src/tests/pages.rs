use easel_imagegen::port::Store;
use easel_protocol::thread::{
    CwdFilter, SortDirection, Thread, ThreadItemsListParams, ThreadListParams, ThreadListResponse, ThreadSortKey,
    ThreadTurnsListParams,
};
use easel_protocol::turn::{TurnItemsView, TurnStatus};

use super::sample::*;
use crate::EaselStore;
use crate::PageError;

fn ids(page: &ThreadListResponse) -> Vec<&str> {
    page.data.iter().map(|thread| thread.id.as_str()).collect()
}

/// Threads t0 to t6; t2, t3 and t4 were created in the same second.
async fn seven(store: &EaselStore) {
    for (id, created_at) in [("t0", 1), ("t1", 2), ("t2", 5), ("t3", 5), ("t4", 5), ("t5", 8), ("t6", 9)] {
        let thread = Thread { created_at, updated_at: 100 - created_at, ..thread(id) };
        store.save_thread(thread, None).await.unwrap();
    }
}

#[tokio::test]
async fn pages_have_no_gap_and_no_repeat() {
    let home = tempfile::tempdir().unwrap();
    let store = open(home.path());
    seven(&store).await;
    let mut seen = Vec::new();
    let mut cursor = None;
    loop {
        let params = ThreadListParams { cursor, limit: Some(2), ..ThreadListParams::default() };
        let page = store.list_threads(params).await.unwrap();
        seen.extend(ids(&page).into_iter().map(str::to_owned));
        // A thread that is added meanwhile changes no page.
        store.save_thread(Thread { created_at: 50, ..thread(&format!("new-{}", seen.len())) }, None).await.unwrap();
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, ["t6", "t5", "t4", "t3", "t2", "t1", "t0"]);
}

#[tokio::test]
async fn backwards_cursor_repeats_its_anchor() {
    let home = tempfile::tempdir().unwrap();
    let store = open(home.path());
    seven(&store).await;
    let params = |cursor, direction| ThreadListParams {
        cursor,
        limit: Some(2),
        sort_direction: Some(direction),
        ..ThreadListParams::default()
    };
    let first = store.list_threads(params(None, SortDirection::Desc)).await.unwrap();
    let second = store.list_threads(params(first.next_cursor, SortDirection::Desc)).await.unwrap();
    assert_eq!(ids(&second), ["t4", "t3"]);
    let back = store.list_threads(params(second.backwards_cursor, SortDirection::Asc)).await.unwrap();
    assert_eq!(ids(&back), ["t4", "t5"]);
}

#[tokio::test]
async fn empty_page_has_no_cursor() {
    let home = tempfile::tempdir().unwrap();
    let page = open(home.path()).list_threads(ThreadListParams::default()).await.unwrap();
    assert_eq!((page.data, page.next_cursor, page.backwards_cursor), (Vec::new(), None, None));
}

#[tokio::test]
async fn threads_are_sorted_and_filtered() {
    let home = tempfile::tempdir().unwrap();
    let store = open(home.path());
    seven(&store).await;
    let special = Thread {
        cwd: "/special".into(),
        model_provider: "openai".into(),
        name: Some("Ginger CATS 100%".into()),
        created_at: 3,
        ..thread("t7")
    };
    store.save_thread(special, None).await.unwrap();
    store.save_thread(Thread { ephemeral: true, ..thread("hidden") }, None).await.unwrap();
    let found = async |params: ThreadListParams| {
        let page = store.list_threads(params).await.unwrap();
        page.data.into_iter().map(|thread| thread.id).collect::<Vec<_>>()
    };
    let all = ThreadListParams::default;
    assert_eq!(found(all()).await.len(), 8);
    let by_update = ThreadListParams { sort_key: Some(ThreadSortKey::UpdatedAt), limit: Some(3), ..all() };
    assert_eq!(found(by_update).await, ["t7", "t0", "t1"]);
    let one = Some(CwdFilter::One("/special".into()));
    assert_eq!(found(ThreadListParams { cwd: one, ..all() }).await, ["t7"]);
    let any = Some(CwdFilter::AnyOf(vec!["/special".into(), "/project".into()]));
    assert_eq!(found(ThreadListParams { cwd: any, ..all() }).await.len(), 8);
    let openai = Some(vec!["openai".into()]);
    assert_eq!(found(ThreadListParams { model_providers: openai, ..all() }).await, ["t7"]);
    assert_eq!(found(ThreadListParams { model_providers: Some(Vec::new()), ..all() }).await.len(), 8);
    for (term, count) in [("cats", 1), ("100%", 1), ("%", 1), ("dogs", 0)] {
        let params = ThreadListParams { search_term: Some(term.into()), ..all() };
        assert_eq!(found(params).await.len(), count, "{term}");
    }
}

#[tokio::test]
async fn foreign_cursor_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let store = open(home.path());
    seven(&store).await;
    let page = store.list_threads(ThreadListParams { limit: Some(1), ..ThreadListParams::default() }).await.unwrap();
    let foreign = page.next_cursor;
    for cursor in [foreign, Some("nonsense".into()), Some(String::new()), Some("\u{0}ü".into())] {
        let sort_key = Some(ThreadSortKey::UpdatedAt);
        let params = ThreadListParams { cursor, sort_key, ..ThreadListParams::default() };
        assert!(matches!(store.list_threads(params).await, Err(PageError::Cursor)));
    }
}

fn turns_params(thread_id: &str, cursor: Option<String>) -> ThreadTurnsListParams {
    ThreadTurnsListParams {
        thread_id: thread_id.into(),
        cursor,
        limit: Some(100),
        sort_direction: None,
        items_view: Some(TurnItemsView::Full),
    }
}

fn items_params(thread_id: &str, turn_id: Option<&str>, cursor: Option<String>) -> ThreadItemsListParams {
    let turn_id = turn_id.map(Into::into);
    ThreadItemsListParams { thread_id: thread_id.into(), turn_id, cursor, limit: Some(2), sort_direction: None }
}

#[tokio::test]
async fn turns_and_items_of_an_unknown_thread_are_refused() {
    let home = tempfile::tempdir().unwrap();
    let store = open(home.path());
    assert!(matches!(store.list_turns(turns_params("unknown", None)).await, Err(PageError::ThreadNotFound)));
    assert!(matches!(store.list_items(items_params("unknown", None, None)).await, Err(PageError::ThreadNotFound)));
}

#[tokio::test]
async fn items_are_paged_over_the_thread_or_one_turn() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    for number in 1..=3 {
        let turn = format!("turn-{number}");
        let message = item_completed(&turn, user(&format!("u{number}"), "hello"));
        let answer = item_completed(&turn, agent(&format!("a{number}"), "hi"));
        store.append(vec![turn_started(&turn), message, answer, turn_completed(&turn)]).await.unwrap();
    }
    let (mut seen, mut cursor) = (Vec::new(), None);
    loop {
        let page = store.list_items(items_params(THREAD, None, cursor)).await.unwrap();
        seen.extend(page.data.into_iter().map(|entry| format!("{} {}", entry.turn_id, entry.item.id())));
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    let expected = ["turn-1 u1", "turn-1 a1", "turn-2 u2", "turn-2 a2", "turn-3 u3", "turn-3 a3"];
    assert_eq!(seen, expected);
    let page = store.list_items(items_params(THREAD, Some("turn-2"), None)).await.unwrap();
    assert_eq!((page.data.len(), page.next_cursor), (2, None));
    let turns = store.list_turns(turns_params(THREAD, None)).await.unwrap();
    assert_eq!(turns.data.iter().map(|turn| turn.id.as_str()).collect::<Vec<_>>(), ["turn-3", "turn-2", "turn-1"]);
    assert!(turns.data.iter().all(|turn| turn.items.len() == 2));
}

#[tokio::test]
async fn page_size_has_a_byte_limit() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    for number in 0..20 {
        let turn = format!("turn-{number}");
        let message = item_completed(&turn, user(&format!("u{number}"), &"long ".repeat(2_000)));
        store.append(vec![turn_started(&turn), message, turn_completed(&turn)]).await.unwrap();
    }
    let (mut count, mut cursor) = (0, None);
    loop {
        let page = store.list_turns(turns_params(THREAD, cursor)).await.unwrap();
        assert!(serde_json::to_string(&page).unwrap().len() < 64 << 10);
        count += page.data.len();
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(count, 20);
}

#[tokio::test]
async fn newest_turns_fit_their_limit_with_and_without_items() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    for number in 0..4 {
        store.append(vec![turn_started(&format!("t{number}")), turn_completed(&format!("t{number}"))]).await.unwrap();
    }
    let size = serde_json::to_string(&turn("t0", TurnStatus::Completed)).unwrap().len();
    for (max_bytes, expected) in [(0, 0), (size / 2, 0), (size, 1), (2 * size + size / 2, 2), (10 * size, 4)] {
        let turns = store.load_newest_turns(THREAD, max_bytes).await.unwrap();
        assert_eq!(turns.len(), expected, "{max_bytes} of {size}");
    }
}

#[tokio::test]
async fn page_of_threads_fits_its_line_in_any_script() {
    let home = tempfile::tempdir().unwrap();
    let store = open(home.path());
    for (number, character) in ["漢", "\"", "\u{1}"].iter().cycle().take(120).enumerate() {
        let text = character.repeat(200);
        let thread = Thread { preview: text.clone(), name: Some(text), ..thread(&format!("t{number}")) };
        store.save_thread(thread, None).await.unwrap();
    }
    let mut params = ThreadListParams { limit: Some(100), ..ThreadListParams::default() };
    let mut seen = 0;
    loop {
        let page = store.list_threads(params.clone()).await.unwrap();
        assert!(serde_json::to_string(&page).unwrap().len() < 56 << 10);
        seen += page.data.len();
        params.cursor = page.next_cursor;
        if params.cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, 120);
}
