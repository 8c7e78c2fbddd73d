use easel_imagegen::port::Store;
use easel_protocol::id::ThreadId;
use easel_protocol::item::{ImageGenerationItem, ImageStatus, ThreadItem};
use easel_protocol::thread::{SortDirection, Thread};
use easel_protocol::thread::{ThreadSearchParams, ThreadSearchSortKey};
use serde_json::json;

use super::sample::*;
use crate::EaselStore;
use crate::PageError;
use crate::RevertRange;
use crate::lists::search::{fold_case, snippet};

fn term(term: &str) -> ThreadSearchParams {
    ThreadSearchParams { search_term: term.into(), ..ThreadSearchParams::default() }
}

async fn found(store: &EaselStore, params: ThreadSearchParams) -> Vec<ThreadId> {
    store.search_threads(params).await.unwrap().data.into_iter().map(|found| found.thread.id).collect()
}

/// Returns an image with the prompt "A Lighthouse".
fn drawn() -> ThreadItem {
    let record = json!({
        "id": "img_000102030405060708090a0b0c0d0e0f", "path": "/home/c1.png", "sha256": "00", "mediaType": "image/png",
        "width": 1, "height": 1, "bytes": 9, "hasAlpha": false, "provider": "preview", "model": "preview",
        "requested": { "action": "generate", "prompt": "A Lighthouse" }, "applied": {}, "revisedPrompt": null,
        "inputs": [], "usage": null, "elapsedMs": 1, "attempts": 1, "requestId": null, "synthetic": true,
    });
    let images = vec![serde_json::from_value(record).unwrap()];
    ThreadItem::ImageGeneration(Box::new(ImageGenerationItem {
        status: ImageStatus::Completed,
        images,
        ..drawing("c1")
    }))
}

#[tokio::test]
async fn text_is_found_while_it_is_in_history() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    let message = item_completed(TURN, user("u1", "please"));
    let (started, drawn) =
        (item_started(TURN, ThreadItem::ImageGeneration(Box::new(drawing("c1")))), item_completed(TURN, drawn()));
    store.append(vec![turn_started(TURN), message, started]).await.unwrap();
    assert!(found(&store, term("lighthouse")).await.is_empty());
    store.append(vec![drawn, turn_completed(TURN)]).await.unwrap();
    assert_eq!(found(&store, term("lighthouse")).await, [THREAD]);
    assert_eq!(found(&store, term("PLEASE")).await, [THREAD]);
    store.revert_turns(THREAD, RevertRange::Newest(1)).await.unwrap();
    assert!(found(&store, term("lighthouse")).await.is_empty());
    assert!(found(&store, term("please")).await.is_empty());
}

#[tokio::test]
async fn search_covers_names_but_not_answers() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    store.append(vec![turn_started(TURN), item_completed(TURN, agent("a1", "harbour"))]).await.unwrap();
    assert!(found(&store, term("harbour")).await.is_empty());
    store.save_thread(Thread { name: Some("Harbour".into()), ..thread(THREAD) }, None).await.unwrap();
    assert_eq!(found(&store, term("harbour")).await, [THREAD]);
    store.save_thread(Thread { name: Some("Beach".into()), ..thread(THREAD) }, None).await.unwrap();
    assert!(found(&store, term("harbour")).await.is_empty());
}

#[tokio::test]
async fn search_pages_have_no_gap_and_no_repeat() {
    let home = tempfile::tempdir().unwrap();
    let store = open(home.path());
    for number in 0..9_i64 {
        // Three threads per second, which are ordered by their ids.
        let preview = if number == 4 { "a dog" } else { "a cat" }.into();
        let thread =
            Thread { preview, created_at: number / 3, updated_at: number / 3, ..thread(&format!("t{number}")) };
        store.save_thread(thread, None).await.unwrap();
    }
    let expected = ["t8", "t7", "t6", "t5", "t3", "t2", "t1", "t0"];
    for sort_key in [ThreadSearchSortKey::CreatedAt, ThreadSearchSortKey::UpdatedAt] {
        let mut params = ThreadSearchParams { limit: Some(3), sort_key: Some(sort_key), ..term("CAT") };
        let mut seen = Vec::new();
        loop {
            let page = store.search_threads(params.clone()).await.unwrap();
            seen.extend(page.data.into_iter().map(|found| found.thread.id));
            let new = Thread { preview: "a cat".into(), created_at: 50, updated_at: 50, ..thread("new") };
            store
                .save_thread(Thread { id: format!("new{}{}", sort_key as u8, seen.len()).into(), ..new }, None)
                .await
                .unwrap();
            params.cursor = page.next_cursor;
            if params.cursor.is_none() {
                break;
            }
        }
        seen.retain(|id| !id.starts_with("new"));
        assert_eq!(seen, expected, "{sort_key:?}");
    }
}

