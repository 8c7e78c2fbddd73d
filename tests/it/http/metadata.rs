//! The metadata that is sent with an image.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use easel_testkit::http::{MockServer, Request, Response};
use easel_testkit::image::{JPEG, RED, solid_png};
use serde_json::{Value, json};

use crate::harness::read_file;
use crate::harness::{Sandbox, Server, local_image, mock_provider_config, text};

const PLACE: &str = "47.3769 N 8.5417 E";
const CREDENTIALS: &str = "Content Credentials";

/// The photo with Exif data: its orientation and the place where it was taken.
fn photo() -> Vec<u8> {
    let mut exif = b"Exif\0\0II\x2a\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0".to_vec();
    exif.extend(PLACE.as_bytes());
    let length = u16::try_from(exif.len() + 2).expect("small").to_be_bytes();
    [&JPEG[..2], b"\xff\xe1", &length, &exif, &JPEG[2..]].concat()
}

/// The photo as it may be sent.
fn stripped_photo() -> Vec<u8> {
    let exif = b"\xff\xe1\0\x22Exif\0\0II\x2a\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
    [&JPEG[..2], exif, &JPEG[2..]].concat()
}

/// An image as providers generate it.
fn generated_image() -> Vec<u8> {
    let mut png = solid_png(1, 1, RED);
    let length = u32::try_from(CREDENTIALS.len()).expect("small").to_be_bytes();
    png.splice(33..33, [&length, b"caBX".as_slice(), CREDENTIALS.as_bytes(), &[0; 4]].concat());
    png
}

/// The model edits the newest image, once per turn.
fn respond(sent: &Request) -> Response {
    if sent.path.ends_with("/edits") {
        return Response::json(200, &json!({ "data": [{ "b64_json": STANDARD.encode(generated_image()) }] }));
    }
    let body = sent.json();
    let newest = body["input"].as_array().and_then(|input| input.last()).expect("a conversation");
    if newest["type"] == "function_call_output" {
        return Response::message("Done.");
    }
    Response::image_calls(&[json!({ "prompt": "warmer", "num_last_images_to_include": 1 })])
}

/// Attaches the photo, edits it, and edits the result.
async fn two_edits(config: &str) -> (Sandbox, MockServer) {
    let backend = MockServer::respond(respond);
    let sandbox = Sandbox::with_config(&format!("{config}{}", mock_provider_config(&backend, "openai")));
    let photo = sandbox.write_file("photo.jpg", &photo());
    let mut server: Server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    server.run_turn(&thread.id, vec![text("warmer"), local_image(&photo)]).await;
    server.run_turn(&thread.id, vec![text("once more")]).await;
    server.close().await;
    (sandbox, backend)
}

fn contains(body: &[u8], what: &[u8]) -> bool {
    body.windows(what.len()).any(|window| window == what)
}

/// The images in a request to the model.
fn images_in(sent: &Request) -> Vec<Vec<u8>> {
    let body = sent.json();
    let content = |item: &Value| {
        [&item["content"], &item["output"]]
            .into_iter()
            .filter_map(Value::as_array)
            .flatten()
            .cloned()
            .collect::<Vec<_>>()
    };
    let pieces = body["input"].as_array().expect("a conversation").iter().flat_map(content);
    let urls = pieces.filter_map(|piece| Some(piece["image_url"].as_str()?.split_once(";base64,")?.1.to_owned()));
    urls.map(|base64| STANDARD.decode(base64).expect("base64")).collect()
}

fn only_file(folder: &Path) -> Vec<u8> {
    let entries = std::fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path());
    let files: Vec<_> = entries.filter(|path| path.is_file()).collect();
    let [file] = files.as_slice() else { panic!("one file, not {files:?}") };
    read_file(file)
}

#[tokio::test]
async fn photo_is_sent_without_location_but_with_orientation() {
    let (sandbox, backend) = two_edits("").await;
    let respond = backend.requests_to("/edits");
    let [first, second] = respond.as_slice() else { panic!("two edits, not {}", respond.len()) };
    assert!(!contains(&first.body, PLACE.as_bytes()));
    assert!(contains(&first.body, &stripped_photo()));
    assert!(contains(&second.body, &generated_image()), "what a provider made goes back as it came");

    let seen = images_in(backend.requests_to("/responses").last().expect("a request"));
    assert_eq!(seen, [stripped_photo(), generated_image(), generated_image()]);
    assert_eq!(only_file(&sandbox.home().join("attachments")), photo(), "the copy here is whole");
    assert_eq!(read_file(sandbox.project().join("photo.jpg")), photo());
}

#[tokio::test]
async fn metadata_can_be_kept_by_configuration() {
    let (_sandbox, backend) = two_edits("images.strip_metadata = false\n").await;
    assert!(contains(&backend.requests_to("/edits")[0].body, &photo()));
    assert_eq!(images_in(&backend.requests_to("/responses")[0]), [photo()]);
}
