//! Smaller copies of images, which models see in place of the files.

mod kinds;
mod size;

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use easel_protocol::event::Event;
use easel_protocol::image::{ImageDeleteParams, ImageExportParams, ImageReadParams};
use easel_protocol::method::{ImageDelete, ImageExport, ImageRead, ThreadDelete, ThreadResume};
use easel_protocol::thread::{Thread, ThreadDeleteParams};
use easel_protocol::turn::TurnStatus;
use easel_testkit::http::{MockServer, Request, Response};
use easel_testkit::image::noise_png;
use easel_testkit::openai;
use serde_json::{Value, json};

use crate::harness::events::{completed_image, completed_turn};
use crate::harness::{HOSTED, STANDALONE, Sandbox, Server, local_image, mock_provider_config, read_file, text};
use crate::threads::resume_params;

/// The size of a file that is sent as a copy: noise shrinks to half of it.
const PHOTO_BYTES: u64 = 300_000;

fn photo() -> Vec<u8> {
    noise_png(PHOTO_BYTES)
}

/// A provider whose model generates the photo when it is asked to draw, and edits the newest image when it is asked to
/// edit.
fn provider() -> MockServer {
    MockServer::respond(|request| respond(request, &photo()))
}

fn respond(request: &Request, png: &[u8]) -> Response {
    if !request.path.ends_with("/responses") {
        return Response::json(200, &json!({"data": [{"b64_json": BASE64.encode(png)}]}));
    }
    let input = &request.json()["input"];
    let newest = input.as_array().and_then(|items| items.last()).expect("an item");
    let asks = |word| newest["content"].as_array().is_some_and(|parts| parts.iter().any(|part| part["text"] == word));
    if asks("draw") {
        Response::image_calls(&[json!({"prompt": "a photo"})])
    } else if asks("edit") {
        Response::image_calls(&[json!({"prompt": "warmer", "num_last_images_to_include": 1})])
    } else {
        Response::message("Done.")
    }
}

async fn start(provider: &MockServer, config: &str, arguments: &[&str]) -> (Sandbox, Server) {
    let config = format!("wire.turn_event_delay_ms = 0\n{config}{}", mock_provider_config(provider, "openai"));
    let sandbox = Sandbox::with_config(&config);
    let server = sandbox.start_server_with(arguments).await;
    (sandbox, server)
}

/// Runs a turn whose message shows the photo.
async fn show_photo(sandbox: &Sandbox, server: &mut Server) -> Thread {
    let photo_file = sandbox.write_file("photo.png", &photo());
    let thread = server.start_thread().await;
    server.run_turn(&thread.id, vec![text("hello"), local_image(&photo_file)]).await;
    thread
}

/// The data URLs in a request to the model: media type and bytes.
fn images_in(request: &Request) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    collect_urls(&request.json()["input"], &mut found);
    let split = |url: &String| {
        let (media_type, base64) = url.strip_prefix("data:")?.split_once(";base64,")?;
        Some((media_type.to_owned(), BASE64.decode(base64).expect("base64")))
    };
    found.iter().filter_map(split).collect()
}

