//! The limits of spending and the ledger.

mod days;
mod hosted;
mod ledger;
mod limits;
#[cfg(unix)]
mod race;
mod request_ids;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use easel_protocol::method::UsageRead;
use easel_protocol::record::ImageError;
use easel_protocol::usage::{Spending, UsageReadParams};
use easel_testkit::http::{Exchange, MockServer};
use easel_testkit::image::{RED, solid_png};
use easel_testkit::openai;
use serde_json::{Value, json};

use crate::harness::{HOSTED, STANDALONE, Sandbox, Server, text};
use crate::http::{completed_images, provider_config, start_server_with_key};

/// A model that calls the tool once in each turn with these arguments, and an image API that `draw` answers.
fn model_that_draws(arguments: Value, draw: impl Fn(&mut Exchange) + Send + Sync + 'static) -> MockServer {
    MockServer::start(move |exchange| match exchange.endpoint() {
        "responses" => call_tool_once(exchange, &arguments),
        _ => draw(exchange),
    })
}

/// Responds as a model that calls the tool with these arguments, and is content with any output.
fn call_tool_once(exchange: &mut Exchange, arguments: &Value) {
    let body: Value = serde_json::from_slice(&exchange.read_body()).expect("JSON");
    let last = body["input"].as_array().and_then(|items| items.last()).cloned().unwrap_or_default();
    let mut events = match last["type"].as_str() {
        Some("function_call_output") => openai::message("end", "Here"),
        Some(_) | None => vec![openai::image_call("1", arguments)],
    };
    events.push(openai::completed());
    exchange.respond_events(&events);
}

/// Responds with an image and its tokens.
fn draw_square(exchange: &mut Exchange) {
    exchange.read_body();
    let usage = json!({"input_tokens": 1_000, "output_tokens": 2_000, "total_tokens": 3_000});
    let body = json!({"data": [{"b64_json": BASE64.encode(solid_png(8, 8, RED))}], "usage": usage});
    exchange.respond(200, "application/json", body.to_string().as_bytes());
}

fn posts(provider: &MockServer) -> usize {
    provider.body_lengths("images/generations").len()
}

/// A home with this provider and these settings.
fn sandbox(settings: &str, provider: &MockServer) -> Sandbox {
    Sandbox::with_config(&format!("{settings}\n{}", provider_config(&provider.base_url())))
}

async fn start_hosted(sandbox: &Sandbox) -> Server {
    start_server_with_key(sandbox, HOSTED).await
}

async fn start(sandbox: &Sandbox) -> Server {
    start_server_with_key(sandbox, STANDALONE).await
}

/// Runs a turn in a new thread. Returns the error of its image, or `None` if it was made.
async fn draw_in_new_thread(server: &mut Server) -> Option<ImageError> {
    let thread = server.start_thread().await;
    draw(server, &thread.id).await
}

async fn draw(server: &mut Server, thread_id: &str) -> Option<ImageError> {
    let events = server.run_turn(thread_id, vec![text("draw a cat")]).await;
    let [image] = completed_images(events).try_into().expect("one image");
    image.error
}

async fn spending(server: &mut Server) -> Spending {
    server.request::<UsageRead>(&UsageReadParams::default()).await.spending
}

/// The images of today: reserved, spent and uncertain.
async fn images_today(server: &mut Server) -> (u64, u64, u64) {
    let today = spending(server).await.today;
    (today.reserved.images, today.spent.images, today.uncertain.images)
}

/// Opens the database of a home beside the server.
fn database(sandbox: &Sandbox) -> rusqlite::Connection {
    let database = rusqlite::Connection::open(sandbox.home().join("easel.db")).expect("the database");
    database.busy_timeout(std::time::Duration::from_secs(60)).expect("a time limit");
    database
}
