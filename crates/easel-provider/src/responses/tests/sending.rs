//! The content of requests, and how often they are sent.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use easel_imagegen::port::{ModelRequest, SendGate, image_error};
use easel_protocol::input::ImageDetail;
use easel_protocol::record::ImageErrorKind;
use easel_protocol::response_item::{ContentItem, MessageRole, ResponseItem};
use easel_protocol::tool::ToolExposure;
use easel_testkit::http::{MockServer, Step};
use serde_json::{Value, json};

use super::fixture::{MemoryFiles, PATIENT, all, all_with, events, provider, reference, request, response, stream};
use super::text::completed;
use crate::provider::HttpProvider;
use crate::settings::Retries;

pub(super) fn text(text: &str) -> ContentItem {
    ContentItem::InputText { text: text.into() }
}

pub(super) fn image(id: &str, detail: Option<ImageDetail>) -> ContentItem {
    ContentItem::InputImage { image_url: format!("easel:{id}"), detail }
}

pub(super) fn message(role: MessageRole, content: Vec<ContentItem>) -> ResponseItem {
    ResponseItem::Message { role, content }
}

fn conversation() -> Vec<ResponseItem> {
    let call = |namespace: Option<&str>| ResponseItem::FunctionCall {
        call_id: "call_1".into(),
        namespace: namespace.map(str::to_owned),
        name: "imagegen".to_owned(),
        arguments: r#"{"prompt":"x"}"#.to_owned(),
    };
    let hosted = |id: &str, result: &str| ResponseItem::ImageGenerationCall {
        id: id.into(),
        status: "completed".to_owned(),
        revised_prompt: Some("A cat.".to_owned()),
        result: result.to_owned(),
    };
    vec![
        message(MessageRole::Developer, vec![text("Be brief.")]),
        message(MessageRole::User, vec![text("say \"easel:img_a\""), image("img_a", Some(ImageDetail::High))]),
        message(MessageRole::Assistant, vec![ContentItem::OutputText { text: "Yes.".into() }]),
        call(Some("image_gen")),
        call(None),
        ResponseItem::FunctionCallOutput {
            call_id: "call_1".into(),
            output: vec![image("img_b", None), text("shown")],
        },
        hosted("ig_0", ""),
        hosted("ig_1", "easel:img_a"),
    ]
}

pub(super) fn complete_response() -> Vec<Step> {
    vec![Step::Send(stream(events(&[completed(&[])])))]
}

pub(super) const COMPLETED: &str = "completed 120 = 100 (5 cached) + 20 (3 reasoning)\n";

#[tokio::test]
async fn request_contains_conversation_and_image_bytes() {
    let (small, small_bytes) = reference("img_a", 72, 7);
    // Three blocks, the last of them not whole.
    let (large, large_bytes) = reference("img_b", 500_000, 9);
    let server = MockServer::play([complete_response()]);
    let request = ModelRequest {
        input: conversation(),
        images: vec![small.clone(), large.clone()],
        tools: vec![json!({"type": "image_generation"})],
        ..request(ToolExposure::Standalone)
    };
    let files = MemoryFiles([(small.path, small_bytes), (large.path, large_bytes.clone())].into());
    assert_eq!(all_with(&provider(&server.base_url(), PATIENT, 0), request, files).await, COMPLETED);

    let seen = &server.requests()[0];
    assert!(seen.head.starts_with("POST /v1/responses HTTP/1.1\r\n"), "{}", seen.head);
    for header in ["authorization: Bearer key-old-secret", "content-type: application/json", "originator: test"] {
        assert!(seen.head.contains(header), "{}", seen.head);
    }
    let body: Value = serde_json::from_slice(&seen.body).unwrap();
    let sent = body["input"][5]["output"][0]["image_url"].as_str().unwrap();
    let base64 = sent.strip_prefix("data:image/png;base64,").unwrap();
    assert_eq!(STANDARD.decode(base64).unwrap(), large_bytes);
    insta::assert_json_snapshot!(body, {".input[5].output[0].image_url" => "[large]"});
}

