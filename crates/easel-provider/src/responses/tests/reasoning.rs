//! Reasoning: the parameters of a request, the events of a response, and what is kept for later requests.

use easel_imagegen::port::{ModelRequest, Reasoning};
use easel_protocol::model::ReasoningSummary;
use easel_protocol::response_item::{ContentItem, MessageRole, ReasoningSummaryText, ReasoningText, ResponseItem};
use easel_protocol::tool::ToolExposure;
use easel_testkit::http::{MockServer, Step};
use serde_json::{Value, json};

use super::fixture::{
    Keys, MemoryFiles, PATIENT, all, all_with, events, provider, reference, request, response, stream,
};
use super::sending::{COMPLETED, complete_response, image, message, text};
use super::text::{call, completed, delta, done_at, transcript};
use crate::provider::HttpProvider;

fn added(id: &str) -> Value {
    json!({"type": "response.output_item.added", "output_index": 0, "item": {"type": "reasoning", "id": id, "summary": []}})
}

fn part_added(id: &str, index: u32) -> Value {
    json!({"type": "response.reasoning_summary_part.added", "item_id": id, "output_index": 0, "summary_index": index,
        "part": {"type": "summary_text", "text": ""}})
}

fn summary_event(kind: &str, id: &str, index: u32, text: &str) -> Value {
    json!({"type": format!("response.reasoning_summary_text.{kind}"), "item_id": id, "output_index": 0,
        "summary_index": index, "delta": text, "text": text})
}

fn text_event(kind: &str, id: &str, index: u32, text: &str) -> Value {
    json!({"type": format!("response.reasoning_text.{kind}"), "item_id": id, "output_index": 0, "content_index": index,
        "delta": text, "text": text})
}

fn item(id: &str, summary: &[&str], encrypted: Option<&str>) -> Value {
    let summary: Vec<Value> = summary.iter().map(|text| json!({"type": "summary_text", "text": text})).collect();
    json!({"type": "reasoning", "id": id, "summary": summary, "encrypted_content": encrypted, "status": null})
}

fn reply(id: &str, text: &str) -> Value {
    json!({"type": "message", "id": id, "role": "assistant", "content": [{"type": "output_text", "text": text}]})
}

