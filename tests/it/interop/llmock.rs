//! Tests with `llmock` of PyPI, which breaks responses and reports how the client reacted. `EASEL_LLMOCK` names it.

use std::cell::Cell;
use std::path::PathBuf;

use easel_protocol::event::Event;
use easel_protocol::record::{Billed, ImageErrorKind};
use easel_protocol::turn::TurnStatus;
use serde_json::{Value, json};
use tokio::process::Command;

use super::service::Service;
use super::{path_from_env, print_line};
use crate::harness::events::last_agent_message;
use crate::harness::text;
use crate::http::{completed_images, turn_status};

struct Llmock {
    service: Service,
    program: PathBuf,
}

async fn llmock(arguments: &[&str]) -> Option<Llmock> {
    let program = path_from_env("EASEL_LLMOCK")?;
    let mut command = Command::new(&program);
    command.args(["serve", "--port", "0"]).args(arguments);
    Some(Llmock { service: Service::start(command).await, program })
}

impl Llmock {
    /// Queues faults for the next requests.
    async fn queue(&self, behaviors: &[Value]) {
        if !behaviors.is_empty() {
            let body = json!({ "behaviors": behaviors }).to_string();
            let queued = self.service.send_request("POST", "/_llmock/scenario", &body);
            let queued: Value = serde_json::from_str(&queued).expect("JSON");
            assert_eq!(queued["pending"], behaviors.len(), "{queued}");
        }
    }

    /// The report of the service. Succeeds if it has neither an error nor a warning about the client.
    async fn report(&self) -> (bool, String) {
        let url = format!("http://{}", self.service.address);
        let mut report = Command::new(&self.program);
        let report = report.args(["report", "--strict", "--url", &url]).output().await.expect("the report");
        let report_text = String::from_utf8_lossy(&report.stdout).into_owned();
        print_line(&format!("llmock report --strict:\n{report_text}"));
        (report.status.success(), report_text)
    }
}

/// A reply in which the model calls the standalone tool. The service does not know the tool by itself.
fn reply_with_call() -> Value {
    let call = json!({"name": "imagegen", "arguments": {"prompt": "a cat"}});
    json!({"type": "reply", "tool_calls": [call], "match": {"path": "*/responses"}})
}

/// The name of a fault, the faults to queue, how the turn ends, and the number of model and image requests.
fn behaviors() -> Vec<(&'static str, Vec<Value>, TurnStatus, [usize; 2])> {
    use TurnStatus::{Completed, Failed};
    let fail = |status: u16, times: u32| json!({"type": "fail", "status": status, "times": times});
    let fault = |kind: &str, after: u32| json!({"type": "stream_fault", "kind": kind, "after_chunks": after, "stall_seconds": 30});
    let broken_call = |kind: &str| vec![reply_with_call(), json!({"type": "tool_fault", "kind": kind})];
    let limited = json!({"type": "fail", "status": 429, "retry_after": 1, "match": {"path": "*/images/*"}});
    vec![
        ("nothing", vec![], Completed, [1, 0]),
        (
            "two rate limits",
            vec![json!({"type": "fail", "status": 429, "retry_after": 0.4, "times": 2})],
            Completed,
            [3, 0],
        ),
        ("an overload", vec![fail(503, 1)], Completed, [2, 0]),
        ("an outage", vec![fail(500, 3)], Failed, [3, 0]),
        ("a wrong request", vec![fail(400, 1)], Failed, [1, 0]),
        ("a wrong key", vec![fail(401, 1)], Failed, [1, 0]),
        ("a forbidden model", vec![fail(403, 1)], Failed, [1, 0]),
        ("a truncated stream", vec![fault("truncate", 2)], Completed, [2, 0]),
        ("a lost connection", vec![fault("disconnect", 2)], Completed, [2, 0]),
        // The last event repeats what the malformed one contained.
        ("a malformed event", vec![fault("malformed", 1)], Completed, [1, 0]),
        ("a stalled stream", vec![fault("stall", 2)], Failed, [1, 0]),
        ("an image request over the rate limit", vec![reply_with_call(), limited], Completed, [2, 2]),
        ("arguments that are not JSON", broken_call("malformed_arguments"), Completed, [2, 0]),
        ("an unknown tool", broken_call("unknown_tool"), Completed, [2, 0]),
    ]
}

