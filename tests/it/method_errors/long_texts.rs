//! Texts that are too long.

use std::fmt::Write as _;

use serde_json::json;

use super::ask;
use super::invalid_params::texts_of;
use super::states::{create_subject, params_for};
use crate::harness::{STANDALONE, Sandbox, Server};
use crate::session::methods;

/// The longest line that every client can read, in bytes.
const MAX_LINE: usize = 64 << 10;

#[tokio::test]
async fn long_client_values_are_not_echoed() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server().await;
    let subject = create_subject(&mut server).await;
    let long = "y".repeat(100_000);
    let mut results = String::new();
    for method in methods() {
        for field in texts_of(method) {
            let mut params = params_for(method, &sandbox, &subject);
            params[field] = json!(long);
            let _ = match ask(&mut server, method, Some(&params)).await {
                Ok(_) => writeln!(results, "{method} {field}: a response"),
                Err(error) => {
                    let message = error["message"].as_str().expect("a message");
                    writeln!(
                        results,
                        "{method} {field}: {} {}",
                        error["code"],
                        subject.anonymous(message).replace(&"y".repeat(10), "")
                    )
                }
            };
        }
    }
    for (method, params) in [
        ("thread/list", json!({})),
        ("thread/read", json!({ "threadId": subject.thread_id, "includeTurns": true })),
        ("config/read", json!({})),
        ("account/read", json!({})),
    ] {
        ask(&mut server, method, Some(&params)).await.expect(method);
    }
    assert!(server.longest_line_len() <= MAX_LINE, "{} bytes", server.longest_line_len());
    insta::assert_snapshot!("texts", results);
    server.close().await;
}

#[tokio::test]
async fn client_name_length_is_limited() {
    let sandbox = Sandbox::new();
    let mut server = Server::spawn(sandbox.server_command(STANDALONE));
    for (name, results) in [
        ("y".repeat(257), "Invalid params: `clientInfo.name`: must have at most 256 characters"),
        ("a\nb".to_owned(), "Invalid params: `clientInfo.name`: must not have control characters"),
    ] {
        let params = json!({ "clientInfo": { "name": name, "version": "1" } });
        let error = ask(&mut server, "initialize", Some(&params)).await.expect_err("a refusal");
        assert_eq!((&error["code"], error["message"].as_str()), (&json!(-32602), Some(results)));
    }
    let params = json!({ "clientInfo": { "name": "y".repeat(256), "version": "1" } });
    ask(&mut server, "initialize", Some(&params)).await.expect("a handshake");
    server.close().await;
}
