//! What a call returns in each format.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use easel_client::Direction;
use easel_protocol::event::Event;
use easel_protocol::method::ToolCall;
use easel_protocol::record::ImageErrorKind;
use easel_protocol::tool::{ToolArguments, ToolCallFormat, ToolCallParams, ToolCallPictures};
use serde_json::{Value, json};

use super::{call, draw, in_format, last_received, params, posts, provider, start};
use crate::harness::conformance::SchemaChecker;
use crate::harness::read_file;

const FORMATS: [ToolCallFormat; 4] =
    [ToolCallFormat::Responses, ToolCallFormat::Anthropic, ToolCallFormat::Mcp, ToolCallFormat::Codex];

/// The base64 of the picture in a response, and the id of the call in its result.
fn find_picture(response: &Value, format: ToolCallFormat) -> (String, String) {
    let result = &response["result"];
    let (picture, id) = match format {
        ToolCallFormat::Responses => (&result["output"][0]["image_url"], &result["call_id"]),
        ToolCallFormat::Anthropic => (&result["content"][0]["source"]["data"], &result["tool_use_id"]),
        ToolCallFormat::Mcp => (&result["content"][1]["data"], &result["_meta"]["easel/callId"]),
        ToolCallFormat::Codex => (&response["contentItems"][0]["imageUrl"], &response["callId"]),
    };
    let picture = picture.as_str().unwrap_or_else(|| panic!("no picture in {response}"));
    let base64 = picture.rsplit_once(',').map_or(picture, |(_, base64)| base64);
    (base64.to_owned(), id.as_str().expect("an id").to_owned())
}

#[tokio::test]
async fn each_format_has_the_file_and_the_id_once() {
    let provider = provider();
    let (_sandbox, mut server, thread_id) = start(&provider).await;
    for (number, format) in FORMATS.into_iter().enumerate() {
        let call_id = format!("toolu_{number} /é");
        let params = in_format(draw(&thread_id, &call_id, "a cat"), format, ToolCallPictures::Original);
        let response = call(&mut server, &params).await;
        assert!(response.success && !response.replayed && response.error.is_none(), "{response:?}");
        assert_eq!((&*response.call_id, &*response.item_id), (&*call_id, &*call_id));
        let file = read_file(&response.images[0].path);
        let (base64, id) = find_picture(&serde_json::to_value(&response).expect("JSON"), format);
        assert_eq!((BASE64.decode(&base64).expect("base64"), id), (file, call_id), "{format:?}");
        let lines: Vec<String> = received(&server.transcript());
        let count = lines.iter().map(|line| line.matches(&base64).count()).sum::<usize>();
        assert_eq!(count, number + 1, "{format:?}: the bytes are in the response only");
    }
    assert_matches_the_schema(&server.transcript());
    server.close().await;
}

/// Checks every message against the schema that Easel publishes.
fn assert_matches_the_schema(transcript: &[(Direction, String)]) {
    let mut checker = SchemaChecker::own();
    for (direction, line) in transcript {
        match direction {
            Direction::Sent => checker.check_request(line),
            Direction::Received => checker.check_received(line),
        }
    }
    assert_eq!(checker.checked_count(), transcript.len());
}

fn received(transcript: &[(Direction, String)]) -> Vec<String> {
    transcript.iter().filter(|(direction, _)| *direction == Direction::Received).map(|(_, line)| line.clone()).collect()
}

#[tokio::test]
async fn events_of_a_call_precede_its_response() {
    let provider = provider();
    let (_sandbox, mut server, thread_id) = start(&provider).await;
    let before = server.transcript().len();
    call(&mut server, &draw(&thread_id, "call_1", "a cat")).await;
    let lines: Vec<Value> =
        received(&server.transcript()[before..]).iter().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let names: Vec<&str> = lines.iter().map(|line| line["method"].as_str().unwrap_or("response")).collect();
    let start = ["thread/status/changed", "turn/started", "item/started", "item/completed"];
    assert_eq!(names[..4], start, "{names:?}");
    assert!(names[4..].contains(&"response") && names[4..].contains(&"turn/completed"), "{names:?}");
    let turn = lines.iter().find(|line| line["method"] == "turn/completed").expect("the end");
    assert_eq!(turn["params"]["turn"]["items"], json!([]), "no message is invented");
    server.close().await;
}

