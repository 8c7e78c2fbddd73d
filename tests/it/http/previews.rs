//! Previews of an image while it is generated, with both tools. Clients get the path of a file, not bytes.

use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use easel_client::Direction;
use easel_protocol::event::{Event, ImageGenerationPreviewNotification};
use easel_protocol::item::ImageStatus;
use easel_protocol::method::ThreadRead;
use easel_protocol::record::MediaType;
use easel_protocol::thread::ThreadReadParams;
use easel_protocol::turn::TurnStatus;
use easel_testkit::http::{Exchange, MockServer};
use easel_testkit::image::{BLUE, RED, solid_png};
use easel_testkit::openai;
use serde_json::{Value, json};

use super::{provider_config, start_server_with_key, turn_status};
use crate::harness::events::completed_image;
use crate::harness::read_file;
use crate::harness::{HOSTED, STANDALONE, Sandbox, Server, text};
use crate::storage::list_recursively;

const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";

/// A provider that waits for a message of the test before it continues, and the channel for that message.
pub(crate) struct Provider {
    pub(crate) provider: MockServer,
    pub(crate) continue_tx: SyncSender<()>,
    request_rx: Receiver<Value>,
}

/// A preview: a square of this width.
pub(crate) fn preview_png(index: u32) -> Vec<u8> {
    solid_png(4 + index, 4, BLUE)
}

fn image_png() -> Vec<u8> {
    solid_png(16, 16, RED)
}

impl Provider {
    /// A provider for the hosted or the standalone tool. It sends two previews and the image, each after the test has
    /// seen the one before.
    pub(crate) fn open(tool: &'static [&'static str]) -> Self {
        let ((continue_tx, continue_rx), (request_tx, request_rx)) = (sync_channel(1), sync_channel(1));
        let (continue_rx, request_tx) = (Mutex::new(continue_rx), Mutex::new(request_tx));
        let provider = MockServer::start(move |exchange| {
            let body: Value = serde_json::from_slice(&exchange.read_body()).expect("JSON");
            let has_output = body.to_string().contains("function_call_output");
            if exchange.endpoint() == "responses" && tool == STANDALONE {
                let events = if has_output {
                    openai::message("1", "Here.")
                } else {
                    vec![openai::image_call("1", &json!({"prompt": "a square"}))]
                };
                return exchange.respond_events(&[events, vec![openai::completed()]].concat());
            }
            request_tx.lock().expect("nobody panics while holding this").send(body).expect("the test waits");
            draw(exchange, &continue_rx.lock().expect("nobody panics while holding this"));
        });
        Self { provider, continue_tx, request_rx }
    }

    async fn server(&self, tool: &[&str]) -> (Sandbox, Server) {
        let base_url = self.provider.base_url();
        let sandbox = Sandbox::with_config(&format!("images.partial_images = 2\n{}", provider_config(&base_url)));
        let server = start_server_with_key(&sandbox, tool).await;
        (sandbox, server)
    }
}

fn draw(exchange: &mut Exchange, continue_rx: &Receiver<()>) {
    let hosted = exchange.endpoint() == "responses";
    exchange.send(HEAD);
    for index in [0, 1] {
        let picture = BASE64.encode(preview_png(index));
        let event = match hosted {
            true => json!({"type": "response.image_generation_call.partial_image", "item_id": "call_1",
                "partial_image_index": index, "partial_image_b64": picture}),
            false => {
                json!({"type": "image_generation.partial_image", "partial_image_index": index, "b64_json": picture})
            }
        };
        exchange.send(&openai::event_stream(&[event]));
        // After the end of the test, nobody sends.
        if continue_rx.recv().is_err() {
            exchange.await_disconnect();
            return;
        }
    }
    let picture = BASE64.encode(image_png());
    exchange.send(&openai::event_stream(&match hosted {
        true => {
            let item =
                json!({"type": "image_generation_call", "id": "call_1", "status": "completed", "result": picture});
            let done = json!({"type": "response.output_item.done", "item": item});
            [vec![done], openai::message("1", "Here."), vec![openai::completed()]].concat()
        }
        false => vec![json!({"type": "image_generation.completed", "b64_json": picture})],
    }));
}

async fn next_preview(server: &mut Server) -> ImageGenerationPreviewNotification {
    let events = server.events_until(|event| matches!(event, Event::ImagePreview(_))).await;
    let Some(Event::ImagePreview(preview)) = events.into_iter().last() else { unreachable!("it is the last") };
    preview
}

