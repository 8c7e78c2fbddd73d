//! A thread continues when image files are missing or when the provider rejects an image.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use easel_protocol::method::ThreadResume;
use easel_protocol::turn::TurnStatus;
use easel_testkit::http::{MockServer, Request, Response};
use easel_testkit::image::{RED, solid_png};
use serde_json::{Value, json};

use crate::harness::events::completed_turn;
use crate::harness::{STANDALONE, Sandbox, Server, local_image, text};
use crate::http::{provider_config, start_server_with_key};
use crate::storage::list_recursively;
use crate::threads::resume_params;

/// A provider whose model draws a cat on request.
async fn provider(refuses: impl Fn(&Request) -> Option<Response> + Send + Sync + 'static) -> MockServer {
    MockServer::respond(move |request| {
        if request.path.ends_with("/images/generations") {
            return Response::json(200, &json!({"data": [{"b64_json": BASE64.encode(solid_png(8, 8, RED))}]}));
        }
        let input = &request.json()["input"];
        let last = input.as_array().and_then(|items| items.last()).expect("an item");
        let asks =
            last["content"].as_array().is_some_and(|parts| parts.iter().any(|part| part["text"] == "draw a cat"));
        let response =
            || if asks { Response::image_calls(&[json!({"prompt": "a cat"})]) } else { Response::message("There.") };
        refuses(request).unwrap_or_else(response)
    })
}

async fn server(provider: &MockServer) -> (Sandbox, Server) {
    let sandbox = Sandbox::with_config(&provider_config(&provider.url("v1")));
    let server = start_server_with_key(&sandbox, STANDALONE).await;
    (sandbox, server)
}

async fn assert_continues(server: &mut Server, thread_id: &str) {
    let events = server.run_turn(thread_id, vec![text("hello")]).await;
    let turn = completed_turn(&events);
    assert_eq!((turn.status, &turn.error), (TurnStatus::Completed, &None));
}

/// The number of images in the last model request, and its notes about omitted images.
fn images_and_notes(provider: &MockServer) -> (usize, Vec<String>) {
    let request = provider.requests_to("/responses").pop().expect("a request").json();
    let mut parts = Vec::new();
    collect(&request["input"], &mut parts);
    let pictures = parts.iter().filter(|part| part["type"] == "input_image").count();
    let texts = parts.iter().filter_map(|part| part["text"].as_str());
    let mut sentences: Vec<String> =
        texts.filter_map(|text| text.split_once(" cannot be shown: ").map(|(_, reason)| reason.to_owned())).collect();
    sentences.sort();
    (pictures, sentences)
}

fn collect<'a>(value: &'a Value, parts: &mut Vec<&'a Value>) {
    match value {
        Value::Object(fields) if fields.contains_key("text") || fields.contains_key("image_url") => parts.push(value),
        Value::Object(fields) => fields.values().for_each(|value| collect(value, parts)),
        Value::Array(values) => values.iter().for_each(|value| collect(value, parts)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[tokio::test]
async fn thread_continues_without_its_image_files() {
    let provider = provider(|_| None).await;
    let (sandbox, mut first) = server(&provider).await;
    let thread = first.start_thread().await;
    let picture = sandbox.write_file("photo.png", &solid_png(9, 9, RED));
    first.run_turn(&thread.id, vec![text("draw a cat"), local_image(&picture)]).await;
    assert_continues(&mut first, &thread.id).await;
    assert_eq!(images_and_notes(&provider), (2, vec![]));

    let files = |folder: &str| list_recursively(&sandbox.home().join(folder)).into_iter().filter(|path| path.is_file());
    for file in files("generated_images") {
        std::fs::remove_file(file).expect("the made image");
    }
    for file in files("attachments") {
        std::fs::write(file, "not a picture").expect("the attached image");
    }
    let gone = ["its file can no longer be read as an image.", "its file is missing."].map(str::to_owned).to_vec();
    assert_continues(&mut first, &thread.id).await;
    assert_eq!(images_and_notes(&provider), (0, gone.clone()));
    first.close().await;

    let mut second = start_server_with_key(&sandbox, STANDALONE).await;
    second.request::<ThreadResume>(&resume_params(&thread.id)).await;
    assert_continues(&mut second, &thread.id).await;
    assert_eq!(images_and_notes(&provider), (0, gone));
    second.close().await;
}

#[tokio::test]
async fn thread_continues_after_the_provider_rejects_an_image() {
    let provider = provider(|request| {
        let input = request.json()["input"].take();
        let (item, part) = input.as_array()?.iter().enumerate().find_map(|(item, content)| {
            let parts = content["content"].as_array()?;
            Some((item, parts.iter().position(|part| part["type"] == "input_image")?))
        })?;
        let error = json!({"message": "Invalid image.", "type": "invalid_request_error", "code": "invalid_image",
            "param": format!("input[{item}].content[{part}].image_url")});
        Some(Response::json(400, &json!({ "error": error })))
    })
    .await;
    let (sandbox, mut server) = server(&provider).await;
    let thread = server.start_thread().await;
    let picture = sandbox.write_file("photo.png", &solid_png(9, 9, RED));
    let events = server.run_turn(&thread.id, vec![text("what is this?"), local_image(&picture)]).await;
    assert_eq!(completed_turn(&events).status, TurnStatus::Completed);
    assert_eq!(provider.requests_to("/responses").len(), 2);
    let refused = vec!["the provider did not accept it.".to_owned()];
    assert_eq!(images_and_notes(&provider), (0, refused.clone()));
    assert_continues(&mut server, &thread.id).await;
    assert_eq!(provider.requests_to("/responses").len(), 3, "it is not sent again");
    assert_eq!(images_and_notes(&provider), (0, refused));
    server.close().await;
}
