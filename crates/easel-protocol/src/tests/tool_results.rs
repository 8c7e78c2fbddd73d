//! The results of tool calls, which other APIs define, and the ways to write a call.

use serde_json::{Value, json};

use super::samples::{response, round_trip};
use crate::method::{Method, ToolCall};
use crate::tool::{ToolArguments, ToolCallParams, ToolCallResponse, ToolCallResult};

#[test]
fn results_of_all_formats_are_read_and_written() {
    let results = [
        json!({"type": "function_call_output", "call_id": "c", "output": [{"type": "input_text", "text": "Done."}]}),
        json!({
            "type": "tool_result", "tool_use_id": "c", "is_error": false,
            "content": [
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw=="}},
                {"type": "text", "text": "Done."},
            ],
        }),
        json!({
            "content": [
                {"type": "text", "text": "Done."},
                {
                    "type": "image", "data": "iVBORw==", "mimeType": "image/png",
                    "annotations": {"audience": ["user"], "priority": 1.0},
                },
                {
                    "type": "resource_link", "uri": "easel://image/img_1", "name": "1.png", "mimeType": "image/png",
                    "size": 9,
                },
            ],
            "isError": true, "_meta": {"easel/callId": "c", "easel/images": []},
        }),
    ];
    for (number, result) in results.into_iter().enumerate() {
        let typed: ToolCallResult = serde_json::from_value(result.clone()).unwrap();
        let found = match typed {
            ToolCallResult::Responses(_) => 0,
            ToolCallResult::Anthropic(_) => 1,
            ToolCallResult::Mcp(_) => 2,
        };
        assert_eq!(found, number, "{result}");
        let mut whole = response(ToolCall::NAME);
        whole["result"] = result;
        assert_eq!(round_trip::<ToolCallResponse>(&whole), whole);
    }
}

#[test]
fn codex_app_servers_request_is_a_call() {
    let request = json!({
        "threadId": "t", "turnId": "u", "callId": "call_1", "namespace": "easel", "tool": "imagegen",
        "arguments": {"prompt": "a cat"},
    });
    let params: ToolCallParams = serde_json::from_value(request).unwrap();
    assert!(matches!(params.arguments, ToolArguments::Object(_)));
}

#[test]
fn arguments_are_an_object_or_its_json() {
    let read = |arguments: Value| {
        let params = json!({"threadId": "t", "callId": "c", "tool": "imagegen", "arguments": arguments});
        serde_json::from_value::<ToolCallParams>(params)
    };
    assert_eq!(read(json!("{}")).unwrap().arguments, ToolArguments::Json("{}".to_owned()));
    for wrong in [json!(null), json!(1), json!([]), json!(true)] {
        let error = read(wrong.clone()).unwrap_err().to_string();
        assert!(error.contains("an object, or a string"), "{wrong}: {error}");
    }
}