#[tokio::test]
async fn summary_and_reasoning_text_are_streamed_once() {
    let mut whole = item("rs_1", &["Cats", "Dogs"], None);
    whole["content"] = json!([{"type": "reasoning_text", "text": "Hm"}]);
    let body = events(&[
        added("rs_1"),
        part_added("rs_1", 0),
        summary_event("delta", "rs_1", 0, "Ca"),
        summary_event("delta", "rs_1", 0, "ts"),
        summary_event("done", "rs_1", 0, "Cats"),
        part_added("rs_1", 1),
        summary_event("delta", "rs_1", 1, "Dogs"),
        text_event("delta", "rs_1", 0, "Hm"),
        text_event("done", "rs_1", 0, "Hm"),
        done_at(0, &whole),
        done_at(1, &reply("msg_1", "Hi")),
        completed(&[whole, reply("msg_1", "Hi")]),
    ]);
    insta::assert_snapshot!(transcript(body).await, @r#"
    reasoning rs_1
    part rs_1 Summary(0)
    delta rs_1 Summary(0) "Ca"
    delta rs_1 Summary(0) "ts"
    part rs_1 Summary(1)
    delta rs_1 Summary(1) "Dogs"
    part rs_1 Content(0)
    delta rs_1 Content(0) "Hm"
    reasoned rs_1 ["Cats", "Dogs"] ["Hm"] 
    message msg_1 "Hi"
    completed 120 = 100 (5 cached) + 20 (3 reasoning)
    "#);
}

#[tokio::test]
async fn servers_without_deltas_or_parts_give_the_same_events() {
    let expected =
        "reasoning rs_1\npart rs_1 Summary(0)\ndelta rs_1 Summary(0) \"Cats\"\nreasoned rs_1 [\"Cats\"] [] \n";
    let whole = item("rs_1", &["Cats"], None);
    let end = || completed(&[]);
    for body in [
        vec![added("rs_1"), summary_event("delta", "rs_1", 0, "Cats"), done_at(0, &whole), end()],
        vec![added("rs_1"), summary_event("done", "rs_1", 0, "Cats"), done_at(0, &item("rs_1", &[], None)), end()],
        vec![summary_event("delta", "rs_1", 7, "Cats"), end()],
        vec![done_at(0, &whole), done_at(0, &whole), completed(std::slice::from_ref(&whole))],
        vec![added("rs_1"), completed(std::slice::from_ref(&whole))],
        vec![completed(std::slice::from_ref(&whole))],
    ] {
        let found = transcript(events(&body)).await;
        assert_eq!(found.strip_suffix(COMPLETED), Some(expected), "{body:#?}");
    }
}

#[tokio::test]
async fn empty_reasoning_is_shown_only_if_it_is_streamed() {
    let empty = item("rs_1", &[], None);
    let shown = format!("reasoning rs_1\nreasoned rs_1 [] [] \n{COMPLETED}");
    assert_eq!(
        transcript(events(&[added("rs_1"), done_at(0, &empty), completed(std::slice::from_ref(&empty))])).await,
        shown
    );
    assert_eq!(transcript(events(&[completed(&[empty])])).await, COMPLETED);
}

#[tokio::test]
async fn reasoning_before_each_call_is_separate() {
    let body = events(&[
        done_at(0, &item("rs_1", &["A"], None)),
        done_at(1, &call("fc_1", "call_1", "a")),
        done_at(2, &item("rs_2", &["B"], None)),
        done_at(3, &call("fc_2", "call_2", "b")),
        completed(&[]),
    ]);
    let found = transcript(body).await;
    let kinds: Vec<&str> = found.lines().filter_map(|line| line.split_once(' ')).map(|(kind, _)| kind).collect();
    let one = ["reasoning", "part", "delta", "reasoned", "call"];
    assert_eq!(kinds, [&one[..], &one[..], &["completed"]].concat(), "{found}");
}

#[tokio::test]
async fn oversized_reasoning_fails_the_response() {
    let parts: Vec<Value> = (0..300).map(|index| part_added("rs_1", index)).collect();
    let found = transcript(events(&parts)).await;
    assert!(found.ends_with("the provider's model sent reasoning with too many parts\n"), "{found}");
    let deltas: Vec<Value> = (0..5).map(|_| text_event("delta", "rs_1", 0, &"x".repeat(1 << 20))).collect();
    let found = transcript(events(&deltas)).await;
    assert!(found.ends_with("the provider's model sent more than 4 MiB of reasoning\n"), "{}", found.len());
}

/// Returns the bodies that were sent, after one response each.
async fn bodies(keep: bool, requests: Vec<ModelRequest>, scripts: Vec<Vec<Step>>) -> (Vec<String>, Vec<Value>) {
    let server = MockServer::play(scripts);
    let provider = keeping(&server, keep);
    let mut transcripts = Vec::new();
    for request in requests {
        let (reference, bytes) = reference("img_a", 72, 7);
        let files = MemoryFiles([(reference.path.clone(), bytes)].into());
        transcripts.push(all_with(&provider, ModelRequest { images: vec![reference], ..request }, files).await);
    }
    let bodies = server.requests().iter().map(|sent| serde_json::from_slice(&sent.body).unwrap()).collect();
    (transcripts, bodies)
}

fn keeping(server: &MockServer, keep: bool) -> HttpProvider<Keys> {
    let mut provider = provider(&server.base_url(), PATIENT, 0);
    provider.client.profile.keep_reasoning = keep;
    provider
}

#[tokio::test]
async fn effort_and_summary_are_sent_only_if_set() {
    for (effort, summary, expected) in [
        (None, None, None),
        (Some("high"), None, Some(json!({"effort": "high"}))),
        (None, Some(ReasoningSummary::Detailed), Some(json!({"summary": "detailed"}))),
        (Some("none"), Some(ReasoningSummary::Auto), Some(json!({"effort": "none", "summary": "auto"}))),
        (None, Some(ReasoningSummary::None), None),
    ] {
        let reasoning = Reasoning { effort: effort.map(str::to_owned), summary };
        let request = ModelRequest { reasoning, ..request(ToolExposure::None) };
        let (_, bodies) = bodies(false, vec![request], vec![complete_response()]).await;
        assert_eq!(bodies[0].get("reasoning"), expected.as_ref());
        assert_eq!(bodies[0].get("include"), None);
    }
}

fn kept(id: &str) -> ResponseItem {
    ResponseItem::Reasoning {
        id: Some(id.to_owned()),
        summary: vec![ReasoningSummaryText::SummaryText { text: "Cats".to_owned() }],
        content: Some(vec![ReasoningText::ReasoningText { text: "Hm".to_owned() }]),
        encrypted_content: format!("encrypted {id}").into(),
    }
}

/// A conversation with reasoning before a message and a call, and without an item of the model after it.
fn conversation() -> ModelRequest {
    let assistant = message(MessageRole::Assistant, vec![ContentItem::OutputText { text: "Yes.".into() }]);
    let call = ResponseItem::FunctionCall {
        call_id: "c".into(),
        namespace: None,
        name: "imagegen".to_owned(),
        arguments: "{}".to_owned(),
    };
    let output = ResponseItem::FunctionCallOutput { call_id: "c".into(), output: vec![image("img_a", None)] };
    let user = |said| message(MessageRole::User, vec![text(said)]);
    let input = vec![kept("rs_0"), user("Hi"), kept("rs_1"), assistant, kept("rs_2"), kept("rs_3"), call, output];
    let input = input.into_iter().chain([kept("rs_4"), user("And?"), kept("rs_5")]).collect();
    ModelRequest { input, ..request(ToolExposure::None) }
}

fn kinds(body: &Value) -> Vec<&str> {
    let input = body["input"].as_array().unwrap().iter();
    input
        .map(|item| item["id"].as_str().filter(|id| id.starts_with("rs")).unwrap_or(item["type"].as_str().unwrap()))
        .collect()
}

#[tokio::test]
async fn kept_reasoning_is_sent_back_unchanged_before_its_item() {
    let (_, sent) = bodies(true, vec![conversation()], vec![complete_response()]).await;
    let expected = ["message", "rs_1", "message", "rs_2", "rs_3", "function_call", "function_call_output", "message"];
    assert_eq!(kinds(&sent[0]), expected);
    assert_eq!(
        sent[0]["input"][1],
        json!({"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Cats"}],
            "content": [{"type": "reasoning_text", "text": "Hm"}], "encrypted_content": "encrypted rs_1"}),
    );
    assert_eq!(sent[0]["include"], json!(["reasoning.encrypted_content"]));
    let (_, sent) = bodies(false, vec![conversation()], vec![complete_response()]).await;
    assert_eq!(kinds(&sent[0]), ["message", "message", "function_call", "function_call_output", "message"]);
}

