//! Lines that are not the protocol's, and what is on stdout.

use serde_json::{Value, json};

use super::Host;
use crate::harness::Sandbox;

#[tokio::test]
async fn wrong_lines_are_refused_and_end_nothing() {
    let sandbox = Sandbox::new();
    let (mut host, _) = Host::legacy(&sandbox, &json!({})).await;
    let long = format!("{{\"id\":1,\"method\":\"{}\"}}", "x".repeat(2 << 20));
    let half_pair = r#"{"id":"\ud800","method":"ping"}"#;
    for (line, code) in [
        ("nonsense", -32_700),
        ("[]", -32_600),
        ("{\"id\":5}", -32_600),
        (long.as_str(), -32_600),
        (half_pair, -32_600),
    ] {
        host.send_line(line).await;
        let response = host.next_line().await;
        assert_eq!(response["error"]["code"], code, "{response}");
    }
    // A message without the member `jsonrpc` is served.
    host.send_line("{\"id\":\"a\",\"method\":\"ping\"}").await;
    assert_eq!(host.next_line().await, json!({"jsonrpc": "2.0", "id": "a", "result": {}}));
    host.send_line("{\"id\":-0,\"method\":\"ping\"}").await;
    assert_eq!(host.next_line().await, json!({"jsonrpc": "2.0", "id": 0, "result": {}}));
    assert_eq!(host.refusal("no/such", json!({})).await, "-32601 Method not found: no/such");
    let (rest, status) = host.close().await;
    assert!(rest.is_empty() && status.success(), "{rest:?}");
}

#[tokio::test]
async fn connection_survives_a_wrong_first_message() {
    let sandbox = Sandbox::new();
    let mut host = Host::spawn(&sandbox, &[]);
    host.notify("notifications/initialized", &json!({})).await;
    let refusal = host.refusal("tools/list", json!({})).await;
    assert!(refusal.starts_with("-32602 "), "{refusal}");
    host.notify("notifications/initialized", &json!({})).await;
    let params =
        json!({"protocolVersion": "2024-11-05", "capabilities": {}, "clientInfo": {"name": "a", "version": "1"}});
    assert_eq!(host.request("initialize", params).await["protocolVersion"], "2024-11-05");
    host.request("tools/list", json!({})).await;
    let (_, status) = host.close().await;
    assert!(status.success());

    let host = Host::spawn(&sandbox, &[]);
    let (rest, status) = host.close().await;
    assert!(rest.is_empty() && status.success(), "{rest:?}");
}

#[tokio::test]
async fn server_uses_nothing_that_is_deprecated() {
    let sandbox = Sandbox::new();
    let capabilities = json!({"roots": {"listChanged": true}, "sampling": {}});
    let (mut host, opened) = Host::legacy(&sandbox, &capabilities).await;
    assert_eq!(opened["capabilities"], json!({"tools": {"listChanged": true}, "resources": {}}));
    host.call(json!({"prompt": "a fox"})).await;
    assert!(host.refusal("logging/setLevel", json!({"level": "debug"})).await.starts_with("-32601 "));
    let (rest, _): (Vec<Value>, _) = host.close().await;
    assert!(rest.is_empty(), "{rest:?}");
}
