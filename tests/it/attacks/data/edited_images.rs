//! An edit sends exactly the images that it names, in their order: the bytes at the provider, not the record, decide.

use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use easel_protocol::id::ImageId;
use easel_protocol::input::UserInput;
use easel_protocol::item::ImageStatus;
use easel_protocol::thread::ThreadStartParams;
use easel_testkit::http::{MockServer, Request, Response};
use easel_testkit::image::solid_png;
use serde_json::{Value, json};

use crate::harness::events::completed_image;
use crate::harness::{STANDALONE, Sandbox, Server, local_image, text};
use crate::http::{provider_config, start_server_with_key};

/// The pictures of the test differ in their color only.
fn picture(number: u8) -> Vec<u8> {
    solid_png(8, 8, [number, 0, 0])
}

/// A provider that draws the pictures from number 1 on, and whose model calls the tool with what a user wrote.
fn provider() -> MockServer {
    let drawn = AtomicUsize::new(0);
    MockServer::respond(move |request: &Request| {
        if !request.path.ends_with("/responses") {
            let number = drawn.fetch_add(1, Ordering::Relaxed) + 1;
            let image = picture(u8::try_from(number).expect("few pictures"));
            return Response::json(200, &json!({ "data": [{ "b64_json": STANDARD.encode(image) }] }));
        }
        let body = request.json();
        let last = body["input"].as_array().and_then(|items| items.last()).expect("a conversation");
        let texts = last["content"].as_array().into_iter().flatten().filter_map(|part| part["text"].as_str());
        match texts.filter_map(|text| serde_json::from_str(text).ok()).find(Value::is_object) {
            Some(arguments) => Response::image_calls(&[arguments]),
            None => Response::message("Done."),
        }
    })
}

/// Returns the numbers of the pictures in the body of a request, in their order.
fn sent_pictures(request: &Request) -> Vec<u8> {
    let body = &request.body;
    let find = |part: &[u8]| body.windows(part.len()).position(|window| window == part);
    let position = |number| {
        let png = picture(number);
        find(&png).or_else(|| find(STANDARD.encode(&png).as_bytes()))
    };
    let mut found: Vec<(usize, u8)> = (1..=99).filter_map(|number| Some((position(number)?, number))).collect();
    found.sort_unstable();
    let text = String::from_utf8_lossy(body);
    let count = text.matches("filename=").count() + text.matches("data:image/png;base64,").count();
    assert_eq!(count, found.len(), "nothing else is sent: {text}");
    found.into_iter().map(|(_, number)| number).collect()
}

/// Runs a turn whose model calls the tool with these arguments. Returns the handle of its image.
async fn draw(server: &mut Server, thread_id: &str, arguments: Value, attached: Vec<UserInput>) -> ImageId {
    let input = [vec![text(&arguments.to_string())], attached].concat();
    let events = server.run_turn(thread_id, input).await;
    let image = completed_image(&events);
    assert_eq!(image.status, ImageStatus::Completed, "{:?}", image.error);
    image.images[0].id.clone()
}

#[tokio::test]
async fn edit_sends_the_bytes_of_the_named_images() {
    for style in ["multipart", "json"] {
        let provider = provider();
        let config = format!("{}images.edit = \"{style}\"\n", provider_config(&provider.base_url()));
        let sandbox = Sandbox::with_config(&config);
        let mut server = start_server_with_key(&sandbox, STANDALONE).await;
        let cwd = Some(sandbox.project().display().to_string());
        let thread = server.start_thread_with(ThreadStartParams { cwd, ..ThreadStartParams::default() }).await;
        let mut handles = Vec::new();
        for prompt in ["a cat", "a dog", "a fox"] {
            handles.push(draw(&mut server, &thread.id, json!({ "prompt": prompt }), Vec::new()).await);
        }
        let [cat, dog, fox] = handles.as_slice() else { panic!("three images: {handles:?}") };
        let files = [50, 51, 52].map(|number| sandbox.write_file(&format!("{number}.png"), &picture(number)));
        let attached = || files[..2].iter().map(|path| local_image(path)).collect::<Vec<_>>();
        let edit = |images: Value| json!({ "prompt": "join", "images": images });
        for (arguments, attached, expected) in [
            (json!({ "prompt": "join", "num_last_images_to_include": 2 }), attached(), &[50, 51][..]),
            (edit(json!([files[1], files[0]])), attached(), &[51, 50]),
            (edit(json!([fox, cat])), Vec::new(), &[3, 1]),
            (edit(json!([dog])), attached(), &[2]),
            (edit(json!([files[2], dog, files[0]])), Vec::new(), &[52, 2, 50]),
        ] {
            let shown = format!("{style}: {arguments}");
            draw(&mut server, &thread.id, arguments, attached).await;
            let sent = provider.requests_to("images/edits");
            assert_eq!(sent_pictures(sent.last().expect("an edit")), expected, "{shown}");
        }
        server.close().await;
    }
}
