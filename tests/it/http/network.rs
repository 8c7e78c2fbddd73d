//! Proxies and certificates that the environment configures.

mod account;
mod errors;
mod proxy;
mod tls;
mod wire;

use std::ffi::OsString;
use std::net::SocketAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use easel_protocol::event::Event;
use easel_protocol::item::ImageStatus;
use easel_protocol::record::{Billed, ImageErrorKind};
use easel_testkit::http::{MockServer, Request, Response};
use easel_testkit::image::{RED, solid_png};
use serde_json::json;

use super::provider_config;
use crate::harness::events::completed_image;
use crate::harness::{STANDALONE, Sandbox, Server, text};
use proxy::Proxy;
use tls::{Authority, in_front_of};

const KEY: &str = "sk-mock";

/// The model asks for an image until it has seen one. The images endpoint generates it.
fn respond(sent: &Request) -> Response {
    if !sent.path.ends_with("/responses") {
        let image = BASE64.encode(solid_png(16, 16, RED));
        return Response::json(200, &json!({ "created": 1, "data": [{ "b64_json": image }] }));
    }
    let call = json!({ "type": "function_call", "id": "fc_1", "call_id": "call_1", "namespace": "image_gen",
        "name": "imagegen", "arguments": r#"{"prompt": "a square"}"# });
    let has_drawn =
        sent.json()["input"].as_array().is_some_and(|input| input.iter().any(|item| item["call_id"] == "call_1"));
    if has_drawn { Response::message("Done.") } else { Response::items(&[call]) }
}

/// Runs a turn with one image.
async fn run_turn(sandbox: &Sandbox, variables: Vec<(&str, OsString)>) -> Vec<Event> {
    let mut command = sandbox.server_command(STANDALONE);
    command.env("MOCK_KEY", KEY).envs(variables);
    let mut server = Server::spawn(command);
    server.initialize(None).await;
    let thread = server.start_thread().await;
    let events = server.run_turn(&thread.id, vec![text("draw a square")]).await;
    server.close().await;
    events
}

fn assert_drawn(events: &[Event]) {
    let image = completed_image(events);
    assert_eq!((image.status, image.images.len()), (ImageStatus::Completed, 1), "{:?}", image.error);
}

/// The error message of a failed turn.
fn error_message(events: &[Event]) -> &str {
    let mut errors = events
        .iter()
        .filter_map(|event| if let Event::Error(error) = event { Some(&error.error.message) } else { None });
    errors.next().expect("an error")
}

/// Checks the three requests of a turn with one image: they have the key, and no header for the proxy.
fn assert_requests_arrived(backend: &MockServer) {
    let sent = backend.requests_to("");
    let paths: Vec<&str> = sent.iter().map(|sent| sent.path.as_str()).collect();
    assert_eq!(paths, ["/v1/responses", "/v1/images/generations", "/v1/responses"]);
    for sent in &sent {
        assert_eq!(sent.header("authorization"), Some(format!("Bearer {KEY}").as_str()));
        assert_eq!(sent.header("proxy-authorization"), None);
    }
}

#[tokio::test]
async fn plain_requests_use_the_proxy_unless_exempt() {
    for (host, exempt, passes) in [
        ("studio.example", "", 3),
        ("studio.example", "elsewhere.example", 3),
        // A provider on this machine never uses a proxy.
        ("127.0.0.1", "", 0),
        ("localhost", "elsewhere.example", 0),
    ] {
        let backend = MockServer::respond(respond);
        let base = format!("http://{host}:{}/v1", backend.address().port());
        let sandbox = Sandbox::with_config(&(provider_config(&base) + "allow_plain_http = true\n"));
        let proxy = Proxy::start(Some(backend.address()));
        let variables = vec![("HTTP_PROXY", proxy.url().into()), ("NO_PROXY", exempt.into())];
        assert_drawn(&run_turn(&sandbox, variables).await);
        assert_requests_arrived(&backend);
        let responses = format!("POST {base}/responses HTTP/1.1");
        let expected = [responses.clone(), format!("POST {base}/images/generations HTTP/1.1"), responses];
        assert_eq!(proxy.log().request_lines(), expected[..passes], "{host} {exempt:?}");
        let logged_in = proxy.log().heads.iter().all(|head| head.contains("proxy-authorization: Basic dXNlcjp3b3Jk"));
        assert!(logged_in);
    }
}

/// A sandbox whose provider speaks TLS at this address, under the name `localhost`.
fn sandbox_at(address: SocketAddr) -> Sandbox {
    Sandbox::with_config(&provider_config(&format!("https://localhost:{}/v1", address.port())))
}

#[tokio::test]
async fn tunnel_shows_the_proxy_only_the_host() {
    let (backend, authority) = (MockServer::respond(respond), Authority::new("known"));
    let address = in_front_of(backend.address(), vec![authority.server("studio.example")]);
    let host = format!("studio.example:{}", address.port());
    let (sandbox, proxy) =
        (Sandbox::with_config(&provider_config(&format!("https://{host}/v1"))), Proxy::start(Some(address)));
    let certificate = authority.file(&sandbox).into_os_string();
    assert_drawn(&run_turn(&sandbox, vec![("HTTPS_PROXY", proxy.url().into()), ("SSL_CERT_FILE", certificate)]).await);
    assert_requests_arrived(&backend);

    let seen = proxy.log();
    assert_eq!(seen.request_lines(), [format!("CONNECT {host} HTTP/1.1").as_str(); 3]);
    for head in &seen.heads {
        assert!(head.contains("Basic dXNlcjp3b3Jk"), "{head}");
        assert!(!head.to_lowercase().contains("\r\nauthorization:") && !head.contains(KEY), "{head}");
    }
    assert!(seen.tunneled.len() > 1_000);
    let readable = String::from_utf8_lossy(&seen.tunneled);
    for secret in [KEY, "authorization", "draw a square", "images/generations"] {
        assert!(!readable.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn unknown_certificate_authority_is_an_error_and_sends_nothing() {
    let (backend, known, unknown) = (MockServer::respond(respond), Authority::new("known"), Authority::new("unknown"));
    let (good, bad) = (known.server("localhost"), unknown.server("localhost"));
    // The model request succeeds. The three image attempts get a certificate of another authority.
    let configs = vec![good.clone(), bad.clone(), bad.clone(), bad, good];
    let sandbox = sandbox_at(in_front_of(backend.address(), configs));
    let events = run_turn(&sandbox, vec![("SSL_CERT_FILE", known.file(&sandbox).into_os_string())]).await;
    let error = completed_image(&events).error.as_ref().expect("an error");
    assert_eq!((error.kind, error.attempts, error.billed), (ImageErrorKind::Network, 3, Billed::No));
    assert!(
        error.message.contains("cannot be reached: invalid peer certificate: UnknownIssuer; "),
        "{}",
        error.message
    );
    assert_eq!(backend.requests_to("/responses").len(), 2);
    assert!(backend.requests_to("/images/generations").is_empty());
}

#[tokio::test]
async fn a_certificate_for_another_host_is_refused() {
    let (backend, authority) = (MockServer::respond(respond), Authority::new("known"));
    let sandbox = sandbox_at(in_front_of(backend.address(), vec![authority.server("elsewhere.example")]));
    let events = run_turn(&sandbox, vec![("SSL_CERT_FILE", authority.file(&sandbox).into_os_string())]).await;
    assert!(
        error_message(&events).contains(" cannot be reached: invalid peer certificate: "),
        "{}",
        error_message(&events)
    );
    assert!(backend.requests_to("").is_empty());
}

#[tokio::test]
async fn host_without_root_certificates_reaches_http_providers_only() {
    let backend = MockServer::respond(respond);
    let nothing = |sandbox: &Sandbox| vec![("SSL_CERT_FILE", sandbox.project().join("nothing.pem").into_os_string())];
    let sandbox = Sandbox::with_config(&provider_config(&format!("http://{}/v1", backend.address())));
    assert_drawn(&run_turn(&sandbox, nothing(&sandbox)).await);

    let sandbox = sandbox_at(backend.address());
    let events = run_turn(&sandbox, nothing(&sandbox)).await;
    let expected =
        "the HTTP client cannot be created: unexpected error: No CA certificates were loaded from the system";
    assert_eq!(error_message(&events), expected);
}
