//! One session with the hosted and with the standalone tool. The client sees the same, except for what `docs/PARITY.md`
//! lists.

mod session;
mod table;

use std::fmt::Write as _;

use serde_json::Value;

use self::session::run_session;
use crate::harness::{HOSTED, STANDALONE};

#[tokio::test]
async fn session_looks_the_same_with_both_tools() {
    let (hosted, standalone) = (run_session(HOSTED).await, run_session(STANDALONE).await);
    assert_eq!((hosted.image_requests, standalone.image_requests), (0, 6), "both paths were taken");
    insta::assert_snapshot!("session", lines(&standalone.events));
    table::is_in_the_document(&hosted.events, &standalone.events);
}

/// One line per event, with the item that it completes.
fn lines(events: &[Value]) -> String {
    events.iter().fold(String::new(), |mut lines, event| {
        let method = event["method"].as_str().expect("a method");
        match event["params"].get("item").filter(|_| method == "item/completed") {
            Some(item) => writeln!(lines, "{method} {item:#}"),
            None => writeln!(lines, "{method}"),
        }
        .expect("a string takes every write");
        lines
    })
}
