//! Tools: their list, names, arguments and failures.

use easel_testkit::http::{MockServer, Response};
use serde_json::{Value, json};

use super::{Host, IMAGES, kinds, sandbox, text_of};
use crate::credentials::responses;
use crate::harness::Sandbox;

#[tokio::test]
async fn tools_have_short_names_without_dots() {
    let sandbox = Sandbox::new();
    let (mut host, _) = Host::legacy(&sandbox, &json!({})).await;
    let tools = host.request("tools/list", json!({})).await["tools"].clone();
    let names: Vec<_> = tools.as_array().expect("tools").iter().map(|tool| tool["name"].clone()).collect();
    assert_eq!(names, ["imagegen", "image_view"]);
    for tool in tools.as_array().expect("tools") {
        assert!(tool["outputSchema"].is_null());
        let schema = &tool["inputSchema"];
        assert_eq!(schema["type"], "object");
        for (name, property) in schema["properties"].as_object().expect("properties") {
            assert!(property["description"].is_string(), "{name} has no description");
            for key in ["$ref", "oneOf", "anyOf"] {
                assert!(property[key].is_null(), "{name} has {key}");
            }
            assert!(property.get("default").is_none_or(|default| !default.is_null()), "{name}");
        }
    }
    let hints = json!({"title": "Make or edit an image", "readOnlyHint": false, "destructiveHint": false,
        "idempotentHint": false, "openWorldHint": true});
    assert_eq!(tools[0]["annotations"], hints);
    assert_eq!(tools[1]["annotations"]["readOnlyHint"], true);
    let description = tools[0]["description"].as_str().expect("a description");
    assert!(!description.contains("shown to the user"), "{description}");
    assert!(description.contains("handles (`img_…`)"), "{description}");
    host.close().await;
}

#[tokio::test]
async fn names_of_other_apis_call_the_tool() {
    let sandbox = Sandbox::new();
    let (mut host, _) = Host::legacy(&sandbox, &json!({})).await;
    for name in ["imagegen", "image_gen.imagegen", "image_gen__imagegen", "image_gen_imagegen"] {
        let result = host.request("tools/call", json!({"name": name, "arguments": {"prompt": "a fox"}})).await;
        assert_eq!(kinds(&result), ["text", "image", "resource_link"], "{name}");
    }
    let refusal = host.refusal("tools/call", json!({"name": "draw", "arguments": {}})).await;
    assert_eq!(refusal, "-32602 there is no tool draw; the tools are imagegen and image_view");
    let refusal = host.refusal("tools/call", json!({"arguments": {}})).await;
    assert_eq!(refusal, "-32602 tools/call needs `name`, a string, and `arguments`, an object");
    host.close().await;
}

#[tokio::test]
async fn failures_of_the_tool_are_results() {
    let provider = MockServer::respond(|request| {
        let blocked = json!({"error": {"code": "moderation_blocked", "message": "Blocked."}});
        if request.json()["prompt"] == "bad" { Response::json(400, &blocked) } else { responses::image() }
    });
    let sandbox = sandbox(&provider, "");
    let (mut host, _) = Host::legacy(&sandbox, &json!({})).await;
    for (arguments, word) in [
        (json!({}), "prompt"),
        (json!({"prompt": "a fox", "sizes": "big"}), "sizes"),
        (json!({"prompt": "bluer", "images": [format!("img_{}", "0".repeat(32))]}), "img_0"),
        (json!({"prompt": "bluer", "images": ["/etc/passwd"]}), "/etc/passwd"),
        (json!({"prompt": "bad"}), "locked"),
    ] {
        let result = host.call(arguments.clone()).await;
        assert_eq!(result["isError"], true, "{arguments}: {result}");
        assert!(text_of(&result).contains(word), "{arguments}: {result}");
        assert!(!kinds(&result).contains(&"image".to_owned()));
    }
    assert_eq!(provider.requests_to(IMAGES).len(), 1);
    host.close().await;
}

#[tokio::test]
async fn kill_switch_leaves_no_tool_and_says_why() {
    let sandbox = Sandbox::with_config("[features]\nimage_generation = false");
    for modern in [false, true] {
        let (mut host, opened) = if modern {
            let mut host = Host::modern(&sandbox, &json!({}));
            let opened = host.request("server/discover", json!({})).await;
            (host, opened)
        } else {
            Host::legacy(&sandbox, &json!({})).await
        };
        assert!(opened["instructions"].as_str().expect("instructions").contains("There is no image tool now"));
        assert_eq!(host.request("tools/list", json!({})).await["tools"], json!([]));
        for (name, arguments) in [("imagegen", json!({"prompt": "a fox"})), ("image_view", json!({"image": "img_a"}))] {
            let result = host.request("tools/call", json!({"name": name, "arguments": arguments})).await;
            assert_eq!(result["isError"], true, "{result}");
            assert!(name == "imagegen" || text_of(&result).contains("There is no image tool now"), "{result}");
        }
        host.close().await;
    }
}

#[tokio::test]
async fn used_up_limit_is_said_in_the_result() {
    let provider = MockServer::respond(|_| responses::image());
    let sandbox = sandbox(&provider, "limits.images_per_day = 1");
    let (mut host, _) = Host::legacy(&sandbox, &json!({})).await;
    assert_eq!(host.call(json!({"prompt": "a fox"})).await["isError"], false);
    let result = host.call(json!({"prompt": "a cat"})).await;
    assert_eq!(result["isError"], true, "{result}");
    assert!(text_of(&result).contains("limits.images_per_day (1) leaves 0 images"), "{result}");
    assert_eq!(provider.requests_to(IMAGES).len(), 1);
    host.close().await;
}

#[tokio::test]
async fn image_view_shows_an_image_again() {
    let sandbox = Sandbox::new();
    let (mut host, _) = Host::legacy(&sandbox, &json!({})).await;
    let handle = super::handle_of(&host.call(json!({"prompt": "a fox"})).await);
    let view = |arguments: Value| json!({"name": "image_view", "arguments": arguments});
    let result = host.request("tools/call", view(json!({"image": handle, "max_edge": 100}))).await;
    assert_eq!(kinds(&result), ["text", "image"]);
    for arguments in [json!({}), json!({"image": "img_none"}), json!({"image": handle, "max_edge": 9_999})] {
        let result = host.request("tools/call", view(arguments.clone())).await;
        assert_eq!(result["isError"], true, "{arguments}: {result}");
    }
    host.close().await;
}
