//! The pictures in tool calls.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use easel_testkit::http::{MockServer, Request, Response};
use easel_testkit::image::noise_png;
use serde_json::{Value, json};

use super::{Editor, kinds, last_content, provider, text_prompt, with_provider};
use crate::credentials::responses::is_first_model_request;
use crate::harness::{FAST_AND_ENDLESS, STANDALONE, Sandbox, mock_provider_config};
use crate::http::previews::Provider;

#[tokio::test]
async fn base64_is_in_the_content_only_and_once() {
    let backend = provider();
    let (sandbox, mut editor) = with_provider(&backend, "").await;
    let session = editor.new_session(&sandbox).await;
    let (updates, _) = editor.prompt(&session, "draw a cat").await;
    let mut images = 0;
    for update in &updates {
        let mut rest = update.clone();
        for content in rest["content"].as_array_mut().into_iter().flatten() {
            if content["content"]["type"] == "image" {
                images += 1;
                assert!(content["content"]["mimeType"].as_str().is_some_and(|kind| kind.starts_with("image/")));
                content["content"]["data"] = Value::Null;
            }
        }
        assert!(rest.to_string().len() < 4096, "{rest}");
    }
    assert_eq!(images, 1);
}

#[tokio::test]
async fn pictures_are_small_original_or_links() {
    for (mode, picture, limit) in [("preview", true, 1 << 20), ("original", true, 16 << 20), ("link", false, 8192)] {
        let sandbox = Sandbox::with_config(FAST_AND_ENDLESS);
        let mut editor = Editor::open(&sandbox, &["-c", &format!("acp.images={mode}")]).await;
        let session = editor.new_session(&sandbox).await;
        let (updates, _) = editor.prompt(&session, "draw noise").await;
        let content = last_content(&updates);
        assert_eq!(content.iter().any(|block| block["type"] == "image"), picture, "{mode}");
        assert!(editor.longest_line < limit, "{mode}: {}", editor.longest_line);
        let link = content.iter().find(|block| block["type"] == "resource_link").expect("a link");
        let uri = link["uri"].as_str().expect("a URI");
        assert!(uri.starts_with("file:///"), "{uri}");
        // Before a drive, the path of a URI has another slash.
        let path = uri.trim_start_matches(if cfg!(windows) { "file:///" } else { "file://" });
        let bytes = std::fs::metadata(path).expect("the file").len();
        assert_eq!(link["size"], bytes);
    }
}

#[tokio::test]
async fn originals_of_one_update_are_limited() {
    let image = STANDARD.encode(noise_png(6 << 20));
    let backend = MockServer::respond(move |request: &Request| {
        if !request.path.ends_with("/responses") {
            return Response::json(200, &json!({ "created": 1, "data": vec![json!({ "b64_json": image }); 3] }));
        }
        match is_first_model_request(request) {
            true => Response::image_calls(&[json!({ "prompt": "noise", "n": 3 })]),
            false => Response::message("Done."),
        }
    });
    let (sandbox, mut editor) = with_provider(&backend, "acp.images = \"original\"").await;
    let session = editor.new_session(&sandbox).await;
    let (updates, _) = editor.prompt(&session, "draw noise").await;
    let types: Vec<&Value> = last_content(&updates).iter().map(|block| &block["type"]).collect();
    assert_eq!(types, ["image", "resource_link", "image", "resource_link", "resource_link", "text"]);
}

#[tokio::test]
async fn last_update_has_the_whole_content() {
    let sandbox = Sandbox::with_config(FAST_AND_ENDLESS);
    let mut editor = Editor::open(&sandbox, &[]).await;
    let session = editor.new_session(&sandbox).await;
    let (updates, _) = editor.prompt(&session, "draw a red square").await;
    let types: Vec<&Value> = last_content(&updates).iter().map(|block| &block["type"]).collect();
    assert_eq!(types, ["image", "resource_link", "text"]);
}

#[tokio::test]
async fn pictures_of_an_unfinished_image_are_shown() {
    let studio = Provider::open(STANDALONE);
    let config = format!("images.partial_images = 2\n{}", mock_provider_config(&studio.provider, "openai"));
    let sandbox = Sandbox::with_config(&config);
    let mut editor = Editor::open(&sandbox, STANDALONE).await;
    let session = editor.new_session(&sandbox).await;
    let id = editor.send("session/prompt", text_prompt(&session, "draw a square")).await;
    for _ in 0..2 {
        let update = editor.update_with(|update| update["sessionUpdate"] == "tool_call_update").await;
        let content = update["content"].as_array().expect("content");
        assert_eq!((content.len(), &content[0]["content"]["type"]), (1, &json!("image")), "{update}");
        assert_eq!(update.get("status"), None, "the call is still in progress");
        studio.continue_tx.send(()).expect("the provider waits");
    }
    let (updates, _) = editor.response(id).await;
    assert_eq!(updates[0]["status"], "completed");
    assert_eq!(kinds(&updates)[1..], ["agent_message_chunk", "session_info_update"], "no picture follows the end");
}
