//! One session, played through the hosted tool and through the standalone one: what the client sees is the same, but
//! for what `docs/PARITY.md` names.

mod session;
mod table;

use std::fmt::Write as _;

use serde_json::Value;

use self::session::play;
use crate::harness::{HOSTED, STANDALONE};

#[tokio::test]
async fn a_session_looks_the_same_through_the_hosted_and_the_standalone_tool() {
    let (hosted, standalone) = (play(HOSTED).await, play(STANDALONE).await);
    assert_eq!((hosted.image_requests, standalone.image_requests), (0, 6), "both paths were taken");
    insta::assert_snapshot!("session", lines(&standalone.told));
    table::is_in_the_document(&hosted.told, &standalone.told);
}

/// A line an event, with the item that it completes.
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
