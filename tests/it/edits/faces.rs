//! Reports of edits as the faces of Easel show them.

use easel_testkit::http::{MockServer, Request, Response};
use serde_json::{Value, json};

use super::{EDITABLE, SIDE, mask, pixels, protected_differences, provider, scene};
use crate::acp::editor::Editor;
use crate::harness::{STANDALONE, Sandbox, mock_provider_config};

#[tokio::test]
async fn draw_prints_the_report_and_delivers_the_composite() {
    let provider = provider();
    let sandbox = Sandbox::with_config(&mock_provider_config(&provider, "openai"));
    let write = |name: &str, file: Vec<u8>| std::fs::write(sandbox.project().join(name), file).expect("a file");
    write("base.png", scene(SIDE, SIDE, 0).to_png().expect("a PNG"));
    write("mask.png", mask(EDITABLE).to_png().expect("a PNG"));
    let edit = ["draw", "repaint all", "-i", "base.png", "--mask", "mask.png", "--json"];
    for (options, is_preserved) in [(&[][..], false), (&["--preserve", "-o", "result.png"][..], true)] {
        let output = sandbox.run(&[&edit, options].concat()).await;
        let result: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
        let record = &result["images"][0]["record"];
        let outside = &record["edit"]["outside"];
        assert_eq!(outside["share"].as_f64().is_some_and(|share| share > 0.9), !is_preserved, "{record}");
        assert_eq!(record["derived"]["by"] == "composite", is_preserved, "{record}");
    }
    let (base, result) = (pixels(sandbox.project().join("base.png")), pixels(sandbox.project().join("result.png")));
    assert_eq!(protected_differences(&base, &result), 0);

    let sent = provider.requests_to("/images/").len();
    let output = sandbox.run(&["draw", "repaint all", "-i", "base.png", "--preserve"]).await;
    assert_eq!(output.status.code(), Some(2), "a mask is missing");
    assert_eq!(provider.requests_to("/images/").len(), sent);
}

/// A provider whose images are those of [`provider`], and whose model makes one call with these arguments.
fn model_that_edits(arguments: Value) -> MockServer {
    MockServer::respond(move |request: &Request| {
        if !request.path.ends_with("/responses") {
            return super::respond(request);
        }
        let body = request.json();
        let last = body["input"].as_array().and_then(|items| items.last()).expect("a conversation").clone();
        if last["type"] == "function_call_output" {
            return Response::message("Done.");
        }
        Response::image_calls(std::slice::from_ref(&arguments))
    })
}

#[tokio::test]
async fn editor_shows_what_an_edit_changed_outside_its_mask() {
    for (prompt, preserve, expected) in [
        ("repaint all", false, "% of the pixels changed."),
        ("repaint all", true, "Outside the mask, every pixel is that of the edited image."),
        ("keep to the mask", false, ""),
    ] {
        let sandbox = Sandbox::new();
        let base = sandbox.write_file("base.png", &scene(SIDE, SIDE, 0).to_png().expect("a PNG"));
        let mask = sandbox.write_file("mask.png", &mask(EDITABLE).to_png().expect("a PNG"));
        let arguments = json!({ "prompt": prompt, "images": [base], "mask": mask, "preserve": preserve });
        let provider = model_that_edits(arguments);
        std::fs::create_dir(sandbox.home()).expect("a home");
        let config = mock_provider_config(&provider, "openai");
        std::fs::write(sandbox.home().join("config.toml"), config).expect("a configuration file");
        let mut editor = Editor::open(&sandbox, STANDALONE).await;
        let session = editor.new_session(&sandbox).await;
        let (updates, _) = editor.prompt(&session, "change it").await;
        let done = updates.iter().find(|update| update["status"] == "completed").expect("an image");
        let content = done["content"].as_array().expect("content");
        let text = content.iter().find_map(|part| part["content"]["text"].as_str()).expect("a text");
        let (saved, report) = text.split_once("(256x256).").expect("the size");
        assert!(saved.contains("is saved at"), "{text}");
        assert!(report.ends_with(expected) && report.is_empty() == expected.is_empty(), "{text}");
        editor.close().await;
    }
}
