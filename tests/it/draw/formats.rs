//! Copies in the format of their extension, whatever the provider makes.

use std::io::Cursor;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use easel_picture::{Bounds, Color, Limits, Picture};
use easel_testkit::http::{MockServer, Response};
use serde_json::json;

use super::{draw, paths, sandbox};
use crate::harness::{Sandbox, read_file};

fn read_picture(bytes: &[u8]) -> Picture {
    easel_picture::read(Cursor::new(bytes), Bounds::edge(u32::MAX), Limits::default()).expect("pixels")
}

#[tokio::test]
async fn paid_image_is_written_in_the_format_of_the_file() {
    let jpeg = Picture::blank(64, 48, Some(Color([200, 0, 0]))).to_jpeg(90).expect("a JPEG");
    let sent = STANDARD.encode(&jpeg);
    let provider = MockServer::respond(move |_| Response::json(200, &json!({ "data": [{ "b64_json": sent }] })));
    let sandbox = Sandbox::with_config(&format!(
        "model_provider = \"local\"\n[model_providers.local]\npreset = \"xai\"\nbase_url = \"{}\"\n\
         env_key = \"LOCAL_KEY\"\nchat_model = false\n",
        provider.base_url()
    ));
    for (name, start) in [("star.png", &b"\x89PNG"[..]), ("star.jpg", b"\xff\xd8\xff"), ("star.webp", b"RIFF")] {
        let mut program = sandbox.command(&["draw", "a red star", "-o", name]);
        let output = program.env("LOCAL_KEY", "sk-local").output().await.expect("the program starts");
        assert_eq!(output.status.code(), Some(0), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        let copy = read_file(sandbox.project().join(name));
        assert!(copy.starts_with(start), "{name}");
        let picture = read_picture(&copy);
        assert_eq!((picture.width, picture.height), (64, 48), "{name}");
    }
    assert!(read_file(sandbox.project().join("star.jpg")) == jpeg, "equal formats are copied byte by byte");
    let posts = provider.requests_to("/images/generations");
    assert_eq!(posts.len(), 3);
    for post in posts {
        let body = post.json();
        assert!(body["output_format"].is_null() && body["prompt"] == "a red star", "{body}");
    }
}

#[tokio::test]
async fn transparent_image_becomes_a_jpeg_on_white() {
    let sandbox = sandbox();
    paths(&sandbox, &["a red star", "--background", "transparent", "-o", "star.jpg"]).await;
    let picture = read_picture(&read_file(sandbox.project().join("star.jpg")));
    assert!(picture.rgba[..3].iter().all(|channel| *channel > 250), "{:?}", &picture.rgba[..4]);
}

#[tokio::test]
async fn extension_leaves_the_prompt_to_the_model() {
    let sandbox = sandbox();
    let (code, _, stderr) = draw(&sandbox, &["hello", "-o", "star.jpg"]).await;
    assert_eq!(code, Some(1), "small talk is not drawn: {stderr}");
    assert!(stderr.contains("no image was made"), "{stderr}");
}
