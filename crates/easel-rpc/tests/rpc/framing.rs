use easel_rpc::Limits;

use crate::client::Client;

fn small_lines() -> Limits {
    Limits { max_line_bytes: 1000, ..Limits::default() }
}

#[test]
fn too_long_line_is_rejected_and_skipped() {
    let mut client = Client::ready(small_lines());
    for length in [1001, 70_000, 3_000_000] {
        client.send(&"z".repeat(length));
        assert_eq!(
            client.line(),
            r#"{"id":null,"error":{"code":-32600,"message":"Invalid request: line longer than 1000 bytes"}}"#
        );
        client.assert_alive();
    }
}

#[test]
fn a_line_of_exactly_the_limit_is_served() {
    let mut client = Client::ready(small_lines());
    let head = r#"{"id":1,"method":"test/number","params":{"n":1,"x":""#;
    let line = format!("{head}{}\"}}}}", "x".repeat(1000 - head.len() - 3));
    assert_eq!(line.len(), 1000);
    assert_eq!(client.ask(&line), r#"{"id":1,"result":{"n":1}}"#);
}

#[test]
fn blank_lines_and_carriage_returns_are_nothing() {
    let mut client = Client::ready(Limits::default());
    client.send("\n\r\n  \t\n{\"id\":1,\"method\":\"test/echo\"}\r");
    assert_eq!(client.line(), r#"{"id":1,"result":{}}"#);
    // The answer must not wait for what comes after the blank lines.
    client.send("{\"id\":2,\"method\":\"test/echo\"}\n\n  \n");
    assert_eq!(client.line(), r#"{"id":2,"result":{}}"#);
}

#[test]
fn an_invalid_byte_is_refused_and_the_next_line_works() {
    let mut client = Client::ready(Limits::default());
    client.send_bytes(b"{\"id\":1,\"method\":\"test/echo\",\"params\":{\"a\":\"\xff\"}}");
    assert_eq!(
        client.line(),
        r#"{"id":null,"error":{"code":-32700,"message":"Parse error: invalid UTF-8 at byte 44"}}"#
    );
    client.assert_alive();
}

#[test]
fn ids_come_back_as_they_were_written() {
    let mut client = Client::ready(Limits::default());
    for id in ["-9223372036854775808", "9223372036854775807", "0", r#""a\u0062\/é""#, r#""""#] {
        let answer = client.ask(&format!(r#"{{"id":{id},"method":"test/number","params":{{"n":1}}}}"#));
        assert_eq!(answer, format!(r#"{{"id":{id},"result":{{"n":1}}}}"#));
    }
}
