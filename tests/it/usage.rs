//! Usage and its estimated cost.

use easel_protocol::account::GetAccountTokenUsageParams;
use easel_protocol::method::{AccountUsageRead, UsageRead};
use easel_protocol::usage::{UsageReadParams, UsageReadResponse};
use serde_json::json;

use crate::harness::{STANDALONE, Sandbox, Server, text};

async fn read_usage(server: &mut Server, params: UsageReadParams) -> UsageReadResponse {
    server.request::<UsageRead>(&params).await
}

/// Images, whether they are free, tokens, and cost.
fn to_sums(response: &UsageReadResponse) -> (u64, u64, bool, Option<f64>) {
    let totals = &response.totals;
    let tokens = totals.input_tokens + totals.output_tokens;
    (totals.images, totals.synthetic_images, tokens > 0, totals.estimated_cost_usd)
}

#[tokio::test]
async fn preview_images_are_counted_at_no_cost() {
    let sandbox =
        Sandbox::with_config("[prices.preview]\nimage = 0.5\ninput_per_million = 5\noutput_per_million = 40.5\n");
    let mut server = sandbox.start_server_with(STANDALONE).await;
    assert_eq!(to_sums(&read_usage(&mut server, UsageReadParams::default()).await), (0, 0, false, Some(0.0)));
    let (first, second) = (server.start_thread().await, server.start_thread().await);
    for (thread, words) in [(&first, "draw a red square"), (&first, "make it blue"), (&second, "draw a fox")] {
        server.run_turn(&thread.id, vec![text(words)]).await;
    }
    let all = read_usage(&mut server, UsageReadParams::default()).await;
    assert_eq!(to_sums(&all), (3, 3, true, Some(0.0)));
    assert!(all.data.iter().all(|entry| entry.provider == "preview" && entry.day.len() == 10), "{all:#?}");
    let of_first = UsageReadParams { thread_id: Some(first.id.clone()), ..UsageReadParams::default() };
    assert_eq!(to_sums(&read_usage(&mut server, of_first.clone()).await).0, 2);
    let day = all.data[0].day.clone();
    for (params, images) in [
        (UsageReadParams { since: Some(day.clone()), until: Some(day), ..UsageReadParams::default() }, 3),
        (UsageReadParams { until: Some("2020-01-01".to_owned()), ..UsageReadParams::default() }, 0),
        (UsageReadParams { since: Some("2999-01-01".to_owned()), ..UsageReadParams::default() }, 0),
        (UsageReadParams { model: Some("none".to_owned()), ..UsageReadParams::default() }, 0),
        (UsageReadParams { thread_id: Some("none".into()), ..UsageReadParams::default() }, 0),
    ] {
        assert_eq!(to_sums(&read_usage(&mut server, params.clone()).await).0, images, "{params:?}");
    }

    // Pages have every entry once, and each has the sums of all entries.
    let (mut cursor, mut entries) = (None, Vec::new());
    loop {
        let page =
            read_usage(&mut server, UsageReadParams { cursor, limit: Some(1), ..UsageReadParams::default() }).await;
        assert_eq!(page.totals, all.totals);
        entries.extend(page.data);
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(entries, all.data);

    // Deleted images still count.
    let images = server.request::<easel_protocol::method::ImageList>(&Default::default()).await.data;
    let delete = easel_protocol::image::ImageDeleteParams { image_id: images[0].image.id.clone(), thread_id: None };
    server.request::<easel_protocol::method::ImageDelete>(&delete).await;
    server.expect_event("image/deleted", |event| event.method() == "image/deleted").await;
    assert_eq!(read_usage(&mut server, UsageReadParams::default()).await, all);
    server.close().await;
}

#[tokio::test]
async fn cost_needs_a_configured_price() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server_with(STANDALONE).await;
    let thread = server.start_thread().await;
    server.run_turn(&thread.id, vec![text("draw a red square")]).await;
    server.close().await;
    let database = rusqlite::Connection::open(sandbox.home().join("easel.db")).expect("the database");
    let paid = "UPDATE usage SET provider = 'openai', model = 'org/paid:1', images = 2, synthetic = 0, \
                input_tokens = 1000000, output_tokens = 500000, day = '2026-01-31'";
    database.execute(&format!("{paid} WHERE sequence = 1"), ()).expect("a row");
    database.execute("DELETE FROM usage WHERE sequence > 1", ()).expect("rows");
    drop(database);
    let mut server = sandbox.start_server_with(STANDALONE).await;
    assert_eq!(to_sums(&read_usage(&mut server, UsageReadParams::default()).await), (2, 0, true, None));
    let price = json!({"image": 0.25, "input_per_million": 5, "output_per_million": 40.5});
    let write = json!({"keyPath": "prices.\"org/paid:1\"", "value": price, "mergeStrategy": "replace"});
    server.call("config/value/write", &write).await.expect("a write");
    let response = read_usage(&mut server, UsageReadParams::default()).await;
    assert_eq!(response.totals.estimated_cost_usd, Some(0.5 + 5.0 + 20.25));
    assert_eq!((response.data[0].day.as_str(), response.data[0].used.clone()), ("2026-01-31", response.totals.clone()));

    let params = GetAccountTokenUsageParams { thread_id: Some(thread.id.clone()) };
    let account = server.request::<AccountUsageRead>(&params).await;
    assert_eq!(
        (account.summary.lifetime_tokens, account.summary.peak_daily_tokens),
        (Some(1_500_000), Some(1_500_000))
    );
    let of_thread = account.thread_usage.expect("the thread's usage");
    assert_eq!(of_thread.estimated_usage_usd_micros, Some(25_750_000));
    assert_eq!(of_thread.groups[0].total_tokens, Some(1_500_000));
    let days = account.daily_usage_buckets.expect("days");
    assert_eq!((days.len(), days[0].start_date.as_str(), days[0].tokens), (1, "2026-01-31", 1_500_000));
    server.close().await;
}

