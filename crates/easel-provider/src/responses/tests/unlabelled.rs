//! Responses whose header does not say what they are. A response that is complete is not requested again.

use easel_protocol::tool::ToolExposure;
use easel_testkit::http::{MockServer, Step};
use serde_json::json;

use super::fixture::{PATIENT, all, events, provider, request, response, stream};
use super::text::{completed, message};

const EXPECTED: &str = "message msg_1 \"Hi\"\ncompleted 120 = 100 (5 cached) + 20 (3 reasoning)\n";
const HEADS: [&str; 5] = [
    "",
    "content-type: text/event-stream\r\n",
    "content-type: application/json\r\n",
    "content-type: application/octet-stream\r\n",
    "content-type: text/html\r\n",
];

async fn assert_complete(bytes: Vec<u8>) {
    let server = MockServer::play([vec![Step::Send(bytes.clone())]]);
    let transcript = all(&provider(&server.base_url(), PATIENT, 0), request(ToolExposure::None)).await;
    assert_eq!((transcript.as_str(), server.requests().len()), (EXPECTED, 1), "{}", String::from_utf8_lossy(&bytes));
}

#[tokio::test]
async fn json_and_events_are_recognized_with_any_header() {
    let end = completed(&[message("msg_1", "Hi")]);
    for head in HEADS {
        for before in ["", "\u{feff}", "\r\n "] {
            assert_complete(response("200 OK", head, format!("{before}{}", end["response"]))).await;
            assert_complete(response(
                "200 OK",
                head,
                format!("{}{}", before.trim_end_matches(' '), events(std::slice::from_ref(&end))),
            ))
            .await;
        }
    }
}

#[tokio::test]
async fn last_event_may_lack_its_empty_line() {
    let whole = events(&[completed(&[message("msg_1", "Hi")])]);
    for end in ["", "\n", "\r"] {
        assert_complete(stream(format!("{}{end}", whole.trim_end()))).await;
    }
    let failed = json!({"type": "error", "code": "insufficient_quota", "message": "spent"});
    let server = MockServer::play([vec![Step::Send(stream(format!("data: {failed}\n")))]]);
    let transcript = all(&provider(&server.base_url(), PATIENT, 0), request(ToolExposure::None)).await;
    assert!(transcript.starts_with("error UsageLimitExceeded: "), "{transcript}");
}

#[tokio::test]
async fn complete_response_with_invalid_item_is_requested_once() {
    let end = completed(&[json!({"type": "message", "content": 7})]);
    for bytes in [stream(events(std::slice::from_ref(&end))), response("200 OK", "", end["response"].to_string())] {
        let server = MockServer::play([vec![Step::Send(bytes)]]);
        let transcript = all(&provider(&server.base_url(), PATIENT, 0), request(ToolExposure::None)).await;
        assert_eq!(transcript, "error InternalServerError: the provider sent an event that is not valid JSON\n");
        assert_eq!(server.requests().len(), 1);
    }
}

#[tokio::test]
async fn json_that_is_not_a_response_is_requested_once() {
    let server = MockServer::play([vec![Step::Send(response("200 OK", "", "{\"choices\":[]}"))]]);
    let transcript = all(&provider(&server.base_url(), PATIENT, 0), request(ToolExposure::None)).await;
    assert_eq!(transcript, "error InternalServerError: the provider sent JSON that is not a response\n");
    assert_eq!(server.requests().len(), 1);
}
