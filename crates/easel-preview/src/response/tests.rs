use easel_imagegen::history::History;
use easel_imagegen::model_copy::ModelCopies;
use easel_imagegen::port::{Origin, Provenance, Reasoning, ThreadImage};
use easel_protocol::record::{ImageFacts, MediaType};
use easel_protocol::response_item::{ContentItem, MessageRole, ResponseItem};

use super::*;
use crate::{PreviewProvider, conversation};
use easel_imagegen::port::Provider;

fn text(text: &str) -> ContentItem {
    ContentItem::InputText { text: text.into() }
}

fn picture(handle: &str) -> ContentItem {
    ContentItem::InputImage { image_url: format!("easel:{handle}"), detail: None }
}

fn user(content: Vec<ContentItem>) -> ResponseItem {
    ResponseItem::Message { role: MessageRole::User, content }
}

fn call_of(call_id: &str, arguments: &str) -> ResponseItem {
    ResponseItem::FunctionCall {
        call_id: call_id.into(),
        namespace: Some("image_gen".to_owned()),
        name: "imagegen".to_owned(),
        arguments: arguments.to_owned(),
    }
}

fn output_of(call_id: &str, output: Vec<ContentItem>) -> ResponseItem {
    ResponseItem::FunctionCallOutput { call_id: call_id.into(), output }
}

fn hosted(handle: &str) -> ResponseItem {
    ResponseItem::ImageGenerationCall {
        id: "ig".into(),
        status: "completed".to_owned(),
        revised_prompt: None,
        result: format!("easel:{handle}"),
    }
}

fn reference(handle: &str) -> Reference {
    let facts = ImageFacts {
        sha256: String::new(),
        media_type: MediaType::Png,
        width: 1536,
        height: 1024,
        bytes: 1,
        has_alpha: false,
    };
    Reference {
        id: Some(handle.into()),
        path: format!("/home/{handle}.png").into(),
        facts,
        provenance: Provenance::User,
    }
}

fn request(exposure: ToolExposure, input: Vec<ResponseItem>, images: &[&str]) -> ModelRequest {
    let images: Vec<_> = images.iter().map(|handle| reference(handle)).collect();
    let known = ["img_1", "img_h"].map(reference);
    let known = known.into_iter().map(|reference| ThreadImage {
        origin: Origin::Generated,
        reference,
        prompt: None,
        edited_from: Vec::new(),
        note: None,
    });
    ModelRequest {
        thread_id: "thread".into(),
        history: History { items: input.clone(), images: known.collect() },
        model: "preview-1".to_owned(),
        instructions: String::new(),
        reasoning: Reasoning::default(),
        output_schema: None,
        originator: String::new(),
        input,
        copies: ModelCopies::new(),
        images,
        exposure,
        tools: Vec::new(),
        partial_images: 0,
        gate: SendGate::open(),
    }
}

fn answered(request: &ModelRequest) -> RuleResponse {
    respond(request, 7, &PreviewProvider::default().info().capabilities, Drawer::Preview)
}

/// The whole message, after a check that its deltas add up to it and that the answer is complete.
fn said(answer: &RuleResponse) -> String {
    let mut deltas = String::new();
    let mut message = None;
    for event in &answer.events {
        match event {
            ModelEvent::TextDelta { delta, .. } => deltas.push_str(delta),
            ModelEvent::Message { text, .. } => message = Some(text.clone()),
            ModelEvent::Completed { usage } => assert_eq!(usage.total_tokens, usage.input_tokens + usage.output_tokens),
            ModelEvent::RequestId { .. }
            | ModelEvent::Reasoning { .. }
            | ModelEvent::FunctionCall(_)
            | ModelEvent::HostedStarted { .. }
            | ModelEvent::HostedPreview { .. }
            | ModelEvent::HostedEnded { .. } => panic!("not a message: {event:?}"),
        }
    }
    assert_eq!(message.as_ref(), Some(&deltas));
    assert!(matches!(answer.events.last(), Some(ModelEvent::Completed { .. })));
    deltas
}

