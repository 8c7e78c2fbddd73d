//! The response to each kind of line.

use crate::harness::Sandbox;
use crate::wire::raw::{INITIALIZE, NO_WARNINGS, RawServer};

#[test]
fn bad_lines_are_answered_and_the_next_line_works() {
    let sandbox = Sandbox::new();
    let mut server = RawServer::start(&sandbox, &[]);
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let deep_params = format!(r#"{{"id":20,"method":"thread/list","params":{}}}"#, nested(10_000));
    let deep_ignored = format!(r#"{{"id":21,"method":"account/read","params":{{"x":{}}}}}"#, nested(100));
    let lines: Vec<&[u8]> = vec![
        b"nonsense",
        br#"{"id":1,"method":"#,
        b"{\"id\":1,\"method\":\"account/read\xff\"}",
        b"\xff",
        "\u{feff}{\"id\":1,\"method\":\"account/read\"}".as_bytes(),
        b"{\"id\":1,\"method\":\"account/read\0\"}",
        b"\0",
        br#"{"id":1,"method":"\ud800"}"#,
        br#"{"id":"\ud800","method":"account/read"}"#,
        br#"{"id":1,"method":"account/read"} {"id":2}"#,
        br#"[{"id":1,"method":"account/read"}]"#,
        b"[]",
        b"17",
        b"{}",
        br#"{"id":null,"method":"account/read"}"#,
        br#"{"id":1.5,"method":"account/read"}"#,
        br#"{"id":{},"method":"account/read"}"#,
        br#"{"id":true,"method":"account/read"}"#,
        br#"{"id":9223372036854775808,"method":"account/read"}"#,
        br#"{"id":123456789012345678901234567890,"method":"account/read"}"#,
        br#"{"id":2,"id":3,"method":"account/read"}"#,
        br#"{"id":4,"method":"account/read","method":"model/list"}"#,
        br#"{"id":5,"method":7}"#,
        br#"{"id":6,"method":"account/read","result":{}}"#,
        br#"{"id":7,"method":"no/such"}"#,
        br#"{"id":8,"method":"command/exec","params":{"command":["ls"]}}"#,
        br#"{"id":9,"method":"account/login/none"}"#,
        br#"{"id":10,"method":""}"#,
        br#"{"id":11,"method":"thread/read","params":{"threadId":5}}"#,
        br#"{"id":12,"method":"thread/read"}"#,
        br#"{"id":13,"method":"thread/read","params":{"threadId":"a","threadId":"b"}}"#,
        br#"{"id":14,"method":"turn/start","params":{"threadId":"a","input":[{"type":"text","text":5}]}}"#,
        br#"{"id":15,"method":"turn/start","params":{"threadId":"a","input":[{"type":"sk-secret"}]}}"#,
        br#"{"id":16,"method":"thread/list","params":"sk-secret"}"#,
        br#"{"id":17,"method":"thread/read","params":{"threadId":"\ud800"}}"#,
        br#"{"id":18,"method":"thread/read","params":{"threadId":"a"}}"#,
        br#"{"id":19,"method":"initialize","params":{"clientInfo":{"name":"x","version":"1"}}}"#,
        deep_params.as_bytes(),
        deep_ignored.as_bytes(),
    ];
    let mut responses = Vec::new();
    for line in lines {
        server.send_bytes(line);
        server.send_bytes(b"\n");
        responses.push(server.read_line());
    }
    insta::assert_snapshot!(responses.join("\n"), @r#"
    {"id":null,"error":{"code":-32700,"message":"Parse error: expected ident at line 1 column 2"}}
    {"id":null,"error":{"code":-32700,"message":"Parse error: EOF while parsing a value at line 1 column 17"}}
    {"id":null,"error":{"code":-32700,"message":"Parse error: invalid UTF-8 at byte 30"}}
    {"id":null,"error":{"code":-32700,"message":"Parse error: invalid UTF-8 at byte 0"}}
    {"id":null,"error":{"code":-32700,"message":"Parse error: expected value at line 1 column 1"}}
    {"id":null,"error":{"code":-32700,"message":"Parse error: control character (\\u0000-\\u001F) found while parsing a string at line 1 column 31"}}
    {"id":null,"error":{"code":-32700,"message":"Parse error: expected value at line 1 column 1"}}
    {"id":null,"error":{"code":-32700,"message":"Parse error: unexpected end of hex escape at line 1 column 25"}}
    {"id":"\ud800","result":{"account":null,"requiresOpenaiAuth":false,"userId":null}}
    {"id":null,"error":{"code":-32700,"message":"Parse error: trailing characters at line 1 column 34"}}
    {"id":null,"error":{"code":-32600,"message":"Invalid request: batches are not supported"}}
    {"id":null,"error":{"code":-32600,"message":"Invalid request: batches are not supported"}}
    {"id":null,"error":{"code":-32600,"message":"Invalid request: not a JSON-RPC message"}}
    {"id":null,"error":{"code":-32600,"message":"Invalid request: no method"}}
    {"id":null,"error":{"code":-32600,"message":"Invalid request: id must be a string or a 64-bit integer"}}
    {"id":null,"error":{"code":-32600,"message":"Invalid request: id must be a string or a 64-bit integer"}}
    {"id":null,"error":{"code":-32600,"message":"Invalid request: id must be a string or a 64-bit integer"}}
    {"id":null,"error":{"code":-32600,"message":"Invalid request: id must be a string or a 64-bit integer"}}
    {"id":null,"error":{"code":-32600,"message":"Invalid request: id must be a string or a 64-bit integer"}}
    {"id":null,"error":{"code":-32600,"message":"Invalid request: id must be a string or a 64-bit integer"}}
    {"id":null,"error":{"code":-32600,"message":"Invalid request: not a JSON-RPC message"}}
    {"id":4,"error":{"code":-32600,"message":"Invalid request: not a JSON-RPC message"}}
    {"id":5,"error":{"code":-32600,"message":"Invalid request: not a JSON-RPC message"}}
    {"id":6,"error":{"code":-32600,"message":"Invalid request: both a request and a response"}}
    {"id":7,"error":{"code":-32601,"message":"Method not found: no/such; it is not part of an image sidecar"}}
    {"id":8,"error":{"code":-32601,"message":"Method not found: command/exec; it is not part of an image sidecar"}}
    {"id":9,"error":{"code":-32601,"message":"Method not found; it is not part of an image sidecar"}}
    {"id":10,"error":{"code":-32601,"message":"Method not found: ; it is not part of an image sidecar"}}
    {"id":11,"error":{"code":-32602,"message":"Invalid params: `threadId`: invalid type: integer `5`, expected a string","data":{"field":"threadId"}}}
    {"id":12,"error":{"code":-32602,"message":"Invalid params: `threadId`: missing field","data":{"field":"threadId"}}}
    {"id":13,"error":{"code":-32602,"message":"Invalid params: `threadId`: duplicate field","data":{"field":"threadId"}}}
    {"id":14,"error":{"code":-32602,"message":"Invalid params: `input[0].text`: invalid type: integer `5`, expected a string","data":{"field":"input[0].text"}}}
    {"id":15,"error":{"code":-32602,"message":"Invalid params: `input[0].type`: unknown value, expected one of `text`, `image`, `localImage`, `skill`, `mention`","data":{"field":"input[0].type"}}}
    {"id":16,"error":{"code":-32602,"message":"Invalid params: `params`: expected an object","data":{"field":"params"}}}
    {"id":17,"error":{"code":-32602,"message":"Invalid params: `threadId`: unexpected end of hex escape","data":{"field":"threadId"}}}
    {"id":18,"error":{"code":-32600,"message":"thread a not found"}}
    {"id":19,"error":{"code":-32600,"message":"Already initialized"}}
    {"id":20,"error":{"code":-32602,"message":"Invalid params: `params`: expected an object","data":{"field":"params"}}}
    {"id":21,"result":{"account":null,"requiresOpenaiAuth":false,"userId":null}}
    "#);
    server.assert_alive();
    server.close();
}

#[test]
fn deeply_nested_json_is_refused_everywhere() {
    let sandbox = Sandbox::new();
    let mut server = RawServer::start(&sandbox, &[]);
    let (open, closed) = ("[".repeat(10_000), "]".repeat(10_000));
    for (line, code) in [
        (open.clone(), -32700),
        (format!("{open}{closed}"), -32600),
        (format!(r#"{{"id":{open}{closed},"method":"account/read"}}"#), -32600),
        (format!(r#"{{"id":1,"method":{open}{closed}}}"#), -32600),
        (format!(r#"{{"id":1,"method":"thread/read","params":{{"threadId":{open}{closed}}}}}"#), -32602),
        (format!(r#"{{"id":1,"method":"thread/start","params":{{"config":{open}{closed}}}}}"#), -32602),
    ] {
        server.send(&line);
        let response = server.read_json();
        assert_eq!(response["error"]["code"], code, "{}: {response}", &line[..30]);
    }
    server.assert_alive();
    server.close();
}

#[test]
fn initialize_is_required_exactly_once() {
    let sandbox = Sandbox::new();
    let mut server = RawServer::spawn(sandbox.server_command(&["-c", NO_WARNINGS]).into_std());
    let refused = |id| format!(r#"{{"id":{id},"error":{{"code":-32600,"message":"Not initialized"}}}}"#);
    assert_eq!(server.round_trip(r#"{"id":1,"method":"account/read"}"#), refused(1));
    assert_eq!(server.round_trip(r#"{"id":2,"method":"no/such"}"#), refused(2));
    assert_eq!(server.round_trip(r#"{"id":3,"method":"$/cancelRequest","params":{"id":1}}"#), refused(3));
    server.send(r#"{"method":"initialized"}"#);
    let wrong = server.round_trip(r#"{"id":4,"method":"initialize","params":{}}"#);
    assert!(wrong.contains("-32602") && wrong.contains("clientInfo"), "{wrong}");
    assert_eq!(server.round_trip(r#"{"id":5,"method":"account/read"}"#), refused(5));
    server.initialize();
    assert_eq!(
        server.round_trip(INITIALIZE),
        r#"{"id":"hello","error":{"code":-32600,"message":"Already initialized"}}"#
    );
    server.assert_alive();
    server.close();
}

#[test]
fn a_client_that_never_sends_initialized_is_served() {
    let sandbox = Sandbox::new();
    let mut server = RawServer::start(&sandbox, &[]);
    server.start_thread();
    server.assert_alive();
    server.close();
}

#[test]
fn requests_may_follow_initialize_immediately() {
    let sandbox = Sandbox::new();
    let mut server = RawServer::spawn(sandbox.server_command(&["-c", NO_WARNINGS]).into_std());
    server.send_bytes(format!("{INITIALIZE}\n{{\"id\":2,\"method\":\"account/read\"}}\n").as_bytes());
    assert_eq!(server.read_json()["id"], "hello");
    assert_eq!(server.read_json()["id"], 2);
    server.close();
}

#[test]
fn blank_lines_and_carriage_returns_are_ignored() {
    let sandbox = Sandbox::new();
    let mut server = RawServer::start(&sandbox, &[]);
    server.send_bytes(
        b"\n\r\n \t \n{\"id\":1,\"method\":\"account/read\"}\r\n\n\r\n{\"id\":2,\"method\":\"account/read\"}\n",
    );
    assert_eq!(server.read_json()["id"], 1);
    assert_eq!(server.read_json()["id"], 2);
    server.close();
}

#[test]
fn unknown_notifications_and_responses_are_ignored() {
    let sandbox = Sandbox::new();
    let mut server = RawServer::start(&sandbox, &[]);
    for line in [
        r#"{"method":"no/such","params":{}}"#,
        r#"{"method":"thread/start","params":{}}"#,
        r#"{"method":"thread/read","params":7}"#,
        r#"{"method":"initialized","params":null}"#,
        r#"{"id":77,"result":{}}"#,
        r#"{"id":0,"error":{"code":1,"message":"m"}}"#,
        r#"{"id":null,"error":{"code":-32700,"message":"Parse error"}}"#,
    ] {
        server.send(line);
    }
    server.assert_alive();
    server.close();
}

#[test]
fn errors_do_not_list_the_methods() {
    let sandbox = Sandbox::new();
    let mut server = RawServer::start(&sandbox, &[]);
    for line in [r#"{"id":1,"method":"nonsense"}"#, r#"{"id":2,"method":"thread/nonsense"}"#, r#"{"id":3}"#] {
        let response = server.round_trip(line);
        for method in ["thread/start", "turn/start", "image/read", "account/read"] {
            assert!(!response.contains(method), "{response}");
        }
    }
    server.close();
}

/// Clients open a login window when a message mentions a login.
#[test]
fn unknown_method_is_not_reported_as_missing_login() {
    let sandbox = Sandbox::new();
    let mut server = RawServer::start(&sandbox, &[]);
    for method in ["account/login/none", "mcpServer/oauth/login", "account/credentials/none"] {
        server.send(&format!(r#"{{"id":1,"method":"{method}"}}"#));
        let response = server.read_json();
        assert_eq!(response["error"]["code"], -32601, "{response}");
        let message = response["error"]["message"].as_str().expect("a message").to_lowercase();
        assert!(message.contains("image sidecar"), "{message}");
        assert!(!["login", "auth", "credential"].iter().any(|word| message.contains(word)), "{message}");
    }
    server.close();
}