#[tokio::test]
async fn search_cursor_belongs_to_its_order() {
    let home = tempfile::tempdir().unwrap();
    let store = open(home.path());
    for id in ["t0", "t1", "t2"] {
        store.save_thread(Thread { preview: "a cat".into(), ..thread(id) }, None).await.unwrap();
    }
    let one = ThreadSearchParams { limit: Some(1), ..term("cat") };
    let first = store.search_threads(one.clone()).await.unwrap();
    let second =
        store.search_threads(ThreadSearchParams { cursor: first.next_cursor.clone(), ..one.clone() }).await.unwrap();
    assert_eq!(second.data[0].thread.id, "t1");
    let back =
        ThreadSearchParams { cursor: second.backwards_cursor, sort_direction: Some(SortDirection::Asc), ..term("cat") };
    assert_eq!(found(&store, back).await, ["t1", "t2"]);
    let by_update = Some(ThreadSearchSortKey::UpdatedAt);
    let other = ThreadSearchParams { cursor: first.next_cursor, sort_key: by_update, ..one };
    assert!(matches!(store.search_threads(other).await, Err(PageError::Cursor)));
}

#[test]
fn snippet_shows_the_term_in_context() {
    let named = Thread { name: Some("Harbour".into()), preview: "a boat".into(), ..thread(THREAD) };
    assert_eq!(snippet(&named, None, "harb"), "Harbour");
    assert_eq!(snippet(&named, None, "boat"), "a boat");
    let long = format!("{}ÄPFEL{}", "x".repeat(500), "y".repeat(500));
    let found = snippet(&named, Some(&long), &fold_case("äpfel"));
    assert!(found.starts_with(&format!("{}ÄPFELy", "x".repeat(40))), "{found}");
    assert_eq!(found.chars().count(), 160);
}

#[test]
fn snippet_is_cut_between_characters() {
    let text = format!("{}term", "İ".repeat(300));
    assert!(snippet(&thread(THREAD), Some(&text), "term").chars().count() <= 160);
}

#[tokio::test]
async fn index_finds_exactly_the_matching_texts() {
    let home = tempfile::tempdir().unwrap();
    let store = open(home.path());
    let long = format!("{} needle in a HAYSTACK", "x ".repeat(40_000));
    let texts = [
        "a red square",
        "Äpfel und Birnen",
        "İSTANBUL",
        "ΟΔΟΣ",
        "straße",
        "100% \"sure\"",
        "a_b*c",
        "漢字を書く",
        "nul\0char",
        "aaa",
        "aaaa bbb",
        "new\nline",
        "NEAR OR AND NOT",
        &long,
    ];
    for (number, text) in texts.iter().enumerate() {
        store.save_thread(Thread { preview: (*text).into(), ..thread(&format!("t{number}")) }, None).await.unwrap();
    }
    let heads = texts.map(|text| text.chars().take(9).collect::<String>());
    let others = [
        "äpf",
        "istanbul",
        "i̇stan",
        "οδοσ",
        "οδος",
        "STRASSE",
        "straß",
        "% \"s",
        "\"",
        "_",
        "*c",
        "字を",
        "漢字を",
        "l\0c",
        "aaaa",
        "aab",
        "w\nl",
        "or and",
        "needle in",
        "haystack",
        "red square ",
        "nothing of it",
    ];
    for part in heads.into_iter().chain(others.map(str::to_owned)) {
        let matches = |text: &&&str| text.to_lowercase().contains(&part.to_lowercase());
        let count = texts.iter().filter(matches).count();
        assert_eq!(found(&store, term(&part)).await.len(), count, "{part:?}");
    }
}

#[tokio::test]
async fn frequent_term_is_found_without_the_index() {
    let home = tempfile::tempdir().unwrap();
    store(home.path()).await.close().await;
    let database = rusqlite::Connection::open(home.path().join("easel.db")).unwrap();
    crate::lists::search::register_functions(&database).unwrap();
    let sql = "WITH RECURSIVE row (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM row LIMIT 21000) \
               INSERT INTO item_words (thread_id, item_id, text) \
               SELECT 'thread-1', 'w' || number, 'a quite ordinary sentence' FROM row";
    database.execute_batch(&format!("BEGIN; {sql}; COMMIT")).unwrap();
    let store = open(home.path());
    store.save_thread(Thread { preview: "an ORDINARY one".into(), ..thread("t2") }, None).await.unwrap();
    assert_eq!(found(&store, term("ordinary")).await, [THREAD, "t2"]);
    assert!(found(&store, term("sentence quite")).await.is_empty());
}
