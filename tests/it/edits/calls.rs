//! What the model of a call reads about its edit.

use easel_protocol::method::ToolCall;
use easel_protocol::tool::{ToolCallFormat, ToolCallPictures};
use serde_json::json;

use super::{Studio, call, params, text_of};

async fn text_about(studio: &mut Studio, arguments: serde_json::Value) -> String {
    let mut all = json!({ "images": [studio.base.id], "mask": studio.sandbox.project().join("mask.png") });
    all.as_object_mut().expect("an object").extend(arguments.as_object().expect("an object").clone());
    let mut params = params(&studio.thread_id, studio.calls, all);
    studio.calls += 1;
    params.format = Some(ToolCallFormat::Responses);
    params.pictures = Some(ToolCallPictures::None);
    text_of(&call(&mut studio.server, &params).await)
}

#[tokio::test]
async fn model_reads_one_line_only_when_it_matters() {
    let mut studio = Studio::open("").await;
    let text = text_about(&mut studio, json!({ "prompt": "repaint all" })).await;
    assert!(text.contains("Outside the mask ") && text.contains(" % of the pixels changed."), "{text}");
    let text = text_about(&mut studio, json!({ "prompt": "shift it" })).await;
    assert!(text.contains("The whole picture moved by 12 px right."), "{text}");
    for prompt in ["keep", "as jpeg", "one pixel"] {
        let text = text_about(&mut studio, json!({ "prompt": prompt })).await;
        assert!(!text.contains("mask"), "{prompt}: {text}");
    }
    let text = text_about(&mut studio, json!({ "prompt": "repaint all", "preserve": true })).await;
    assert!(text.contains("Outside the mask, every pixel is that of the edited image."), "{text}");
    studio.server.close().await;
}

#[tokio::test]
async fn preserve_is_a_parameter_of_providers_with_masks() {
    let mut studio = Studio::open("").await;
    let tools =
        serde_json::to_string(&studio.server.call("tool/list", &json!({})).await.expect("tools")).expect("JSON");
    assert!(tools.contains("preserve"), "{tools}");
    studio.server.close().await;
    let sandbox = crate::harness::Sandbox::new();
    let mut server = sandbox.start_server().await;
    let tools = serde_json::to_string(&server.call("tool/list", &json!({})).await.expect("tools")).expect("JSON");
    assert!(!tools.contains("preserve"), "the preview provider takes no mask");
    server.close().await;
}

#[tokio::test]
async fn preserve_without_a_mask_is_refused_before_sending() {
    let mut studio = Studio::open("").await;
    let sent = studio.provider.requests_to("/images/").len();
    let arguments = json!({ "prompt": "keep", "images": [studio.base.id], "preserve": true });
    let response = studio.server.request::<ToolCall>(&params(&studio.thread_id, 9, arguments)).await;
    studio.server.events_until_turn_end().await;
    assert!(response.error.expect("an error").message.contains("`preserve` requires a `mask`"));
    assert_eq!(studio.provider.requests_to("/images/").len(), sent);
    studio.server.close().await;
}