fn files(sandbox: &Sandbox) -> Vec<PathBuf> {
    list_recursively(&sandbox.home().join("generated_images")).into_iter().filter(|path| path.is_file()).collect()
}

#[tokio::test]
async fn each_preview_is_kept_until_the_next() {
    for tool in [STANDALONE, HOSTED] {
        let studio = Provider::open(tool);
        let (sandbox, mut server) = studio.server(tool).await;
        let thread = server.start_thread().await;
        let turn = server.start_turn(&thread.id, vec![text("Draw a square")]).await;
        let mut before: Option<PathBuf> = None;
        for index in [0, 1] {
            let preview = next_preview(&mut server).await;
            assert_eq!((&preview.thread_id, &preview.turn_id, preview.index), (&thread.id, &turn.id, index));
            assert_eq!(preview.item_id, "call_1");
            assert_eq!((preview.width, preview.height, preview.media_type), (4 + index, 4, MediaType::Png));
            assert_eq!(preview.bytes, preview_png(index).len() as u64);
            let path = PathBuf::from(&preview.path);
            assert_eq!(read_file(&path), preview_png(index));
            assert_eq!(files(&sandbox), std::slice::from_ref(&path), "the one before is gone: {before:?}");
            before = Some(path);
            studio.continue_tx.send(()).expect("the provider waits");
        }
        let events = server.events_until_turn_end().await;
        assert_eq!(turn_status(&events), Some(TurnStatus::Completed));
        let item = completed_image(&events);
        assert_eq!(files(&sandbox), [PathBuf::from(item.saved_path.as_ref().expect("a path"))]);
        assert_eq!(read_file(&files(&sandbox)[0]), image_png());

        let request_rx = studio.request_rx.recv().expect("the provider was asked");
        let request_rx = if tool == HOSTED { &request_rx["tools"][0] } else { &request_rx };
        assert_eq!(request_rx["partial_images"], 2);
        let pictures = [preview_png(0), preview_png(1), image_png()].map(|picture| BASE64.encode(picture));
        let lines = server.transcript().into_iter().filter(|(direction, _)| *direction == Direction::Received);
        assert!(lines.map(|(_, line)| line).all(|line| !pictures.iter().any(|picture| line.contains(picture))));
        let read = ThreadReadParams { thread_id: thread.id, include_turns: Some(true) };
        let read = server.request::<ThreadRead>(&read).await;
        assert!(!serde_json::to_string(&read).expect("JSON").contains("preview."), "history has none");
        server.close().await;
    }
}

#[tokio::test]
async fn an_interrupt_leaves_no_preview_behind() {
    for tool in [STANDALONE, HOSTED] {
        let studio = Provider::open(tool);
        let (sandbox, mut server) = studio.server(tool).await;
        let thread = server.start_thread().await;
        let turn = server.start_turn(&thread.id, vec![text("Draw a square")]).await;
        next_preview(&mut server).await;
        server.interrupt(&thread.id, &turn.id).await;
        let events = server.events_until_turn_end().await;
        assert_eq!(turn_status(&events), Some(TurnStatus::Interrupted));
        assert_eq!(completed_image(&events).status, ImageStatus::Failed);
        assert_eq!(files(&sandbox), Vec::<PathBuf>::new());
        drop(studio.continue_tx);
        server.close().await;
    }
}

#[tokio::test]
async fn killed_server_leaves_no_preview_files() {
    let studio = Provider::open(STANDALONE);
    let (sandbox, mut server) = studio.server(STANDALONE).await;
    let thread = server.start_thread().await;
    server.start_turn(&thread.id, vec![text("Draw a square")]).await;
    let preview = next_preview(&mut server).await;
    server.client.kill().await.expect("the process is killed");
    assert!(PathBuf::from(&preview.path).exists());
    let mut next = start_server_with_key(&sandbox, STANDALONE).await;
    let read = ThreadReadParams { thread_id: thread.id, include_turns: Some(true) };
    let read = next.request::<ThreadRead>(&read).await;
    assert!(serde_json::to_string(&read).expect("JSON").contains("Easel ended before this call did"));
    assert_eq!(files(&sandbox), Vec::<PathBuf>::new());
    next.close().await;
}
