//! Ids, the `jsonrpc` member, and the time of notifications.

use serde_json::Value;

use crate::harness::Sandbox;
use crate::wire::raw::RawServer;

#[test]
fn ids_are_echoed_unchanged() {
    let sandbox = Sandbox::new();
    let mut server = RawServer::start(&sandbox, &[]);
    let longest = format!("\"{}\"", "x".repeat(1_000));
    for id in [
        "0",
        "-0",
        "-1",
        "9223372036854775807",
        "-9223372036854775808",
        r#""""#,
        r#""7""#,
        r#""a\u00e9\/\n\"""#,
        "\"\u{1f58c}\u{202e}\"",
        longest.as_str(),
    ] {
        let response = server.round_trip(&format!(r#"{{"method":"account/read", "id" : {id} }}"#));
        assert!(response.starts_with(&format!(r#"{{"id":{id},"result":"#)), "{id}: {response}");
        let refusal = server.round_trip(&format!(r#"{{"id":{id},"method":"no/such"}}"#));
        assert!(refusal.starts_with(&format!(r#"{{"id":{id},"error":"#)), "{id}: {refusal}");
    }
    server.close();
}

#[test]
fn number_and_string_ids_are_distinct() {
    let sandbox = Sandbox::new();
    let mut server = RawServer::start(&sandbox, &[]);
    server.send_bytes(b"{\"id\":1,\"method\":\"thread/list\"}\n{\"id\":\"1\",\"method\":\"thread/list\"}\n");
    let mut ids = [server.read_json()["id"].take(), server.read_json()["id"].take()];
    ids.sort_by_key(Value::is_string);
    assert_eq!(ids, [Value::from(1), Value::from("1")]);
    server.close();
}

#[test]
fn an_escaped_method_name_is_the_same_method() {
    let sandbox = Sandbox::new();
    let mut server = RawServer::start(&sandbox, &[]);
    let response = server.round_trip(r#"{"id":1,"method":"account\/re\u0061d"}"#);
    assert!(response.starts_with(r#"{"id":1,"result":"#), "{response}");
    server.close();
}

/// Every line of a session with responses, errors, warnings and a turn.
fn session(sandbox: &Sandbox, initialize: &str, version: &str) -> Vec<Value> {
    let mut server = RawServer::spawn(sandbox.server_command(&["-c", "no_such_key=1"]).into_std());
    let mut seen = Vec::new();
    server.send(initialize);
    // Two warnings: an unknown key, and no configured provider.
    seen.extend([server.read_json(), server.read_json(), server.read_json()]);
    server.send(&format!(r#"{{{version}"id":2,"method":"thread/start"}}"#));
    seen.extend(server.read_until("thread/started"));
    let thread_id = seen[3]["result"]["thread"]["id"].as_str().expect("a thread id").to_owned();
    server.send("nonsense");
    seen.push(server.read_json());
    let input = r#"[{"type":"text","text":"draw a red square"}]"#;
    server.send(&format!(r#"{{"id":3,"method":"turn/start","params":{{"threadId":"{thread_id}","input":{input}}}}}"#));
    seen.extend(server.read_until("turn/completed"));
    server.close();
    seen
}

#[test]
fn jsonrpc_member_follows_initialize() {
    let client = r#""params":{"clientInfo":{"name":"raw","version":"1.0.0"}}"#;
    for (member, expected) in [
        (r#""jsonrpc":"2.0","#, Some("2.0")),
        (r#""jsonrpc": "2.0" ,"#, Some("2.0")),
        ("", None),
        (r#""jsonrpc":"1.0","#, None),
        (r#""jsonrpc":null,"#, None),
    ] {
        let sandbox = Sandbox::new();
        // Later requests do not change it.
        let other = if expected.is_some() { "" } else { r#""jsonrpc":"2.0","# };
        for message in session(&sandbox, &format!(r#"{{{member}"id":1,"method":"initialize",{client}}}"#), other) {
            assert_eq!(message["jsonrpc"].as_str(), expected, "{member}: {message}");
        }
    }
}

#[test]
fn only_notifications_have_an_emission_time() {
    let sandbox = Sandbox::new();
    let seen = session(&sandbox, crate::wire::raw::INITIALIZE, "");
    let mut last = 0;
    for message in seen {
        if message.get("id").is_some() {
            assert!(message.get("emittedAtMs").is_none(), "{message}");
            continue;
        }
        let at = message["emittedAtMs"].as_u64().unwrap_or_else(|| panic!("no emittedAtMs: {message}"));
        assert!(at >= last, "{at} after {last}");
        assert!(at > 1_700_000_000_000, "milliseconds since 1970: {at}");
        last = at;
    }
}