#[tokio::test]
async fn unknown_image_is_an_error_before_sending() {
    let server = MockServer::play([complete_response()]);
    let input = vec![message(MessageRole::User, vec![image("img_x", None)])];
    let request = ModelRequest { input, ..request(ToolExposure::Standalone) };
    let transcript = all(&provider(&server.base_url(), PATIENT, 0), request).await;
    assert_eq!(transcript, "error Other: the image img_x of the conversation does not exist\n");
    assert!(server.requests().is_empty());
}

async fn tried(exposure: ToolExposure, statuses: &[(&str, &str)], renewals: u32) -> (String, usize) {
    let refusal = |(status, headers): &(&str, &str)| {
        let body = json!({"error": {"message": "no", "code": "c"}}).to_string();
        vec![Step::Send(response(status, headers, body))]
    };
    let server = MockServer::play(statuses.iter().map(refusal).chain([complete_response()]));
    let transcript = all(&provider(&server.base_url(), PATIENT, renewals), request(exposure)).await;
    (transcript, server.requests().len())
}

const NOW: &str = "retry-after: 0\r\n";

#[tokio::test]
async fn invalid_request_is_sent_once() {
    let (transcript, attempts) = tried(ToolExposure::None, &[("400 Bad Request", NOW)], 0).await;
    assert_eq!(
        transcript,
        "error BadRequest: provider `test` refused the request: no [HTTP 400, c, request req_7, POST HOST/v1/responses]\n"
    );
    assert_eq!(attempts, 1);
}

#[tokio::test]
async fn rejected_credential_is_renewed_once() {
    let rejected = ("401 Unauthorized", "");
    assert_eq!(tried(ToolExposure::Hosted, &[rejected], 1).await, (COMPLETED.to_owned(), 2));
    let refused = "error Unauthorized: provider `test` did not accept the key from a test: no [HTTP 401, c, request req_7, \
                   POST HOST/v1/responses]; check that the key is valid for this provider\n";
    assert_eq!(tried(ToolExposure::Hosted, &[rejected], 0).await, (refused.to_owned(), 1));
    assert_eq!(tried(ToolExposure::Hosted, &[rejected, rejected], 2).await, (refused.to_owned(), 2));
}

#[tokio::test]
async fn busy_or_failing_provider_is_asked_three_times() {
    let (busy, broken) = (("429 Too Many Requests", NOW), ("500 Internal Server Error", NOW));
    assert_eq!(tried(ToolExposure::None, &[busy, broken], 0).await, (COMPLETED.to_owned(), 3));
    let (transcript, attempts) = tried(ToolExposure::None, &[busy, busy, broken], 0).await;
    assert_eq!(
        transcript,
        "error InternalServerError: provider `test` failed: no [HTTP 500, c, request req_7, POST HOST/v1/responses]\n"
    );
    assert_eq!(attempts, 3);
}

#[tokio::test]
async fn hosted_request_is_retried_only_if_not_started() {
    let (busy, overloaded) = (("429 Too Many Requests", NOW), ("503 Service Unavailable", NOW));
    assert_eq!(tried(ToolExposure::Hosted, &[busy, overloaded], 0).await, (COMPLETED.to_owned(), 3));
    assert_eq!(tried(ToolExposure::Hosted, &[("500 Internal Server Error", NOW)], 0).await.1, 1);
    let server = MockServer::play([vec![], complete_response()]);
    let transcript = all(&provider(&server.base_url(), PATIENT, 0), request(ToolExposure::Hosted)).await;
    assert!(transcript.contains("` at HOST was lost before it answered: "), "{transcript}");
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn retry_after_over_30_seconds_is_final() {
    let (transcript, attempts) =
        tried(ToolExposure::None, &[("429 Too Many Requests", "retry-after: 31\r\n")], 0).await;
    assert!(transcript.starts_with("error RateLimitExceeded: "), "{transcript}");
    assert_eq!(attempts, 1);
}

#[tokio::test]
async fn unreachable_provider_is_named() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let transcript =
        all(&provider(&format!("http://{address}/key-old-secret"), PATIENT, 0), request(ToolExposure::None)).await;
    assert_eq!(
        transcript,
        "error Other: provider `test` at HOST cannot be reached: connection refused; check its base_url, and that the \
         server runs\n"
    );
}

