use easel_protocol::event::TokenUsage;
use proptest::prelude::*;
use serde_json::json;

use super::*;

fn samples() -> [Value; 3] {
    let image = json!({"type": "image_generation_call", "id": "ig", "result": 0, "error": null});
    let call =
        json!({"type": "function_call", "id": "fc", "call_id": "c", "namespace": null, "arguments": "{\"a\":1}"});
    [
        json!({"type": "response.output_item.done", "output_index": 3, "item": image}),
        json!({"type": "response.output_text.delta", "item_id": "m", "delta": "é\u{1f600}"}),
        json!({"type": "response.completed", "response": {"output": [image, call], "usage": {"input_tokens": 1}}}),
    ]
}

proptest! {
    #[test]
    fn any_event_is_parsed_or_rejected(
        which in 0usize..3,
        at in 0usize..400,
        bytes in proptest::collection::vec(any::<u8>(), 0..4),
        removed in 0usize..4,
    ) {
        let mut data = samples()[which].to_string().into_bytes();
        let at = at.min(data.len());
        data.splice(at..(at + removed).min(data.len()), bytes);
        // The result does not matter here, only that parsing neither panics nor hangs.
        let _ = (parse_event(b"", &data), parse_response(&data));
    }
}

#[test]
fn invalid_token_counts_are_zero() {
    let usage = json!({"input_tokens": -5, "output_tokens": "many", "total_tokens": null});
    let response = json!({"output": [], "usage": usage}).to_string();
    let Ok(StreamEvent::Ended(ended)) = parse_response(response.as_bytes()) else { panic!("not a response") };
    assert_eq!(ended.usage, TokenUsage::default());
}

#[test]
fn positions_come_from_events_and_responses() {
    let item = json!({"type": "message", "id": "m", "content": "Hi"});
    let done = json!({"type": "response.output_item.done", "output_index": 7, "item": item}).to_string();
    let Ok(StreamEvent::ItemDone(done)) = parse_event(b"", done.as_bytes()) else { panic!("not an item") };
    assert_eq!(done.key, ItemKey { position: Some(7), id: "m".to_owned() });
    let Ok(StreamEvent::Ended(ended)) =
        parse_response(json!({"output": [{"type": "reasoning"}, item]}).to_string().as_bytes())
    else {
        panic!("not a response")
    };
    assert_eq!(ended.output[1].key.position, Some(1));
    for strange in [json!(-1), json!("0"), json!(1.5), json!(null), json!(9_999_999_999_u64)] {
        let event = json!({"type": "response.output_item.done", "output_index": strange, "item": {"type": "message"}});
        let Ok(StreamEvent::ItemDone(item)) = parse_event(b"", event.to_string().as_bytes()) else {
            panic!("{strange}")
        };
        assert_eq!(item.key.position, None, "{strange}");
    }
}

fn done(item: &Value) -> Result<StreamEvent, InvalidEvent> {
    parse_event(b"", json!({"type": "response.output_item.done", "item": item}).to_string().as_bytes())
}

#[test]
fn names_over_their_limit_are_rejected() {
    // Each character takes twelve bytes as JSON.
    let (longest, too_long) = ("\u{1f600}".repeat(256), "x".repeat(257));
    for field in ["call_id", "name", "namespace"] {
        let item = |name: &str| done(&json!({"type": "function_call", field: name}));
        assert!(item(&longest).is_ok(), "{field}");
        assert_eq!(item(&too_long).unwrap_err(), InvalidEvent::NameTooLong, "{field}");
        assert_eq!(item(&"x".repeat(1 << 20)).unwrap_err(), InvalidEvent::NameTooLong, "{field}");
    }
    // Some gateways encrypt the ids of items, to some 400 characters.
    assert!(done(&json!({"type": "function_call", "id": "x".repeat(1_024)})).is_ok());
    assert_eq!(
        done(&json!({"type": "function_call", "id": "x".repeat(1_025)})).unwrap_err(),
        InvalidEvent::NameTooLong
    );
    let event = json!({"type": "response.output_text.delta", "item_id": "x".repeat(2_000), "delta": "Hi"});
    assert_eq!(parse_event(b"", event.to_string().as_bytes()).unwrap_err(), InvalidEvent::NameTooLong);
    let kind = json!({"type": "x".repeat(2_000)});
    assert_eq!(parse_event(b"", kind.to_string().as_bytes()).unwrap_err(), InvalidEvent::NameTooLong);
}

#[test]
fn image_is_parsed_without_names_that_are_too_long() {
    let long = "x".repeat(2_000);
    let image = json!({"type": "image_generation_call", "id": long, "status": long, "result": 0});
    let Ok(StreamEvent::ItemDone(Item { key, content: ItemContent::Image(image) })) = done(&image) else {
        panic!("not an image")
    };
    assert_eq!((key, image.status.as_str(), image.result), (ItemKey::default(), "", Some(0)));
}

#[test]
fn invalid_item_does_not_hide_the_others() {
    let (image, call) =
        (json!({"type": "image_generation_call"}), json!({"type": "function_call", "name": "x".repeat(300)}));
    let response = json!({"status": "completed", "output": [call, image]}).to_string();
    let Ok(StreamEvent::Ended(ended)) = parse_response(response.as_bytes()) else { panic!("not a response") };
    assert_eq!((ended.output.len(), ended.invalid), (1, Some(InvalidEvent::NameTooLong)));
    assert_eq!(ended.output[0].key.position, Some(1));
}

#[test]
fn list_over_its_limit_is_rejected() {
    let many = format!("[{}0]", "0,".repeat(1 << 20));
    let completed = format!(r#"{{"type":"response.completed","response":{{"output":{many}}}}}"#);
    let Ok(StreamEvent::Ended(ended)) = parse_event(b"", completed.as_bytes()) else { panic!("not a response") };
    assert_eq!((ended.output.len(), ended.invalid), (0, Some(InvalidEvent::TooManyItems)));
    // An error of any size is still an error.
    let failed = format!(r#"{{"type":"response.failed","response":{{"error":{many},"usage":{many}}}}}"#);
    let Ok(StreamEvent::Ended(FinalResponse { status: ResponseStatus::Failed, error: Some(error), .. })) =
        parse_event(b"", failed.as_bytes())
    else {
        panic!("not a failed response")
    };
    assert!(error.as_object().is_some_and(serde_json::Map::is_empty));
}

#[test]
fn message_parts_are_joined() {
    let content = json!([{"text": "a"}, {"refusal": "b"}, {"type": "x"}, {"text": null, "refusal": "c"}]);
    let Ok(StreamEvent::ItemDone(Item { content: ItemContent::Message(text), .. })) =
        done(&json!({"type": "message", "content": content}))
    else {
        panic!("not a message")
    };
    assert_eq!(text, "abc");
    let empty = format!("[{}{{}}]", "{},".repeat(1 << 20));
    let message = format!(r#"{{"type":"response.output_item.done","item":{{"type":"message","content":{empty}}}}}"#);
    assert!(matches!(parse_event(b"", message.as_bytes()), Ok(StreamEvent::ItemDone(_))));
}