fn collect_urls(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            found.extend(fields.get("image_url").and_then(Value::as_str).map(str::to_owned));
            fields.values().for_each(|value| collect_urls(value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| collect_urls(value, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The images in the newest request to the model.
fn newest_images(provider: &MockServer) -> Vec<(String, Vec<u8>)> {
    images_in(provider.requests_to("/responses").last().expect("a request"))
}

/// The folders of copies below a home.
fn copy_folders(sandbox: &Sandbox) -> Vec<PathBuf> {
    let all = crate::storage::list_recursively(&sandbox.home());
    all.into_iter().filter(|path| path.file_name().is_some_and(|name| name == ".model")).collect()
}

fn count_files(folder: &Path) -> usize {
    std::fs::read_dir(folder).map_or(0, Iterator::count)
}

#[tokio::test]
async fn model_sees_the_same_copy_in_every_request() {
    let provider = provider();
    let (sandbox, mut server) = start(&provider, "", STANDALONE).await;
    let photo_file = sandbox.write_file("photo.png", &photo());
    let thread = server.start_thread().await;
    let events = server.run_turn(&thread.id, vec![text("draw"), local_image(&photo_file)]).await;
    let record = completed_image(&events).images[0].clone();
    assert_eq!(read_file(&record.path), photo(), "the file stays as it came");
    let first = newest_images(&provider);
    assert_eq!(first.len(), 2, "the attachment and the generated image");
    for (media_type, bytes) in &first {
        assert_eq!(media_type, "image/jpeg");
        assert!((bytes.len() as u64) <= PHOTO_BYTES * 3 / 4, "{} bytes", bytes.len());
    }
    server.run_turn(&thread.id, vec![text("hello")]).await;
    assert_eq!(newest_images(&provider), first);
    server.close().await;

    // Another process makes the same copies again.
    for folder in copy_folders(&sandbox) {
        std::fs::remove_dir_all(folder).expect("the copies");
    }
    let mut server = sandbox.start_server_with(STANDALONE).await;
    server.request::<ThreadResume>(&resume_params(&thread.id)).await;
    server.run_turn(&thread.id, vec![text("hello")]).await;
    assert_eq!(newest_images(&provider), first);
    server.close().await;
}

#[tokio::test]
async fn request_that_is_sent_again_has_equal_bytes() {
    let provider = MockServer::choose(|number, request| {
        let response = match number {
            0 => Response::json(503, &json!({"error": {"message": "busy"}})).with_header("retry-after", "0"),
            _ => respond(request, &photo()),
        };
        vec![easel_testkit::http::Step::Send(response.to_bytes())]
    });
    let (sandbox, mut server) = start(&provider, "", STANDALONE).await;
    show_photo(&sandbox, &mut server).await;
    let requests = provider.requests_to("/responses");
    let [refused, accepted] = requests.as_slice() else { panic!("{} requests", requests.len()) };
    assert_eq!(refused.body, accepted.body);
    assert_eq!(images_in(accepted)[0].0, "image/jpeg");
    server.close().await;
}

#[tokio::test]
async fn edits_reads_and_exports_use_the_file() {
    let provider = provider();
    let (sandbox, mut server) = start(&provider, "", STANDALONE).await;
    let thread = show_photo(&sandbox, &mut server).await;
    assert_eq!(newest_images(&provider)[0].0, "image/jpeg");
    let events = server.run_turn(&thread.id, vec![text("edit")]).await;
    let record = completed_image(&events).images[0].clone();
    let edits = provider.requests_to("/edits");
    assert!(edits[0].body.windows(PHOTO_BYTES as usize).any(|part| part == &photo()[..PHOTO_BYTES as usize]));
    assert_eq!(record.facts.bytes, photo().len() as u64);
    assert_eq!(record.inputs[0].sha256, easel_testkit::image::sha256(&photo()));

    let params = ImageReadParams { image_id: record.id.clone(), offset: Some(0), ..ImageReadParams::default() };
    let chunk = server.request::<ImageRead>(&params).await.chunk.expect("the bytes");
    assert!(photo().starts_with(&BASE64.decode(chunk.data).expect("base64")));
    let target = sandbox.project().join("export.png");
    let path = target.display().to_string();
    let params = ImageExportParams { image_id: record.id, path, ..ImageExportParams::default() };
    server.request::<ImageExport>(&params).await;
    assert_eq!(read_file(target), photo());
    server.close().await;
}

#[tokio::test]
async fn hosted_tool_and_original_pictures_get_files() {
    let original_detail = "images.detail = \"original\"\n";
    let original_pictures = "history.pictures = \"original\"\n";
    for (config, tool) in [("", HOSTED), (original_detail, STANDALONE), (original_pictures, STANDALONE)] {
        let provider = provider();
        let (sandbox, mut server) = start(&provider, config, tool).await;
        show_photo(&sandbox, &mut server).await;
        assert_eq!(newest_images(&provider), [("image/png".to_owned(), photo())], "{config}{tool:?}");
        assert_eq!(copy_folders(&sandbox), Vec::<PathBuf>::new());
        server.close().await;
    }
}

#[tokio::test]
async fn image_of_the_hosted_tool_stays_as_it_came() {
    let item = json!({
        "type": "image_generation_call", "id": "ig_1", "status": "completed", "result": BASE64.encode(photo()),
    });
    let provider = MockServer::respond(move |request| {
        let input = request.json()["input"].as_array().map_or(0, Vec::len);
        if input > 1 {
            return Response::message("Done.");
        }
        let done = openai::item_done(&item);
        Response::events(&[vec![done], openai::message("1", "There."), vec![openai::completed()]].concat())
    });
    let (sandbox, mut server) = start(&provider, "", HOSTED).await;
    let thread = server.start_thread().await;
    server.run_turn(&thread.id, vec![text("draw")]).await;
    server.close().await;
    let mut server = sandbox.start_server_with(STANDALONE).await;
    server.request::<ThreadResume>(&resume_params(&thread.id)).await;
    server.run_turn(&thread.id, vec![text("hello")]).await;
    let request = provider.requests_to("/responses").pop().expect("a request").json();
    let input = request["input"].as_array().expect("a conversation");
    let call = input.iter().find(|item| item["type"] == "image_generation_call").expect("the hosted call");
    assert_eq!(call["result"], BASE64.encode(photo()));
    assert_eq!(copy_folders(&sandbox), Vec::<PathBuf>::new());
    server.close().await;
}

#[tokio::test]
async fn copies_are_deleted_with_images_and_threads() {
    let provider = provider();
    let (sandbox, mut server) = start(&provider, "", STANDALONE).await;
    let photo_file = sandbox.write_file("photo.png", &photo());
    let thread = server.start_thread().await;
    let events = server.run_turn(&thread.id, vec![text("draw"), local_image(&photo_file)]).await;
    let record = completed_image(&events).images[0].clone();
    let generated = Path::new(&record.path).with_file_name(".model");
    let attached = sandbox.home().join("attachments/.model");
    assert_eq!((count_files(&generated), count_files(&attached)), (1, 1));
    server.request::<ImageDelete>(&ImageDeleteParams { thread_id: Some(thread.id.clone()), image_id: record.id }).await;
    server.expect_event("the deletion", |event| matches!(event, Event::ImageDeleted(_))).await;
    assert_eq!((count_files(&generated), count_files(&attached)), (0, 1));
    server.request::<ThreadDelete>(&ThreadDeleteParams { thread_id: thread.id }).await;
    server.expect_event("the deletion", |event| matches!(event, Event::ThreadDeleted(_))).await;
    assert_eq!(count_files(&attached), 0);
    assert!(!generated.parent().expect("the thread's folder").exists());
    server.close().await;
}

#[tokio::test]
async fn file_is_sent_if_no_copy_can_be_written() {
    let provider = provider();
    let (sandbox, mut server) = start(&provider, "", STANDALONE).await;
    let photo_file = sandbox.write_file("photo.png", &photo());
    let thread = server.start_thread().await;
    // Unlike a folder without the right to write, this also stops the superuser.
    std::fs::write(sandbox.home().join("attachments/.model"), "").expect("the folder of attachments");
    for _ in 0..2 {
        let events = server.run_turn(&thread.id, vec![text("hello"), local_image(&photo_file)]).await;
        assert_eq!(completed_turn(&events).status, TurnStatus::Completed);
    }
    assert!(newest_images(&provider).iter().all(|image| *image == ("image/png".to_owned(), photo())));
    server.close().await;
}
