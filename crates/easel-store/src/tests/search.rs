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
use crate::lists::search::{folded, snippet};

fn term(term: &str) -> ThreadSearchParams {
    ThreadSearchParams { search_term: term.into(), ..ThreadSearchParams::default() }
}

async fn found(store: &EaselStore, wish: ThreadSearchParams) -> Vec<ThreadId> {
    store.search_threads(wish).await.unwrap().data.into_iter().map(|found| found.thread.id).collect()
}

/// An image of the prompt "A Lighthouse".
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
async fn words_are_found_while_they_are_part_of_the_thread() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    let said = item_completed(TURN, user("u1", "please"));
    let (started, drawn) =
        (item_started(TURN, ThreadItem::ImageGeneration(Box::new(drawing("c1")))), item_completed(TURN, drawn()));
    store.append(vec![turn_started(TURN), said, started]).await.unwrap();
    assert!(found(&store, term("lighthouse")).await.is_empty());
    store.append(vec![drawn, turn_completed(TURN)]).await.unwrap();
    assert_eq!(found(&store, term("lighthouse")).await, [THREAD]);
    assert_eq!(found(&store, term("PLEASE")).await, [THREAD]);
    store.revert_turns(THREAD, RevertRange::Newest(1)).await.unwrap();
    assert!(found(&store, term("lighthouse")).await.is_empty());
    assert!(found(&store, term("please")).await.is_empty());
}

#[tokio::test]
async fn a_name_is_found_as_it_is_now_and_an_answer_not_at_all() {
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
async fn pages_of_what_is_found_hold_each_once_whatever_is_written_meanwhile() {
    let home = tempfile::tempdir().unwrap();
    let store = open(home.path());
    for number in 0..9_i64 {
        // Three threads a second: equals are told apart by their ids.
        let preview = if number == 4 { "a dog" } else { "a cat" }.into();
        let thread =
            Thread { preview, created_at: number / 3, updated_at: number / 3, ..thread(&format!("t{number}")) };
        store.save_thread(thread, None).await.unwrap();
    }
    let wanted = ["t8", "t7", "t6", "t5", "t3", "t2", "t1", "t0"];
    for sort_key in [ThreadSearchSortKey::CreatedAt, ThreadSearchSortKey::UpdatedAt] {
        let mut wish = ThreadSearchParams { limit: Some(3), sort_key: Some(sort_key), ..term("CAT") };
        let mut seen = Vec::new();
        loop {
            let page = store.search_threads(wish.clone()).await.unwrap();
            seen.extend(page.data.into_iter().map(|found| found.thread.id));
            let new = Thread { preview: "a cat".into(), created_at: 50, updated_at: 50, ..thread("new") };
            store
                .save_thread(Thread { id: format!("new{}{}", sort_key as u8, seen.len()).into(), ..new }, None)
                .await
                .unwrap();
            wish.cursor = page.next_cursor;
            if wish.cursor.is_none() {
                break;
            }
        }
        seen.retain(|id| !id.starts_with("new"));
        assert_eq!(seen, wanted, "{sort_key:?}");
    }
}

#[tokio::test]
async fn a_cursor_leads_back_and_belongs_to_the_search_and_its_order() {
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
fn a_snippet_shows_the_term_with_what_stands_round_it() {
    let named = Thread { name: Some("Harbour".into()), preview: "a boat".into(), ..thread(THREAD) };
    assert_eq!(snippet(&named, None, "harb"), "Harbour");
    assert_eq!(snippet(&named, None, "boat"), "a boat");
    let long = format!("{}ÄPFEL{}", "x".repeat(500), "y".repeat(500));
    let found = snippet(&named, Some(&long), &folded("äpfel"));
    assert!(found.starts_with(&format!("{}ÄPFELy", "x".repeat(40))), "{found}");
    assert_eq!(found.chars().count(), 160);
}

#[test]
fn a_snippet_is_cut_between_characters_even_where_lower_case_is_longer() {
    let said = format!("{}term", "İ".repeat(300));
    assert!(snippet(&thread(THREAD), Some(&said), "term").chars().count() <= 160);
}

#[tokio::test]
async fn the_index_finds_what_the_texts_hold() {
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
    let parts = [
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
    for wanted in heads.into_iter().chain(parts.map(str::to_owned)) {
        let holds = |text: &&&str| text.to_lowercase().contains(&wanted.to_lowercase());
        let count = texts.iter().filter(holds).count();
        assert_eq!(found(&store, term(&wanted)).await.len(), count, "{wanted:?}");
    }
}

#[tokio::test]
async fn a_term_that_most_texts_have_is_found_in_order() {
    let home = tempfile::tempdir().unwrap();
    store(home.path()).await.close().await;
    let database = rusqlite::Connection::open(home.path().join("easel.db")).unwrap();
    crate::lists::search::teach(&database).unwrap();
    let sql = "WITH RECURSIVE row (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM row LIMIT 21000) \
               INSERT INTO words (thread_id, item_id, text) \
               SELECT 'thread-1', 'w' || number, 'a quite ordinary sentence' FROM row";
    database.execute_batch(&format!("BEGIN; {sql}; COMMIT")).unwrap();
    let store = open(home.path());
    store.save_thread(Thread { preview: "an ORDINARY one".into(), ..thread("t2") }, None).await.unwrap();
    assert_eq!(found(&store, term("ordinary")).await, [THREAD, "t2"]);
    assert!(found(&store, term("sentence quite")).await.is_empty());
}