#[tokio::test]
async fn llmock_finds_no_error_of_the_client() {
    // Pauses between events let the service notice a disconnected client.
    let Some(llmock) = llmock(&["--stream-chunk-delay-ms", "30"]).await else { return };
    let (_sandbox, mut server) = llmock.service.easel().await;
    let posts = || ["responses", "images/generations"].map(|endpoint| llmock.service.proxy.posts(endpoint).len());
    for (name, behaviors, expected, expected_posts) in behaviors() {
        llmock.queue(&behaviors).await;
        let before = posts();
        let thread = server.start_thread().await;
        let events = server.run_turn(&thread.id, vec![text(name)]).await;
        assert_eq!(turn_status(&events), Some(expected), "{name}: {events:#?}");
        let post_counts = [posts()[0] - before[0], posts()[1] - before[1]];
        assert_eq!(post_counts, expected_posts, "{name}: {events:#?}");
        if name == "a malformed event" {
            assert_eq!(last_agent_message(&events), "LLMock says hello from gpt-5.5.");
        }
        if post_counts[1] > 0 {
            // The service returns SVG images, which are not stored.
            let [image] = completed_images(events).try_into().expect("one image");
            let error = image.error.expect("an error");
            assert_eq!((error.kind, error.attempts), (ImageErrorKind::BadResponse, 2), "{}", error.message);
        }
    }
    server.close().await;
    let (_, report_text) = llmock.report().await;
    // Easel skips a malformed event whose content the last event repeats. The service cannot see that nothing is lost.
    let is_expected =
        report_text.contains("malformed_chunk_ignored") && report_text.contains("0 error(s), 1 warning(s)");
    assert!(is_expected, "{report_text}");
}

#[tokio::test]
async fn request_over_the_quota_of_llmock_is_repeated() {
    // A thousand tokens per second: the second request has to wait for a part of its 30,000 tokens.
    let Some(llmock) = llmock(&["--tpm", "60000"]).await else { return };
    let (_sandbox, mut server) = llmock.service.easel().await;
    for word in ["one ", "two "] {
        let thread = server.start_thread().await;
        server.start_turn(&thread.id, vec![text(&word.repeat(32_000))]).await;
    }
    let ended = Cell::new(0);
    let completed = |event: &Event| {
        ended.set(ended.get() + u32::from(matches!(event, Event::TurnCompleted(_))));
        ended.get() == 2
    };
    let events = server.events_until(completed).await;
    let failed = events.iter().any(|event| matches!(event, Event::Error(_)));
    assert!(!failed, "{events:#?}");
    assert_eq!(llmock.service.proxy.posts("responses").len(), 3);
    server.close().await;
    let (is_clean, report_text) = llmock.report().await;
    assert!(is_clean, "{report_text}");
}

#[tokio::test]
async fn llmock_reports_only_images_that_are_not_repeated() {
    let Some(llmock) = llmock(&[]).await else { return };
    let (_sandbox, mut server) = llmock.service.easel().await;
    let outage = json!({"type": "fail", "status": 500, "match": {"path": "*/images/*"}});
    llmock.queue(&[reply_with_call(), outage]).await;
    let thread = server.start_thread().await;
    let events = server.run_turn(&thread.id, vec![text("draw a cat")]).await;
    let [image] = completed_images(events).try_into().expect("one image");
    let error = image.error.expect("an error");
    assert_eq!((error.http_status, error.attempts, error.billed), (Some(500), 1, Billed::Uncertain));
    server.close().await;

    let (is_clean, _) = llmock.report().await;
    assert!(!is_clean, "llmock reports what a client does wrong");
    let verdict: Value =
        serde_json::from_str(&llmock.service.send_request("GET", "/_llmock/verdict", "")).expect("JSON");
    let findings = verdict["findings"].as_array().expect("a list");
    let found: Vec<_> = findings.iter().map(|finding| (&finding["code"], &finding["path"])).collect();
    assert_eq!(found, [(&json!("gave_up"), &json!("POST /v1/images/generations"))]);
}