fn called(answer: &RuleResponse) -> &str {
    let [ModelEvent::FunctionCall(call), ModelEvent::Completed { .. }] = answer.events.as_slice() else {
        panic!("not one call: {:?}", answer.events);
    };
    assert!(spec::is_standalone(call.namespace.as_deref(), &call.name));
    &call.arguments
}

fn standalone(input: Vec<ResponseItem>) -> RuleResponse {
    answered(&request(ToolExposure::Standalone, input, &[]))
}

#[test]
fn text_becomes_one_call() {
    let answer = standalone(vec![user(vec![text("User: draw a red square")])]);
    assert_eq!(called(&answer), r#"{"prompt":"draw a red square"}"#);
}

#[test]
fn call_sets_only_requested_parameters() {
    let answer = standalone(vec![user(vec![text("a fox, 1536x1024, transparent")])]);
    let expected = r#"{"prompt":"a fox, 1536x1024, transparent","size":"1536x1024","background":"transparent"}"#;
    let value: Value = serde_json::from_str(called(&answer)).unwrap();
    assert_eq!(value, serde_json::from_str::<Value>(expected).unwrap());
}

#[test]
fn attachments_make_an_edit() {
    let mut content = vec![text("put A into B")];
    content.push(picture("img_a"));
    content.push(picture("img_b"));
    let value: Value = serde_json::from_str(called(&standalone(vec![user(content)]))).unwrap();
    assert_eq!(value, serde_json::json!({"prompt": "put A into B", "action": "edit"}));
}

#[test]
fn attachment_beyond_the_budget_still_counts() {
    let answer = standalone(vec![user(vec![text("a red square"), picture("img_old")])]);
    assert!(called(&answer).contains(r#""action":"edit""#));
}

#[test]
fn reference_to_older_picture_requires_one() {
    let earlier = |output| {
        vec![
            user(vec![text("draw a fox")]),
            call_of("call_1", r#"{"prompt":"draw a fox"}"#),
            output_of("call_1", output),
            user(vec![text("make it blue")]),
        ]
    };
    assert!(called(&standalone(earlier(vec![picture("img_1")]))).contains(r#""action":"edit""#));
    let failed = vec![text("No image was made: the disk is full. Tell the user.")];
    assert!(!called(&standalone(earlier(failed))).contains("action"));
}

#[test]
fn generated_images_count_until_they_are_deleted() {
    let items = vec![user(vec![text("draw a fox")]), hosted("img_h"), user(vec![text("make it blue")])];
    let mut history = request(ToolExposure::Hosted, items, &[]).history;
    assert_eq!(Conversation::read(&history).generated_before, 1);
    history.images.retain(|image| image.reference.id.as_deref() != Some("img_h"));
    assert_eq!(Conversation::read(&history).generated_before, 0);
}

#[test]
fn output_is_followed_by_one_sentence() {
    let after = |arguments: &str, output| {
        let items = vec![user(vec![text("x")]), call_of("call_1", arguments), output_of("call_1", output)];
        said(&standalone(items))
    };
    assert_eq!(
        after(r#"{"prompt":"draw a fox"}"#, vec![picture("img_1")]),
        r#"Here is your picture: "draw a fox" (1536x1024, preview)."#
    );
    assert_eq!(
        after(r#"{"prompt":"bluer","action":"edit"}"#, vec![picture("img_1")]),
        r#"Here is your edited picture: "bluer" (1536x1024, preview)."#
    );
    assert_eq!(
        after(r#"{"prompt":"a fox"}"#, vec![text("No image was made: the disk is full. Tell the user.")]),
        r#"I could not make the picture "a fox". No image was made: the disk is full. Tell the user."#
    );
    assert!(after("not json", vec![]).starts_with("Here is your picture"));
}

#[test]
fn user_message_after_output_is_a_new_request() {
    let input = vec![
        user(vec![text("draw a fox")]),
        call_of("call_1", r#"{"prompt":"draw a fox"}"#),
        output_of("call_1", vec![picture("img_1")]),
        user(vec![text("draw a goose")]),
    ];
    assert_eq!(called(&standalone(input)), r#"{"prompt":"draw a goose"}"#);
}

#[test]
fn response_without_tool_says_why() {
    let answer = answered(&request(ToolExposure::None, vec![user(vec![text("draw a fox")])], &[]));
    assert_eq!(said(&answer), NO_TOOL);
    assert!(answer.hosted.is_none());
}

#[test]
fn empty_message_is_answered_with_a_question() {
    assert_eq!(said(&standalone(vec![user(vec![text("  ")])])), crate::rule::NOTHING_TO_DRAW);
    assert_eq!(said(&standalone(Vec::new())), crate::rule::NOTHING_TO_DRAW);
}

#[test]
fn hosted_edit_uses_attachments_in_order() {
    let mut content = vec![text("put A into B")];
    content.push(picture("img_b"));
    content.push(picture("img_a"));
    let request = request(ToolExposure::Hosted, vec![user(content)], &["img_a", "img_b"]);
    let answer = answered(&request);
    let [ModelEvent::HostedStarted { call_id, requested, references }] = answer.events.as_slice() else {
        panic!("not one start: {:?}", answer.events);
    };
    assert_eq!(requested.action, ImageAction::Edit);
    assert_eq!(references, &[reference("img_b"), reference("img_a")]);
    let job = answer.hosted.unwrap().to_job().unwrap();
    assert_eq!((job.item_id.as_str(), &job.references), (call_id.as_str(), references));
}

#[test]
fn hosted_image_ends_before_the_sentence() {
    let input = vec![user(vec![text("draw a fox")])];
    let call = answered(&request(ToolExposure::Hosted, input, &[])).hosted.unwrap();
    let outcome =
        easel_imagegen::port::image_error(easel_protocol::record::ImageErrorKind::Storage, "the disk is full");
    let mut events = call.to_end_events(Err(outcome));
    assert!(matches!(events.remove(0), ModelEvent::HostedEnded { outcome: Err(_), .. }));
    let sentence = said(&RuleResponse { events, hosted: None });
    assert_eq!(sentence, r#"I could not make the picture "draw a fox": the disk is full."#);
}

#[test]
fn shown_images_keep_their_position() {
    let mut content = vec![text("x")];
    content.push(picture("img_a"));
    let input = vec![
        user(vec![text("hello")]),
        user(content),
        output_of("call_1", vec![picture("img_m")]),
        hosted("img_h"),
        user(vec![picture("img_unknown")]),
    ];
    let request = request(ToolExposure::Hosted, input, &["img_a", "img_m", "img_h"]);
    let found: Vec<_> = conversation::shown_images(&request)
        .into_iter()
        .map(|image| (image.origin, image.reference.id.unwrap()))
        .collect();
    let attached = Origin::Attached { message: 1 };
    assert_eq!(
        found,
        [(attached, "img_a".into()), (Origin::Generated, "img_m".into()), (Origin::Generated, "img_h".into())]
    );
}

#[test]
fn only_offered_parameters_are_passed_on() {
    let input = vec![user(vec![text("a fox, 1536x1024, transparent")])];
    let tool = |properties: &[&str]| {
        let properties: Map<String, Value> = properties.iter().map(|name| ((*name).to_owned(), Value::Null)).collect();
        serde_json::json!({ "type": "namespace", "tools": [{ "parameters": { "properties": properties } }] })
    };
    for (properties, parts) in
        [(&["prompt"][..], 0), (&["prompt", "size"][..], 1), (&["prompt", "size", "background"][..], 2)]
    {
        let request =
            ModelRequest { tools: vec![tool(properties)], ..request(ToolExposure::Standalone, input.clone(), &[]) };
        let answer = answered(&request);
        let Some(ModelEvent::FunctionCall(call)) = answer.events.first() else { panic!("a call") };
        let arguments: Value = serde_json::from_str(&call.arguments).unwrap();
        assert_eq!(arguments.as_object().unwrap().len(), 1 + parts, "{arguments}");
    }
}
