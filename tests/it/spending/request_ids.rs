//! The provider's request ids in the ledger, by which an invoice is compared with it, above all those of lost requests.

use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use easel_protocol::event::Event;
use easel_protocol::item::ThreadItem;
use easel_protocol::turn::TurnStatus;
use easel_testkit::http::{Exchange, MockServer};
use easel_testkit::image::{RED, solid_png};
use easel_testkit::openai;
use serde_json::{Value, json};

use super::{draw_in_new_thread, model_that_draws, sandbox, start, start_hosted};
use crate::harness::{Sandbox, text};
use crate::http::turn_status;

/// How a provider ends an image request.
#[derive(Clone, Copy)]
enum End {
    /// No response, and the connection is closed.
    Closed,
    /// A head with this request id, and a part of the body.
    Cut(&'static str),
    /// A head with this request id, and nothing more until the client gives up.
    Silent(&'static str),
    /// An error with this request id, whose body is cut.
    Failed(u16, &'static str),
    /// An image with this request id.
    Made(&'static str),
}

impl End {
    fn respond(self, exchange: &mut Exchange) {
        let image = json!({"data": [{"b64_json": BASE64.encode(solid_png(8, 8, RED))}]}).to_string();
        let (status, id, sent) = match self {
            Self::Closed => return,
            Self::Cut(id) => (200, id, image.len() / 2),
            Self::Silent(id) => (200, id, 0),
            Self::Failed(status, id) => (status, id, 1),
            Self::Made(id) => (200, id, image.len()),
        };
        exchange.send(&head(status, id, "application/json", image.len()));
        exchange.send(&image.as_bytes()[..sent]);
        if matches!(self, Self::Silent(_)) {
            exchange.await_disconnect();
        }
    }
}

/// The head of a response with a request id and a body of this length.
fn head(status: u16, id: &str, content_type: &str, len: usize) -> Vec<u8> {
    format!(
        "HTTP/1.1 {status} Mock\r\nx-request-id: {id}\r\ncontent-type: {content_type}\r\ncontent-length: {len}\r\n\
         connection: close\r\n\r\n"
    )
    .into_bytes()
}

/// What `easel usage` prints: the end and the request id of each call.
async fn ends(sandbox: &Sandbox) -> Vec<String> {
    let output = sandbox.run(&["usage", "--json"]).await;
    let lines = String::from_utf8(output.stdout).expect("UTF-8");
    let rows = lines.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    rows.map(|row| format!("{} {}", row["outcome"].as_str().expect("an end"), row["request_id"])).collect()
}

/// Draws one image with a provider that ends the attempts like this. Returns the id in the call's error, if it failed,
/// and the rows of the ledger.
async fn draw_with(settings: &str, attempts: &[End]) -> (Option<String>, Vec<String>) {
    let (attempts, next) = (attempts.to_vec(), AtomicUsize::new(0));
    let provider = model_that_draws(json!({"prompt": "a cat"}), move |exchange| {
        exchange.read_body();
        let end = attempts.get(next.fetch_add(1, Ordering::Relaxed)).expect("no further attempt");
        end.respond(exchange);
    });
    let sandbox = sandbox(settings, &provider);
    let mut server = start(&sandbox).await;
    let error = draw_in_new_thread(&mut server).await;
    server.close().await;
    (error.and_then(|error| error.request_id), ends(&sandbox).await)
}

#[tokio::test]
async fn lost_image_request_has_its_request_id() {
    for (end, id, row) in [
        (End::Closed, None, "uncertain null"),
        (End::Cut("req_cut"), Some("req_cut"), r#"uncertain "req_cut""#),
        (End::Failed(500, "req_500"), Some("req_500"), r#"uncertain "req_500""#),
        (End::Failed(400, "req_400"), Some("req_400"), r#"released "req_400""#),
    ] {
        assert_eq!(draw_with("", &[end]).await, (id.map(Into::into), vec![row.to_owned()]));
    }
}

#[tokio::test]
async fn image_request_out_of_time_has_its_request_id() {
    let (id, rows) = draw_with("images.timeout_ms = 1500", &[End::Silent("req_late")]).await;
    assert_eq!((id.as_deref(), rows), (Some("req_late"), vec![r#"uncertain "req_late""#.to_owned()]));
}

#[tokio::test]
async fn each_lost_attempt_has_its_own_request_id() {
    let repeat = "images.retry_uncertain = true";
    let attempts = [End::Cut("req_1"), End::Closed, End::Made("req_3")];
    let rows = [r#"uncertain "req_1""#, "uncertain null", r#"made "req_3""#];
    assert_eq!(draw_with(repeat, &attempts).await, (None, rows.map(str::to_owned).to_vec()));
    let attempts = [End::Cut("req_1"), End::Failed(400, "req_2")];
    let rows = [r#"uncertain "req_1""#, r#"released "req_2""#];
    assert_eq!(draw_with(repeat, &attempts).await, (Some("req_2".into()), rows.map(str::to_owned).to_vec()));
    let attempts = [End::Cut("req_1"), End::Silent("req_2")];
    let rows = [r#"uncertain "req_1""#, r#"uncertain "req_2""#];
    let repeat = format!("{repeat}\nimages.timeout_ms = 3000");
    assert_eq!(draw_with(&repeat, &attempts).await, (Some("req_2".into()), rows.map(str::to_owned).to_vec()));
}

/// Runs a turn with the hosted tool of a provider that responds like this. Returns the rows of the ledger.
async fn run_hosted(status: u16, body: Vec<u8>) -> Vec<String> {
    let provider = MockServer::start(move |exchange| {
        exchange.read_body();
        exchange.send(&head(status, "req_hosted", "text/event-stream", body.len() + 1));
        exchange.send(&body);
    });
    let sandbox = sandbox("", &provider);
    let mut server = start_hosted(&sandbox).await;
    let thread = server.start_thread().await;
    let events = server.run_turn(&thread.id, vec![text("draw a square")]).await;
    assert_eq!(turn_status(&events), Some(TurnStatus::Failed));
    server.close().await;
    ends(&sandbox).await
}

#[tokio::test]
async fn lost_hosted_image_has_its_request_id() {
    let begun = json!({"type": "response.output_item.added",
        "item": {"type": "image_generation_call", "id": "ig_1", "status": "in_progress"}});
    let message = openai::event_stream(&openai::message("1", "I draw"));
    for (status, body) in [(200, message), (200, openai::event_stream(&[begun])), (500, b"{".to_vec())] {
        assert_eq!(run_hosted(status, body).await, [r#"uncertain "req_hosted""#], "{status}");
    }
}

#[tokio::test]
async fn interrupted_hosted_request_has_its_request_id() {
    let provider = MockServer::start(|exchange| {
        exchange.read_body();
        exchange.send(&head(200, "req_hosted", "text/event-stream", 100_000));
        exchange.send(&openai::event_stream(&openai::message("1", "I draw")));
        exchange.await_disconnect();
    });
    let sandbox = sandbox("", &provider);
    let mut server = start_hosted(&sandbox).await;
    let thread = server.start_thread().await;
    let turn = server.start_turn(&thread.id, vec![text("draw a square")]).await;
    let is_message =
        |event: &Event| matches!(event, Event::ItemCompleted(end) if matches!(end.item, ThreadItem::AgentMessage(_)));
    server.events_until(is_message).await;
    server.interrupt(&thread.id, &turn.id).await;
    let events = server.events_until_turn_end().await;
    assert_eq!(turn_status(&events), Some(TurnStatus::Interrupted));
    server.close().await;
    assert_eq!(ends(&sandbox).await, [r#"uncertain "req_hosted""#]);
}
