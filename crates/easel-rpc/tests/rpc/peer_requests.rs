use easel_rpc::Limits;

use crate::client::Client;

/// Starts a handler that asks the client, and takes the question.
fn asked(client: &mut Client, id: u32, deadline_ms: u64) {
    client.send(&format!(r#"{{"id":{id},"method":"test/ask","params":{{"deadlineMs":{deadline_ms}}}}}"#));
    assert_eq!(client.line(), format!(r#"{{"id":{id},"method":"client/approve","params":{{"why":1}}}}"#));
}

#[test]
fn the_clients_answer_reaches_the_handler_that_asked() {
    let mut client = Client::ready(Limits::default());
    let cases = [
        (r#""result":{"decision":"accept","more":1}"#, "accept"),
        (r#""result":{"decision":"accept"},"error":null"#, "accept"),
        (r#""error":{"code":7,"message":"no","extra":1}"#, "refused 7 no"),
        (r#""result":null,"error":"no""#, "refused -32603 "),
        (r#""result":null"#, "bad answer"),
        (r#""result":{"decision":5}"#, "bad answer"),
    ];
    for (id, (answer, outcome)) in cases.into_iter().enumerate() {
        // Both sides count from zero here; the two kinds of ids do not meet.
        asked(&mut client, id as u32, 30_000);
        assert_eq!(client.ask(&format!(r#"{{"id":{id},{answer}}}"#)), format!(r#"{{"id":{id},"result":"{outcome}"}}"#));
    }
}

#[test]
fn request_with_invalid_params_is_not_sent() {
    let mut client = Client::ready(Limits::default());
    let request = r#"{"id":1,"method":"test/ask","params":{"deadlineMs":30000,"withInvalidParams":true}}"#;
    assert_eq!(client.ask(request), r#"{"id":1,"result":"invalid params"}"#);
}

#[test]
fn late_response_of_the_client_is_ignored() {
    let mut client = Client::ready(Limits::default());
    asked(&mut client, 0, 1);
    assert_eq!(client.line(), r#"{"id":0,"result":"timed out"}"#);
    client.send(r#"{"id":0,"result":{"decision":"accept"}}"#);
    client.assert_alive();
}

#[test]
fn a_client_that_closes_our_output_counts_as_gone() {
    let mut client = Client::ready(Limits::default());
    asked(&mut client, 0, 30_000);
    let (gone, saw) = std::sync::mpsc::sync_channel(1);
    let asking = client.cx.outbox.request::<(), _>("client/other", &(), crate::client::PATIENCE);
    client.runtime.spawn(async move { gone.send(asking.await) });
    assert!(client.line().contains("client/other"));
    client.cx.outbox.close();
    let outcome = saw.recv_timeout(crate::client::PATIENCE).unwrap();
    assert!(matches!(outcome, Err(easel_rpc::PeerError::Disconnected)));
    drop(client.session.take());
}

#[test]
fn a_client_that_sends_nothing_more_is_not_waited_for() {
    let mut client = Client::ready(Limits::default());
    asked(&mut client, 0, 3_600_000);
    assert_eq!(client.end(), [r#"{"id":0,"result":"disconnected"}"#]);
}

#[test]
fn cancelled_peer_request_is_removed() {
    let mut client = Client::ready(Limits::default());
    asked(&mut client, 0, 30_000);
    client.send(r#"{"method":"$/cancelRequest","params":{"id":0}}"#);
    assert_eq!(client.line(), r#"{"id":0,"error":{"code":-32800,"message":"Request cancelled"}}"#);
    client.send(r#"{"id":0,"result":{"decision":"accept"}}"#);
    client.assert_alive();
}