#[tokio::test]
async fn response_without_pictures_is_short() {
    let provider = provider();
    let (_sandbox, mut server, thread_id) = start(&provider).await;
    for (number, format) in FORMATS.into_iter().enumerate() {
        let prompt = "a cat ".repeat(700);
        let params = in_format(draw(&thread_id, &number.to_string(), &prompt), format, ToolCallPictures::None);
        let response = call(&mut server, &params).await;
        let text = serde_json::to_string(&response).expect("JSON");
        let path = serde_json::to_string(&response.images[0].path).expect("JSON");
        assert!(text.contains(&path) && !text.contains("base64"), "{text}");
    }
    assert!(server.longest_line_len() < 64 << 10, "{}", server.longest_line_len());
    server.close().await;
}

#[tokio::test]
async fn response_without_pictures_is_as_long_as_its_records() {
    let provider = provider();
    let (_sandbox, mut server, thread_id) = start(&provider).await;
    let prompt = "a cat ".repeat(5_000);
    let ten = params(&thread_id, "call_1", json!({ "prompt": prompt, "n": 10 }));
    for format in FORMATS {
        let response = call(&mut server, &in_format(ten.clone(), format, ToolCallPictures::None)).await;
        assert_eq!(response.images.len(), 10, "{:?}", response.error);
        let records = serde_json::to_string(&response.images).expect("JSON").len();
        // The Model Context Protocol has them in its metadata too.
        let copies = if format == ToolCallFormat::Mcp { 2 } else { 1 };
        let text = serde_json::to_string(&response).expect("JSON");
        assert!(text.len() < copies * records + (64 << 10), "{format:?}: {}", text.len());
    }
    server.close().await;
}

#[tokio::test]
async fn file_too_large_for_the_format_becomes_a_preview() {
    let provider = provider();
    let (_sandbox, mut server, thread_id) = start(&provider).await;
    let wide = draw(&thread_id, "call_1", "wide");
    let anthropic = in_format(wide.clone(), ToolCallFormat::Anthropic, ToolCallPictures::Original);
    let result = serde_json::to_value(call(&mut server, &anthropic).await.result).expect("JSON");
    assert_eq!(result["content"][0]["source"]["media_type"], "image/jpeg", "{result}");
    assert!(result["content"][1]["text"].as_str().expect("a text").contains("smaller copy"), "{result}");
    let responses = in_format(wide.clone(), ToolCallFormat::Responses, ToolCallPictures::Original);
    let result = serde_json::to_value(call(&mut server, &responses).await.result).expect("JSON");
    assert!(result["output"][0]["image_url"].as_str().expect("a URL").starts_with("data:image/png;"), "{result}");
    let preview = in_format(wide, ToolCallFormat::Codex, ToolCallPictures::Preview);
    let content = serde_json::to_value(call(&mut server, &preview).await.content_items).expect("JSON");
    assert!(content[0]["imageUrl"].as_str().expect("a URL").starts_with("data:image/jpeg;"), "{content}");
    assert_eq!(posts(&provider), 1);
    server.close().await;
}

