//! The end of a day.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::json;

use super::{database, draw_in_new_thread, draw_square, images_today, model_that_draws, posts, sandbox};
use crate::harness::{STANDALONE, Sandbox, Server};

const HOUR_MS: i64 = 3_600_000;
const DAY_MINUTES: u64 = 24 * 60;

/// A time zone in which it is now this many minutes after midnight, as the variable `TZ` names it.
fn zone_at(minutes: u64) -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock");
    let in_utc = since.as_secs() / 60 % DAY_MINUTES;
    // West of Greenwich is positive.
    let west = (in_utc + DAY_MINUTES - minutes) % DAY_MINUTES;
    format!("XXX{:02}:{:02}", west / 60, west % 60)
}

async fn start_in_zone(sandbox: &Sandbox, zone: &str) -> Server {
    let mut command = sandbox.server_command(STANDALONE);
    command.env("MOCK_KEY", "sk-mock").env("TZ", zone);
    let mut server = Server::spawn(command);
    server.initialize(None).await;
    server
}

#[tokio::test]
async fn budget_is_free_after_midnight_of_the_local_time_zone() {
    let provider = model_that_draws(json!({"prompt": "a cat"}), draw_square);
    let sandbox = sandbox("limits.images_per_day = 1", &provider);
    let mut server = start_in_zone(&sandbox, &zone_at(12 * 60)).await;
    assert!(draw_in_new_thread(&mut server).await.is_none());
    assert!(draw_in_new_thread(&mut server).await.is_some());
    server.close().await;
    // The image was made an hour ago.
    let earlier = "DROP TRIGGER ledger_rows_stay_as_settled; UPDATE ledger SET started_at_ms = started_at_ms - ";
    database(&sandbox).execute_batch(&format!("{earlier}{HOUR_MS}")).expect("an older row");
    // Where midnight was three hours ago, that is today.
    let mut server = start_in_zone(&sandbox, &zone_at(180)).await;
    assert_eq!(images_today(&mut server).await, (0, 1, 0));
    assert!(draw_in_new_thread(&mut server).await.is_some());
    server.close().await;
    // Where midnight was half an hour ago, it is yesterday.
    let mut server = start_in_zone(&sandbox, &zone_at(30)).await;
    assert_eq!(images_today(&mut server).await, (0, 0, 0));
    assert!(draw_in_new_thread(&mut server).await.is_none());
    assert_eq!((images_today(&mut server).await, posts(&provider)), ((0, 1, 0), 2));
    server.close().await;
}
