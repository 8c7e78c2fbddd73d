//! Texts of a provider are shown without secrets, escape sequences and hidden characters, and truncated.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use easel_testkit::http::MockServer;
use easel_testkit::image::{RED, solid_png};
use easel_testkit::openai;
use serde_json::json;

use crate::harness::events::completed_image;
use crate::harness::{HOSTED, STANDALONE, Sandbox, Server, text};
use crate::http::provider_config;

/// A server whose provider has this key.
async fn with_key(sandbox: &Sandbox, arguments: &[&str], key: &str) -> Server {
    let mut command = sandbox.server_command(arguments);
    command.env("MOCK_KEY", key);
    let mut server = Server::spawn(command);
    server.initialize(None).await;
    server
}

/// Whether a file of the database contains this text.
fn is_in_database(sandbox: &Sandbox, secret: &str) -> bool {
    let files = std::fs::read_dir(sandbox.home()).expect("a home").map(|entry| entry.expect("an entry").path());
    let database = files.filter(|path| path.to_string_lossy().contains("easel.db"));
    let holds = |bytes: Vec<u8>| bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
    database.map(|path| std::fs::read(path).expect("a file")).any(holds)
}

#[tokio::test]
async fn hosted_tool_texts_are_sanitized_truncated_and_redacted() {
    let item = json!({"type": "image_generation_call", "id": "ig_\u{202e}sk-canary-hosted", "status": "completed",
        "result": BASE64.encode(solid_png(8, 8, RED)), "size": "\u{1b}]52;c;ZXZpbA==\u{7}1x1",
        "quality": "q".repeat(1_000_000), "background": "sk-canary-hosted",
        "revised_prompt": "a \u{1b}[2Jfox\u{e0041} with sk-canary-hosted"});
    let provider = MockServer::start(move |exchange| {
        exchange.read_body();
        let done = json!({"type": "response.output_item.done", "item": item});
        exchange.respond_events(&[vec![done], openai::message("1", "There."), vec![openai::completed()]].concat());
    });
    let sandbox = Sandbox::with_config(&provider_config(&provider.base_url()));
    let mut server = with_key(&sandbox, HOSTED, "sk-canary-hosted").await;
    let thread = server.start_thread().await;
    let events = server.run_turn(&thread.id, vec![text("draw a fox")]).await;
    let image = completed_image(&events);
    let applied = &image.images[0].applied;
    assert_eq!(applied.size.as_deref(), Some("]52;c;ZXZpbA==1x1"));
    assert_eq!(applied.quality.as_ref().map(|quality| quality.chars().count()), Some(100));
    assert_eq!(applied.background.as_deref(), Some("***"));
    assert_eq!(image.revised_prompt.as_deref(), Some("a fox with ***"));
    assert_eq!((image.id.as_str(), image.generation_id.as_deref()), ("ig_***", Some("ig_***")));
    let transcript = format!("{:?}", server.transcript());
    server.close().await;
    assert!(!transcript.contains("sk-canary-hosted") && !transcript.contains("\\u001b"), "{transcript}");
    assert!(!is_in_database(&sandbox, "sk-canary-hosted"));
}

#[tokio::test]
async fn short_secrets_in_errors_are_redacted() {
    let provider = MockServer::start(|exchange| {
        let has_output = String::from_utf8_lossy(&exchange.read_body()).contains("function_call_output");
        let path = exchange.endpoint().to_owned();
        if path.starts_with("responses") {
            let events = if has_output {
                openai::message("1", "No cat.")
            } else {
                vec![openai::image_call("1", &json!({"prompt": "a cat"}))]
            };
            return exchange.respond_events(&[events, vec![openai::completed()]].concat());
        }
        let words = format!("Invalid URL (POST /v1/{path}) for Bearer sk-1\u{ad}234, hdr1\u{e0041}\u{61c}");
        let error = json!({"error": {"message": words, "code": "sk-1234"}});
        exchange.respond(404, "application/json", error.to_string().as_bytes());
    });
    let sandbox = Sandbox::with_config(&format!(
        "{}query_params = {{ key = \"sk canary/query\" }}\nhttp_headers = {{ X-Key = \"hdr1\" }}\n",
        provider_config(&provider.base_url())
    ));
    let mut server = with_key(&sandbox, STANDALONE, "sk-1234").await;
    let thread = server.start_thread().await;
    let events = server.run_turn(&thread.id, vec![text("draw a cat")]).await;
    let error = completed_image(&events).error.as_ref().expect("an error");
    let url = "Invalid URL (POST /v1/images/generations?key=***) for Bearer ***, ***";
    assert!(error.message.contains(url), "{}", error.message);
    assert_eq!(error.code.as_deref(), Some("***"));
    let transcript = format!("{:?}", server.transcript());
    server.close().await;
    for secret in ["sk-1234", "canary", "hdr1"] {
        assert!(!transcript.contains(secret), "{transcript}");
        assert!(!is_in_database(&sandbox, secret), "{secret}");
    }
}