#[tokio::test]
async fn failure_of_the_tool_is_a_result_for_the_model() {
    let provider = provider();
    let (_sandbox, mut server, thread_id) = start(&provider).await;
    let json = |json: &str| ToolCallParams {
        arguments: ToolArguments::Json(json.to_owned()),
        ..draw(&thread_id, &json.len().to_string(), "")
    };
    let cases = [
        (params(&thread_id, "a", json!({})), ImageErrorKind::InvalidArguments),
        (params(&thread_id, "b", json!({"prompt": "x", "style": "oil"})), ImageErrorKind::InvalidArguments),
        (json("{"), ImageErrorKind::InvalidArguments),
        (
            params(&thread_id, "c", json!({"prompt": "x", "images": ["/etc/hostname"]})),
            ImageErrorKind::ReferenceRefused,
        ),
        (
            params(&thread_id, "d", json!({"prompt": "x", "images": [format!("img_{}", "0".repeat(32))]})),
            ImageErrorKind::ReferenceNotFound,
        ),
        (draw(&thread_id, "e", "bad"), ImageErrorKind::ModerationBlocked),
    ];
    for (params, kind) in cases {
        for format in FORMATS {
            let params = in_format(params.clone(), format, ToolCallPictures::Original);
            let response = call(&mut server, &params).await;
            assert_eq!(response.error.as_ref().map(|error| error.kind), Some(kind), "{response:?}");
            assert!(!response.success && response.images.is_empty());
            let text = serde_json::to_string(&response).expect("JSON");
            assert!(text.contains("No image was made"), "{text}");
        }
    }
    assert_eq!(posts(&provider), 1, "the failed call is not sent again in another format");
    assert_matches_the_schema(&server.transcript());
    server.close().await;
}

#[tokio::test]
async fn wrong_params_are_errors_that_name_the_field() {
    let provider = provider();
    let (_sandbox, mut server, thread_id) = start(&provider).await;
    let good = json!({"threadId": thread_id, "callId": "c", "tool": "imagegen", "arguments": {"prompt": "x"}});
    for (field, value, code) in [
        ("callId", json!(""), -32_602),
        ("callId", json!("x".repeat(257)), -32_602),
        ("arguments", json!(7), -32_602),
        ("arguments", json!({"prompt": "x".repeat(1 << 20)}), -32_602),
        ("format", json!("chat"), -32_602),
        ("tool", json!("shell"), -32_600),
        ("namespace", json!("other"), -32_600),
        ("threadId", json!("none"), -32_600),
    ] {
        let mut wrong = good.clone();
        wrong[field] = value;
        let error = server.call("tool/call", &wrong).await.expect_err(field);
        assert!(error.starts_with(&code.to_string()), "{field}: {error}");
        if code == -32_602 {
            assert_eq!(last_received(&server)["error"]["data"]["field"], field);
        }
    }
    assert_eq!(posts(&provider), 0);
    server.close().await;
}

#[tokio::test]
async fn every_name_of_the_tool_is_accepted() {
    let provider = provider();
    let (_sandbox, mut server, thread_id) = start(&provider).await;
    let names = [
        (Some("image_gen"), "imagegen"),
        (Some("easel"), "imagegen"),
        (None, "image_gen.imagegen"),
        (None, "image_gen__imagegen"),
        (None, "easel_imagegen"),
    ];
    for (namespace, tool) in names {
        let params = ToolCallParams {
            namespace: namespace.map(str::to_owned),
            tool: tool.to_owned(),
            turn_id: Some("the host's own".into()),
            ..draw(&thread_id, tool, &format!("a cat for {namespace:?} {tool}"))
        };
        let params = ToolCallParams { call_id: format!("{namespace:?}{tool}").into(), ..params };
        assert!(call(&mut server, &params).await.success, "{namespace:?} {tool}");
    }
    server.close().await;
}

#[tokio::test]
async fn call_on_a_thread_that_is_not_loaded_is_refused() {
    let provider = provider();
    let (sandbox, mut server, thread_id) = start(&provider).await;
    call(&mut server, &draw(&thread_id, "call_1", "a cat")).await;
    server.close().await;
    let mut server = sandbox.start_server().await;
    let error = server.request_error::<ToolCall>(&draw(&thread_id, "call_2", "a cat")).await;
    assert!(error.contains("thread/resume"), "{error}");
    let is_event = |event: &Event| matches!(event, Event::TurnStarted(_));
    assert!(
        !server.transcript().iter().any(|(_, line)| serde_json::from_str(line).is_ok_and(|event| is_event(&event)))
    );
    server.close().await;
}