#[tokio::test]
async fn invalid_usage_params_are_refused() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server_with(STANDALONE).await;
    for (method, params, message) in [
        ("usage/read", json!({"since": "yesterday"}), "-32602 Invalid params: `since`: must be a day as YYYY-MM-DD"),
        (
            "usage/read",
            json!({"until": 3}),
            "-32602 Invalid params: `until`: invalid type: integer `3`, expected a string",
        ),
        ("usage/read", json!({"cursor": "x"}), "-32602 Invalid params: `cursor`: is invalid for this list"),
        ("account/usage/read", json!({"threadId": "none"}), "-32600 thread none not found"),
        (
            "account/usage/read",
            json!({"threadId": []}),
            "-32602 Invalid params: `threadId`: invalid type: array, expected a string",
        ),
        (
            "config/value/write",
            json!({"keyPath": "prices.m.image", "value": -0.5, "mergeStrategy": "replace"}),
            "-32600 `prices.m.image` must be a number of US dollars from 0 to 1000000.",
        ),
    ] {
        assert_eq!(server.call(method, &params).await, Err(message.to_owned()), "{method} {params}");
    }
    let nothing = server.call("account/usage/read", &json!(null)).await.expect("a response");
    assert_eq!(nothing["summary"]["lifetimeTokens"], 0);
    server.close().await;
}

/// A home of the version before usage was recorded.
#[tokio::test]
async fn usage_of_older_databases_is_migrated() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server_with(STANDALONE).await;
    let thread = server.start_thread().await;
    for words in ["draw a red square", "make it blue"] {
        server.run_turn(&thread.id, vec![text(words)]).await;
    }
    let before = read_usage(&mut server, UsageReadParams::default()).await.totals;
    server.close().await;
    let database = rusqlite::Connection::open(sandbox.home().join("easel.db")).expect("the database");
    let older = "DROP TRIGGER threads_have_words; DROP TRIGGER threads_change_words; DROP TRIGGER items_have_words;
        DROP TRIGGER items_change_words; DROP TRIGGER items_take_their_words;
        DROP VIEW item_words; DROP TABLE word_items; DROP TABLE words; DROP VIEW said;
        DROP INDEX model_items_catalogues; DROP INDEX model_items_by_turn; DROP INDEX model_items_by_call;
        DROP INDEX images_by_turn; ALTER TABLE model_items DROP COLUMN keeps_from;
        DROP INDEX threads_by_creation; DROP INDEX threads_by_update; ALTER TABLE threads DROP COLUMN source;
        CREATE INDEX threads_by_creation ON threads (created_at);
         CREATE INDEX threads_by_update ON threads (updated_at);
        DROP TRIGGER made_images_are_used; DROP TABLE usage; DROP TABLE usage_days; DROP TABLE words_index;
        DROP INDEX images_of_thread; DROP INDEX images_once; DROP TABLE ephemeral;
         ALTER TABLE threads DROP COLUMN folder_named;
        DROP INDEX images_of_owner; DROP TRIGGER made_images_have_an_owner; DROP VIEW thread_owners;
         ALTER TABLE images DROP COLUMN thread_owner;
        DROP TABLE host_calls; DROP TABLE face_threads;
        DROP TABLE ledger; DROP TABLE ledger_threads; DROP TABLE steers; DROP TABLE hosted_requests;
        DROP INDEX images_taken; ALTER TABLE images DROP COLUMN taken_by;
        PRAGMA user_version = 2;";
    database.execute_batch(older).expect("an older database");
    drop(database);
    let mut server = sandbox.start_server_with(STANDALONE).await;
    assert_eq!(read_usage(&mut server, UsageReadParams::default()).await.totals, before);
    server.close().await;
}
