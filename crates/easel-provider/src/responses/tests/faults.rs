//! Answers that break off, never end, or are no answers.

use std::sync::Arc;
use std::time::Duration;

use easel_protocol::tool::ToolExposure;
use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::fixture::{PATIENT, PNG, Shelf, all, line, provider, request};
use super::saying::{completed, delta, done, message};
use super::server::{Server, Step, events, response, stream};
use crate::provider::Timeouts;

async fn said(steps: Vec<Step>, timeouts: Timeouts) -> String {
    let server = Server::start([steps]).await;
    all(&provider(&server.url, timeouts, 0), request(ToolExposure::Hosted)).await
}

const HASTY: Timeouts = Timeouts { stream_idle: Duration::from_millis(500), ..PATIENT };

fn answer() -> Vec<Value> {
    let image = json!({"type": "image_generation_call", "id": "ig_1", "result": PNG});
    let call =
        json!({"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "imagegen", "arguments": "{}"});
    vec![
        json!({"type": "response.created", "response": {}}),
        delta("msg_1", "Hi"),
        done(&message("msg_1", "Hi")),
        done(&call),
        done(&image),
        completed(&[]),
    ]
}

#[tokio::test]
async fn a_stream_that_is_cut_at_any_event_or_within_one_is_an_error() {
    let answer = answer();
    for count in 0..answer.len() {
        let whole = events(&answer[..count]);
        let next = events(&answer[count..=count]);
        for body in [whole.clone(), whole.clone() + &next[..next.len() - 1], whole + &next[..next.len() / 2]] {
            let said = said(vec![Step::Send(stream(&body))], PATIENT).await;
            let last = said.lines().last().unwrap_or_default();
            assert_eq!(last, "error InternalServerError: the provider's answer was cut before its end", "{body}");
            assert!(!said.contains("completed "), "{said}");
        }
    }
}

#[tokio::test]
async fn a_connection_that_is_lost_within_a_body_is_an_error() {
    let head = "content-type: text/event-stream\r\ntransfer-encoding: chunked\r\n";
    let steps = vec![Step::Send(response("200 OK", head, "10\r\ndata: {}\n\n"))];
    let said = said(steps, PATIENT).await;
    assert!(said.starts_with("error Other: the connection to provider `test` at 127.0.0.1:"), "{said}");
    assert!(said.contains(" was lost while it answered: "), "{said}");
}

#[tokio::test]
async fn chunks_that_are_garbage_are_an_error() {
    let head = "content-type: text/event-stream\r\ntransfer-encoding: chunked\r\n";
    for garbage in ["zz\r\n", "-1\r\n", "fffffffffffffffff\r\n", "2\r\n: x"] {
        let said = said(vec![Step::Send(response("200 OK", head, garbage))], PATIENT).await;
        assert!(said.starts_with("error Other: ") && said.contains(" was lost while it answered: "), "{said}");
    }
}

#[tokio::test]
async fn an_answer_may_be_announced() {
    for before in ["HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n"] {
        let answer = stream(events(&[completed(&[])]));
        let said = said(vec![Step::Send([before.as_bytes(), &answer].concat())], PATIENT).await;
        assert!(said.starts_with("completed "), "{said}");
    }
}

#[tokio::test]
async fn a_redirect_takes_no_credential_elsewhere() {
    let elsewhere = Server::start([vec![Step::Send(stream(events(&[completed(&[])])))]]).await;
    for status in ["302 Found", "307 Temporary Redirect", "308 Permanent Redirect"] {
        let location = format!("location: {}/responses\r\n", elsewhere.url);
        let said = said(vec![Step::Send(response(status, &location, ""))], PATIENT).await;
        assert!(said.starts_with("error Other: the provider gave an answer that is none of its API"), "{said}");
    }
    assert!(elsewhere.requests().is_empty());
}

#[tokio::test]
async fn an_answer_that_stands_still_is_given_up() {
    let begun = Step::Send(stream(events(&[delta("m", "Hi")])));
    let mut server = Server::start([vec![begun, Step::Wait]]).await;
    let said = all(&provider(&server.url, HASTY, 0), request(ToolExposure::None)).await;
    assert_eq!(said, "delta m \"Hi\"\nerror Other: the provider sent nothing for 0.5 s\n");
    server.client_is_gone().await;
}

#[tokio::test]
async fn an_answer_that_does_not_begin_is_given_up() {
    assert_eq!(said(vec![Step::Wait], HASTY).await, "error Other: the provider sent nothing for 0.5 s\n");
}

#[tokio::test]
async fn an_answer_that_only_drips_ends_at_the_total_deadline() {
    let timeouts = Timeouts { answer: Duration::from_millis(50), ..PATIENT };
    let steps = vec![Step::Send(stream("")), Step::Drip(b": keep-alive\n\n")];
    assert_eq!(said(steps, timeouts).await, "error Other: the model's answer was not whole after 0.05 s\n");
}

#[tokio::test]
async fn an_event_without_end_is_refused_at_its_bound() {
    static MEBIBYTE: [u8; 1 << 20] = [b'x'; 1 << 20];
    let steps = vec![Step::Send(stream("data: ")), Step::Drip(&MEBIBYTE)];
    assert_eq!(
        said(steps, PATIENT).await,
        "error InternalServerError: the provider's answer cannot be read: the answer is too long\n"
    );
}

#[tokio::test]
async fn texts_over_their_bounds_are_refused() {
    let piece = "x".repeat(3 << 20);
    let twice = events(&[delta("m", &piece), delta("m", &piece)]);
    let said_twice = said(vec![Step::Send(stream(twice))], PATIENT).await;
    assert!(said_twice.ends_with("error InternalServerError: the provider's model writes more than 4 MiB\n"));

    let large = events(&[delta("m", &piece.repeat(2))]);
    let said_large = said(vec![Step::Send(stream(large))], PATIENT).await;
    assert_eq!(said_large, "error InternalServerError: the provider sent a text that is too large\n");

    let call = json!({"type": "function_call", "id": "fc_1", "call_id": "c", "name": "imagegen", "arguments": piece});
    let said_call = said(vec![Step::Send(stream(events(&[done(&call)])))], PATIENT).await;
    let expected = "error InternalServerError: the provider's model calls a tool with arguments over 1 MiB\n";
    assert_eq!(said_call, expected);
}

#[tokio::test]
async fn names_without_end_are_refused_at_the_first() {
    let call = json!({"type": "function_call", "id": "fc_1", "call_id": "c", "name": "x".repeat(15 << 20)});
    let answer = || vec![Step::Send(stream(events(&[done(&call)])))];
    let server = Server::start([answer(), answer()]).await;
    let said = all(&provider(&server.url, PATIENT, 0), request(ToolExposure::Standalone)).await;
    assert_eq!(said, "error InternalServerError: the provider sent an id or a name that is too long\n");
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn arguments_of_many_calls_are_bounded_together() {
    let arguments = "x".repeat(1 << 20);
    let calls = (0..5).map(|at| {
        let call_id = format!("call_{at}");
        done(&json!({"type": "function_call", "id": call_id, "call_id": call_id, "name": "n", "arguments": arguments}))
    });
    let said = said(vec![Step::Send(stream(events(&calls.collect::<Vec<_>>())))], PATIENT).await;
    assert_eq!(said.lines().filter(|line| line.starts_with("call ")).count(), 4);
    assert!(said.ends_with("error InternalServerError: the provider's model calls tools with arguments over 4 MiB\n"));
}

#[tokio::test]
async fn what_is_not_json_or_not_utf_8_is_an_error() {
    let expected = "error InternalServerError: the provider sent what is not the JSON of an event\n";
    for data in
        [&b"{\"type\":"[..], b"hello", b"[]", b"{\"type\":\"response.output_text.delta\",\"delta\":\"\xff\xfe\"}"]
    {
        let body = [b"data: ", data, b"\n\n"].concat();
        assert_eq!(said(vec![Step::Send(stream(body))], PATIENT).await, expected);
    }
    let page = response("200 OK", "content-type: application/json\r\n", "{\"choices\":[]}");
    assert_eq!(said(vec![Step::Send(page)], PATIENT).await, expected);
}

#[tokio::test]
async fn a_page_instead_of_an_answer_is_an_error() {
    let page = response("200 OK", "content-type: Text/HTML; charset=utf-8\r\n", "<html>oops</html>");
    let expected = "error InternalServerError: the provider sent a web page instead of an answer\n";
    assert_eq!(said(vec![Step::Send(page)], PATIENT).await, expected);
    let nothing = b"HTTP/1.1 204 No Content\r\n\r\n".to_vec();
    let expected = "error InternalServerError: the provider sent nothing (HTTP 204) instead of an answer\n";
    assert_eq!(said(vec![Step::Send(nothing)], PATIENT).await, expected);
}

#[tokio::test]
async fn dropping_the_answer_closes_the_connection() {
    let begun = Step::Send(stream(events(&[delta("m", "Hi")])));
    let mut server = Server::start([vec![begun, Step::Wait]]).await;
    let provider = provider(&server.url, PATIENT, 0);
    let mut answer = Box::pin(super::super::respond(
        &provider,
        request(ToolExposure::None),
        Arc::new(Shelf::default()),
        CancellationToken::new(),
    ));
    assert_eq!(line(&answer.next().await.unwrap()), "delta m \"Hi\"");
    drop(answer);
    server.client_is_gone().await;
}

#[tokio::test]
async fn dropping_the_answer_before_it_begins_closes_the_connection() {
    let mut server = Server::start([vec![Step::Wait]]).await;
    let provider = provider(&server.url, PATIENT, 0);
    let answer = super::super::respond(
        &provider,
        request(ToolExposure::None),
        Arc::new(Shelf::default()),
        CancellationToken::new(),
    );
    let mut answer = Box::pin(answer);
    while server.requests().is_empty() {
        tokio::select! {
            _ = answer.next() => panic!("there is no answer"),
            () = tokio::task::yield_now() => {}
        }
    }
    drop(answer);
    server.client_is_gone().await;
}