#[tokio::test]
async fn lost_request_is_retried() {
    let server = MockServer::play([vec![], complete_response()]);
    let transcript = all(&provider(&server.base_url(), PATIENT, 0), request(ToolExposure::None)).await;
    assert_eq!((transcript.as_str(), server.requests().len()), (COMPLETED, 2));
}

#[tokio::test]
async fn response_truncated_before_any_event_is_retried() {
    let silent = || vec![Step::Send(stream(events(&[json!({"type": "response.created", "response": {}})])))];
    let server = MockServer::play([silent(), vec![Step::Send(stream(""))], complete_response()]);
    let transcript = all(&provider(&server.base_url(), PATIENT, 0), request(ToolExposure::Standalone)).await;
    assert_eq!((transcript.as_str(), server.requests().len()), (COMPLETED, 3));

    let server = MockServer::play([silent(), silent(), silent(), complete_response()]);
    let transcript = all(&provider(&server.base_url(), PATIENT, 0), request(ToolExposure::Standalone)).await;
    let cut = "error InternalServerError: the provider's response ended early\n";
    assert_eq!((transcript.as_str(), server.requests().len()), (cut, 3));
}

#[tokio::test]
async fn all_retries_share_one_budget() {
    let cut = || vec![Step::Send(stream(""))];
    let broken = || vec![Step::Send(response("500 Internal Server Error", NOW, "{}"))];
    for scripts in
        [[broken(), cut(), broken(), cut()], [cut(), vec![], cut(), broken()], [vec![], broken(), cut(), cut()]]
    {
        let server = MockServer::play(scripts.into_iter().chain([complete_response()]));
        let transcript = all(&provider(&server.base_url(), PATIENT, 0), request(ToolExposure::None)).await;
        assert!(transcript.starts_with("error "), "{transcript}");
        assert_eq!(server.requests().len(), 3);
    }
}

#[tokio::test]
async fn used_or_billable_response_is_not_retried() {
    let delta = json!({"type": "response.output_text.delta", "item_id": "m", "delta": "Hi"});
    for (exposure, list) in [(ToolExposure::Standalone, vec![delta]), (ToolExposure::Hosted, Vec::new())] {
        let server = MockServer::play([vec![Step::Send(stream(events(&list)))], complete_response()]);
        let transcript = all(&provider(&server.base_url(), PATIENT, 0), request(exposure)).await;
        assert!(
            transcript.ends_with("error InternalServerError: the provider's response ended early\n"),
            "{transcript}"
        );
        assert_eq!(server.requests().len(), 1, "{exposure:?}");
    }
}

#[tokio::test]
async fn retries_are_configurable() {
    let never = Retries { request: 0, stream: 0 };
    let broken = Step::Send(response("500 Internal Server Error", NOW, "{}"));
    for first in [vec![], vec![broken], vec![Step::Send(stream(""))]] {
        let server = MockServer::play([first, complete_response()]);
        let provider = HttpProvider { retries: never, ..provider(&server.base_url(), PATIENT, 0) };
        let transcript = all(&provider, request(ToolExposure::None)).await;
        assert!(transcript.starts_with("error "), "{transcript}");
        assert_eq!(server.requests().len(), 1);
    }
}

#[tokio::test]
async fn request_refused_by_the_gate_is_not_sent() {
    let gate = SendGate::new(|| Err(image_error(ImageErrorKind::ApprovalDenied, "it is off")));
    let server = MockServer::play([complete_response(), complete_response()]);
    let request = ModelRequest { gate, ..request(ToolExposure::Hosted) };
    let transcript = all(&provider(&server.base_url(), PATIENT, 0), request).await;
    assert!(transcript.contains("it is off"), "{transcript}");
    assert_eq!(server.requests().len(), 0);
}
