//! The account's key is replaced by another process. A proxy stands in for the public API's address.

use easel_protocol::account::{LoginAccountParams, SecretText};
use easel_protocol::event::Event;
use easel_protocol::item::{ImageGenerationItem, ImageStatus};
use easel_protocol::method::AccountLoginStart;
use easel_protocol::record::{Billed, ImageErrorKind};
use easel_testkit::http::{MockServer, Request, Response};
use serde_json::json;

use super::proxy::Proxy;
use super::tls::{Authority, in_front_of};
use crate::harness::events::completed_image;
use crate::harness::{STANDALONE, Sandbox, Server, text};

/// The model accepts any key. The images endpoint accepts the new key only.
fn takes_the_new_key(sent: &Request) -> Response {
    let is_new = sent.header("authorization").is_some_and(|key| key.ends_with("sk-new-canary"));
    if sent.path.ends_with("/responses") || is_new {
        return super::respond(sent);
    }
    Response::json(401, &json!({ "error": { "message": "No.", "code": "invalid_api_key" } }))
}

fn key(key: &str) -> LoginAccountParams {
    LoginAccountParams::ApiKey { api_key: SecretText(key.to_owned()) }
}

async fn log_in(server: &mut Server, login: &str) {
    server.request::<AccountLoginStart>(&key(login)).await;
    server.events_until(|event| matches!(event, Event::ToolListUpdated(_))).await;
}

/// Runs a turn whose key is replaced by `new` after the server has read it. Returns the image and its requests.
async fn image_after(new: &str) -> (ImageGenerationItem, Vec<Request>) {
    let (backend, authority) = (MockServer::respond(takes_the_new_key), Authority::new("known"));
    let address = in_front_of(backend.address(), vec![authority.server("api.openai.com")]);
    let (sandbox, proxy) = (Sandbox::with_config("model_provider = \"openai\"\n"), Proxy::start(Some(address)));
    let open = async || {
        let mut command = sandbox.server_command(STANDALONE);
        command.env("HTTPS_PROXY", proxy.url()).env("SSL_CERT_FILE", authority.file(&sandbox));
        let mut server = Server::spawn(command);
        server.initialize(None).await;
        server
    };
    let (mut server, mut other) = (open().await, open().await);
    log_in(&mut server, "sk-old-canary").await;
    log_in(&mut other, new).await;
    let thread = server.start_thread().await;
    let events = server.run_turn(&thread.id, vec![text("draw a square")]).await;
    assert!(proxy.log().request_lines().iter().all(|line| *line == "CONNECT api.openai.com:443 HTTP/1.1"));
    server.close().await;
    other.close().await;
    (completed_image(&events).clone(), backend.requests_to("/images/generations"))
}

#[tokio::test]
async fn rejected_key_is_read_again_and_the_request_repeated() {
    let (image, sent) = image_after("sk-new-canary").await;
    assert_eq!((image.status, image.images.len()), (ImageStatus::Completed, 1), "{:?}", image.error);
    assert_eq!(image.images[0].attempts, 2);
    let keys: Vec<_> = sent.iter().filter_map(|sent| sent.header("authorization")).collect();
    assert_eq!(keys, ["Bearer sk-old-canary", "Bearer sk-new-canary"]);
    let repeats: Vec<_> = sent.iter().map(|sent| sent.header("idempotency-key")).collect();
    assert!(repeats[0].is_some() && repeats[0] == repeats[1], "{repeats:?}");
}

#[tokio::test]
async fn rejected_key_is_an_error_after_at_most_two_requests() {
    for (new, posts) in [("sk-old-canary", 1), ("sk-wrong-canary", 2)] {
        let (image, sent) = image_after(new).await;
        let error = image.error.expect("an error");
        assert_eq!(
            (error.kind, error.http_status, error.billed),
            (ImageErrorKind::Unauthorized, Some(401), Billed::No)
        );
        assert_eq!((error.attempts, sent.len()), (posts, posts as usize), "{new}");
    }
}