#[tokio::test]
async fn encrypted_reasoning_is_kept_without_its_status() {
    let whole = item("rs_1", &["Cats"], Some("gAAAAA"));
    let body = stream(events(&[added("rs_1"), done_at(0, &whole), done_at(1, &reply("m", "Hi")), completed(&[])]));
    let script = vec![Step::Send(body)];
    let model_item = r#"{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"Cats"}],"encrypted_content":"gAAAAA"}"#;
    for (keep, expected) in [(true, model_item), (false, "")] {
        let (found, _) = bodies(keep, vec![request(ToolExposure::None)], vec![script.clone()]).await;
        assert!(found[0].contains(&format!("reasoned rs_1 [\"Cats\"] [] {expected}\n")), "{}", found[0]);
    }
}

fn refusal(error: &Value) -> Vec<Step> {
    vec![Step::Send(response("400 Bad Request", "", json!({"error": error}).to_string()))]
}

#[tokio::test]
async fn refused_reasoning_is_left_out_until_the_process_ends() {
    for error in [
        json!({"message": "The encrypted content gAAAAAB could not be verified.", "code": "invalid_encrypted_content"}),
        json!({"message": "Encrypted content is not supported with this model.", "param": "include"}),
        json!({"message": "Item 'rs_1' of type 'reasoning' was provided without its required following item."}),
    ] {
        let scripts = vec![refusal(&error), complete_response(), complete_response()];
        let (found, sent) = bodies(true, vec![conversation(), conversation()], scripts).await;
        assert_eq!(found, [COMPLETED, COMPLETED], "{error}");
        assert_eq!(sent[0]["include"], json!(["reasoning.encrypted_content"]));
        for later in &sent[1..] {
            assert_eq!(kinds(later), ["message", "message", "function_call", "function_call_output", "message"]);
            assert_eq!(later.get("include"), None);
        }
    }
}

