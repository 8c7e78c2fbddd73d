//! Responses that end early, never end, or are not valid.

use std::sync::Arc;
use std::time::Duration;

use easel_imagegen::port::Provider;
use easel_protocol::tool::ToolExposure;
use easel_testkit::http::{MockServer, Step};
use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::fixture::{MemoryFiles, PATIENT, PNG, all, events, line, provider, request, response, stream};
use super::text::{completed, delta, done, message};
use crate::settings::Timeouts;

async fn transcript(steps: Vec<Step>, timeouts: Timeouts) -> String {
    let server = MockServer::play([steps]);
    all(&provider(&server.base_url(), timeouts, 0), request(ToolExposure::Hosted)).await
}

const HASTY: Timeouts = Timeouts { stream_idle: Duration::from_millis(500), ..PATIENT };

fn all_events() -> Vec<Value> {
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
async fn stream_truncated_anywhere_is_an_error() {
    let list = all_events();
    for count in 0..list.len() {
        let whole = events(&list[..count]);
        let next = events(&list[count..=count]);
        let mut cuts = vec![whole.clone(), whole.clone() + &next[..next.len() / 2]];
        // The last event is complete without its empty line.
        if count + 1 < list.len() {
            cuts.push(whole + &next[..next.len() - 1]);
        }
        for body in cuts {
            let transcript = transcript(vec![Step::Send(stream(&body))], PATIENT).await;
            let last = transcript.lines().last().unwrap_or_default();
            assert_eq!(last, "error InternalServerError: the provider's response ended early", "{body}");
            assert!(!transcript.contains("completed "), "{transcript}");
        }
    }
}

#[tokio::test]
async fn connection_lost_inside_the_body_is_an_error() {
    let head = "content-type: text/event-stream\r\ntransfer-encoding: chunked\r\n";
    let steps = vec![Step::Send(response("200 OK", head, "10\r\ndata: {}\n\n"))];
    let transcript = transcript(steps, PATIENT).await;
    assert!(transcript.starts_with("error Other: the connection to provider `test` at HOST was lost"), "{transcript}");
    assert!(transcript.contains(" was lost while the response arrived: "), "{transcript}");
}

#[tokio::test]
async fn invalid_chunks_are_an_error() {
    let head = "content-type: text/event-stream\r\ntransfer-encoding: chunked\r\n";
    for garbage in ["zz\r\n", "-1\r\n", "fffffffffffffffff\r\n", "2\r\n: x"] {
        let transcript = transcript(vec![Step::Send(response("200 OK", head, garbage))], PATIENT).await;
        assert!(
            transcript.starts_with("error Other: ") && transcript.contains(" was lost while the response arrived: "),
            "{transcript}"
        );
    }
}

#[tokio::test]
async fn response_may_follow_informational_ones() {
    for before in ["HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n"] {
        let body = stream(events(&[completed(&[])]));
        let transcript = transcript(vec![Step::Send([before.as_bytes(), &body].concat())], PATIENT).await;
        assert!(transcript.starts_with("completed "), "{transcript}");
    }
}

#[tokio::test]
async fn redirect_gets_no_credentials() {
    let elsewhere = MockServer::play([vec![Step::Send(stream(events(&[completed(&[])])))]]);
    for status in ["302 Found", "307 Temporary Redirect", "308 Permanent Redirect"] {
        let location = format!("location: {}/responses\r\n", elsewhere.base_url());
        let transcript = transcript(vec![Step::Send(response(status, &location, ""))], PATIENT).await;
        assert!(transcript.starts_with("error BadRequest: provider `test` redirects to http://HOST, "), "{transcript}");
    }
    assert!(elsewhere.requests().is_empty());
}

#[tokio::test]
async fn stalled_response_times_out() {
    let begun = Step::Send(stream(events(&[delta("m", "Hi")])));
    let server = MockServer::play([vec![begun, Step::AwaitDisconnect]]);
    let transcript = all(&provider(&server.base_url(), HASTY, 0), request(ToolExposure::None)).await;
    assert_eq!(
        transcript,
        "delta m \"Hi\"\nerror Other: provider `test` at HOST sent nothing for 0.5 s (stream_idle_timeout_ms)\n"
    );
    server.client_disconnected().await;
}

#[tokio::test]
async fn missing_response_times_out() {
    assert_eq!(
        transcript(vec![Step::AwaitDisconnect], HASTY).await,
        "error Other: provider `test` at HOST sent nothing for 0.5 s (stream_idle_timeout_ms)\n"
    );
}

#[tokio::test]
async fn slow_response_ends_at_the_deadline() {
    let timeouts = Timeouts { response: Duration::from_millis(50), ..PATIENT };
    let steps = vec![Step::Send(stream("")), Step::Repeat(b": keep-alive\n\n")];
    assert_eq!(transcript(steps, timeouts).await, "error Other: the model's response was not complete after 0.05 s\n");
}

#[tokio::test]
async fn endless_event_is_rejected() {
    static MEBIBYTE: [u8; 1 << 20] = [b'x'; 1 << 20];
    let steps = vec![Step::Send(stream("data: ")), Step::Repeat(&MEBIBYTE)];
    assert_eq!(
        transcript(steps, PATIENT).await,
        "error InternalServerError: the provider's response is too large: it is too long\n"
    );
}

#[tokio::test]
async fn texts_over_their_limits_are_rejected() {
    let piece = "x".repeat(3 << 20);
    let twice = events(&[delta("m", &piece), delta("m", &piece)]);
    let transcript_twice = transcript(vec![Step::Send(stream(twice))], PATIENT).await;
    assert!(
        transcript_twice.ends_with("error InternalServerError: the provider's model wrote more than 4 MiB of text\n")
    );

    let large = events(&[delta("m", &piece.repeat(2))]);
    let transcript_large = transcript(vec![Step::Send(stream(large))], PATIENT).await;
    assert_eq!(transcript_large, "error InternalServerError: the provider sent an event that is too large\n");

    let call = json!({"type": "function_call", "id": "fc_1", "call_id": "c", "name": "imagegen", "arguments": piece});
    let transcript_call = transcript(vec![Step::Send(stream(events(&[done(&call)])))], PATIENT).await;
    let expected = "error InternalServerError: the provider's model called a tool with more than 1 MiB of arguments\n";
    assert_eq!(transcript_call, expected);
}

#[tokio::test]
async fn endless_name_is_rejected() {
    let call = json!({"type": "function_call", "id": "fc_1", "call_id": "c", "name": "x".repeat(15 << 20)});
    let script = || vec![Step::Send(stream(events(&[done(&call)])))];
    let server = MockServer::play([script(), script()]);
    let transcript = all(&provider(&server.base_url(), PATIENT, 0), request(ToolExposure::Standalone)).await;
    assert_eq!(transcript, "error InternalServerError: the provider sent an id or a name that is too long\n");
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn arguments_of_all_calls_share_a_limit() {
    let arguments = "x".repeat(1 << 20);
    let calls = (0..5).map(|at| {
        let call_id = format!("call_{at}");
        done(&json!({"type": "function_call", "id": call_id, "call_id": call_id, "name": "n", "arguments": arguments}))
    });
    let transcript = transcript(vec![Step::Send(stream(events(&calls.collect::<Vec<_>>())))], PATIENT).await;
    assert_eq!(transcript.lines().filter(|line| line.starts_with("call ")).count(), 4);
    assert!(
        transcript.ends_with(
            "error InternalServerError: the provider's model called tools with more than 4 MiB of arguments\n"
        )
    );
}

#[tokio::test]
async fn invalid_json_and_utf8_are_errors() {
    let expected = "error InternalServerError: the provider sent an event that is not valid JSON\n";
    for data in
        [&b"{\"type\":"[..], b"hello", b"[]", b"{\"type\":\"response.output_text.delta\",\"delta\":\"\xff\xfe\"}"]
    {
        let body = [b"data: ", data, b"\n\n"].concat();
        assert_eq!(transcript(vec![Step::Send(stream(body))], PATIENT).await, expected);
    }
    let other = response("200 OK", "content-type: application/json\r\n", "{\"choices\":[]}");
    let expected = "error InternalServerError: the provider sent JSON that is not a response\n";
    assert_eq!(transcript(vec![Step::Send(other)], PATIENT).await, expected);
}

#[tokio::test]
async fn web_page_is_an_error() {
    let expected = "error InternalServerError: provider `test` at HOST sent a web page instead of a response; check its base_url\n";
    for (head, body) in [
        ("content-type: Text/HTML; charset=utf-8\r\n", "<html>oops</html>"),
        ("content-type: Text/HTML; charset=utf-8\r\n", "Log in."),
        ("content-type: text/event-stream\r\n", "\n<!DOCTYPE html>"),
        ("", "<html>oops</html>"),
    ] {
        let server = MockServer::play([vec![Step::Send(response("200 OK", head, body))]]);
        let transcript = all(&provider(&server.base_url(), PATIENT, 0), request(ToolExposure::None)).await;
        assert_eq!((transcript.as_str(), server.requests().len()), (expected, 1), "{head}{body}");
    }
    let nothing = b"HTTP/1.1 204 No Content\r\n\r\n".to_vec();
    let expected = "error InternalServerError: provider `test` at HOST sent nothing (HTTP 204) instead of a response; check its base_url\n";
    assert_eq!(transcript(vec![Step::Send(nothing)], PATIENT).await, expected);
}

#[tokio::test]
async fn dropping_the_response_closes_the_connection() {
    let begun = Step::Send(stream(events(&[delta("m", "Hi")])));
    let server = MockServer::play([vec![begun, Step::AwaitDisconnect]]);
    let provider = provider(&server.base_url(), PATIENT, 0);
    let mut stream = Box::pin(provider.respond(
        request(ToolExposure::None),
        Arc::new(MemoryFiles::default()),
        CancellationToken::new(),
    ));
    assert_eq!(line(&stream.next().await.unwrap()), "request req_7");
    assert_eq!(line(&stream.next().await.unwrap()), "delta m \"Hi\"");
    drop(stream);
    server.client_disconnected().await;
}

#[tokio::test]
async fn dropping_an_unanswered_request_closes_the_connection() {
    let server = MockServer::play([vec![Step::AwaitDisconnect]]);
    let provider = provider(&server.base_url(), PATIENT, 0);
    let stream =
        provider.respond(request(ToolExposure::None), Arc::new(MemoryFiles::default()), CancellationToken::new());
    let mut stream = Box::pin(stream);
    while server.requests().is_empty() {
        tokio::select! {
            _ = stream.next() => panic!("the server sends no response"),
            () = tokio::task::yield_now() => {}
        }
    }
    drop(stream);
    server.client_disconnected().await;
}
