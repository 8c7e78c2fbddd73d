//! Writes the long threads through the store, as turns of a model that made an image each.

use std::path::Path;

use easel_imagegen::port::Store;
use easel_protocol::event::{
    Event, ItemCompletedNotification, RawResponseItemCompletedNotification, TurnCompletedNotification,
    TurnStartedNotification,
};
use easel_protocol::input::UserInput;
use easel_protocol::item::{AgentMessageItem, ImageGenerationItem, ImageStatus, ThreadItem, UserMessageItem};
use easel_protocol::response_item::{ContentItem, MessageRole, ResponseItem};
use easel_protocol::thread::Thread;
use easel_protocol::turn::{Turn, TurnItemsView, TurnStatus};
use easel_store::{EaselStore, ImportLimits};
use rusqlite::Connection;
use serde_json::json;

use crate::long::LENGTHS;

pub(crate) const TEXT: &str =
    "Draw the boats in the harbour at dusk, with a light in each window and fog over the hills";
const PROMPT: &str = "An oil painting of small boats in a harbour at dusk, with warm light in each window, fog over the \
    hills behind, long reflections on still water, and a stone bridge on the left, in the manner of old masters";

/// The id of the thread with this many turns.
pub(crate) fn id(turns: usize) -> String {
    format!("00000000-0000-7000-8001-{turns:012}")
}

pub(crate) async fn fill(home: &Path) {
    let store = EaselStore::open(home.to_path_buf(), ImportLimits::default());
    for length in LENGTHS {
        let id = id(length);
        let thread = Thread {
            id: id.clone().into(),
            session_id: id.clone().into(),
            cwd: "/projects".into(),
            ..crate::thread(0)
        };
        let thread = Thread { model_provider: "bench".into(), ..thread };
        store.save_thread(thread, None).await.expect("a thread");
        for first in (0..length).step_by(100) {
            store
                .append((first..first + 100).flat_map(|number| events(&id, length, number)).collect())
                .await
                .expect("turns");
        }
    }
    store.close().await;
    let database = Connection::open(home.join("easel.db")).expect("a database");
    let sql = "INSERT INTO images (thread_id, id, origin, turn_id, call_id, path, created_at, json) \
               SELECT thread_id, json_extract(json, '$.images[0].id'), 'made', turn_id, id, \
               json_extract(json, '$.images[0].path'), 1700000000, json_extract(json, '$.images[0]') \
               FROM items WHERE kind = 'imageGeneration' ORDER BY thread_id, position";
    database.execute(sql, []).expect("images");
}

/// A turn whose model made an image, as the store keeps it.
fn events(thread: &str, length: usize, number: usize) -> Vec<Event> {
    let (turn_id, call) = (format!("turn-{number}"), format!("call_{number}"));
    let (thread_id, turn) = (|| thread.into(), |status| turn_at(&turn_id, status));
    let completed = |item: ThreadItem| {
        let completed_at_ms = 1_700_000_000_000;
        let turn_id = turn_id.as_str().into();
        Event::ItemCompleted(ItemCompletedNotification { thread_id: thread_id(), turn_id, item, completed_at_ms })
    };
    let raw = |item: ResponseItem| {
        let turn_id = turn_id.as_str().into();
        Event::RawResponseItemCompleted(RawResponseItemCompletedNotification { thread_id: thread_id(), turn_id, item })
    };
    let says = |role, part| ResponseItem::Message { role, content: vec![part] };
    let text = format!("{TEXT} ({number})");
    let handle = format!("img_{length:016x}{number:016x}");
    let answer = format!("Here is picture {number}.");
    let output = vec![ContentItem::InputImage { image_url: format!("easel:{handle}"), detail: None }];
    vec![
        Event::TurnStarted(TurnStartedNotification { thread_id: thread_id(), turn: turn(TurnStatus::InProgress) }),
        completed(ThreadItem::UserMessage(UserMessageItem {
            id: format!("user_{number}").into(),
            client_id: None,
            content: vec![UserInput::Text { text: text.as_str().into(), text_elements: Vec::new() }],
            started_at_ms: 1_700_000_000_000,
            completed_at_ms: Some(1_700_000_000_000),
        })),
        raw(says(MessageRole::User, ContentItem::InputText { text: text.into() })),
        completed(ThreadItem::ImageGeneration(Box::new(image_item(thread, &call, &handle)))),
        raw(ResponseItem::FunctionCall {
            call_id: call.as_str().into(),
            namespace: Some("image_gen".into()),
            name: "imagegen".into(),
            arguments: json!({ "prompt": PROMPT }).to_string(),
        }),
        raw(ResponseItem::FunctionCallOutput { call_id: call.as_str().into(), output }),
        completed(ThreadItem::AgentMessage(AgentMessageItem {
            id: format!("msg_{number}").into(),
            text: answer.clone(),
            phase: None,
            started_at_ms: 1_700_000_000_000,
            completed_at_ms: Some(1_700_000_000_000),
        })),
        raw(says(MessageRole::Assistant, ContentItem::OutputText { text: answer.into() })),
        Event::TurnCompleted(TurnCompletedNotification { thread_id: thread_id(), turn: turn(TurnStatus::Completed) }),
    ]
}

fn turn_at(id: &str, status: TurnStatus) -> Turn {
    Turn {
        id: id.into(),
        root_turn_id: id.into(),
        items: Vec::new(),
        items_view: TurnItemsView::NotLoaded,
        status,
        error: None,
        started_at: Some(1_700_000_000),
        completed_at: (status == TurnStatus::Completed).then_some(1_700_000_000),
        duration_ms: None,
    }
}

/// A completed call. Its image has a record and no file: a model is shown its text line only.
fn image_item(thread: &str, call: &str, handle: &str) -> ImageGenerationItem {
    let path = format!("generated_images/{thread}/{call}.png");
    let record = json!({
        "id": handle, "path": path, "sha256": "0".repeat(64), "mediaType": "image/png", "width": 1024, "height": 1024,
        "bytes": 2_000_000, "hasAlpha": false, "provider": "openai", "model": "gpt-image-2",
        "requested": { "action": "generate", "prompt": PROMPT }, "applied": { "size": "1024x1024" },
        "revisedPrompt": PROMPT, "inputs": [], "usage": null, "elapsedMs": 9_000, "attempts": 1, "requestId": "req_1",
        "synthetic": false,
    });
    ImageGenerationItem {
        status: ImageStatus::Completed,
        saved_path: Some(path),
        images: vec![serde_json::from_value(record).expect("a record")],
        completed_at_ms: Some(1_700_000_000_000),
        ..ImageGenerationItem::new(call.into(), 1_700_000_000_000)
    }
}