#[tokio::test]
async fn reasoning_refused_inside_the_response_is_left_out() {
    let error = json!({"code": "invalid_encrypted_content", "message": "It could not be verified."});
    let failed = json!({"type": "response.failed", "response": {"status": "failed", "error": error}});
    let scripts = vec![vec![Step::Send(stream(events(&[failed])))], complete_response()];
    let (found, sent) = bodies(true, vec![conversation()], scripts).await;
    assert_eq!((found[0].as_str(), sent.len()), (COMPLETED, 2));
    assert_eq!(sent[1].get("include"), None);
}

#[tokio::test]
async fn second_refusal_of_reasoning_is_final() {
    let error = json!({"message": "The encrypted content gAAAAABmZ_x= could not be verified."});
    let (found, sent) = bodies(true, vec![conversation()], vec![refusal(&error), refusal(&error)]).await;
    assert_eq!(sent.len(), 2);
    let shown =
        "error BadRequest: provider `test` refused the request: The encrypted content *** could not be verified.";
    assert!(found[0].starts_with(shown), "{}", found[0]);
    let (_, sent) = bodies(false, vec![conversation()], vec![refusal(&error)]).await;
    assert_eq!(sent.len(), 1, "nothing to leave out");
}

#[tokio::test]
async fn images_are_found_after_reasoning_is_left_out() {
    let reasoning = json!({"message": "The encrypted content could not be verified."});
    // The position of the image without the three items of reasoning before it.
    let image = json!({"message": "Invalid image.", "param": "input[3].output[0].image_url"});
    let scripts = vec![refusal(&reasoning), refusal(&image), complete_response()];
    let (found, sent) = bodies(true, vec![conversation()], scripts).await;
    assert_eq!(found[0], COMPLETED);
    let text = sent[2]["input"][3]["output"][0]["text"].as_str().unwrap();
    assert_eq!(text, "Image img_a cannot be shown: the provider did not accept it.");
}

#[tokio::test]
async fn response_cut_while_reasoning_is_requested_again() {
    let cut = |events_: &[Value]| vec![Step::Send(stream(events(events_)))];
    let whole = vec![Step::Send(stream(events(&[delta("m", "Hi"), completed(&[])])))];
    let server = MockServer::play([cut(&[added("rs_1"), summary_event("delta", "rs_1", 0, "Ca")]), whole.clone()]);
    let found = all(&keeping(&server, true), request(ToolExposure::Standalone)).await;
    let expected = "reasoning rs_1\npart rs_1 Summary(0)\ndelta rs_1 Summary(0) \"Ca\"\nreasoned rs_1 [\"Ca\"] [] \n\
                    delta m \"Hi\"\nmessage m \"Hi\"\n";
    assert_eq!(found, format!("{expected}{COMPLETED}"));

    let kept = [added("rs_1"), done_at(0, &item("rs_1", &[], Some("gAAAAA")))];
    let server = MockServer::play([cut(&kept), whole]);
    let found = all(&keeping(&server, true), request(ToolExposure::Standalone)).await;
    assert!(found.ends_with("the provider's response ended early\n"), "{found}");
    assert_eq!(server.requests().len(), 1, "what is kept must not be kept twice");
}
