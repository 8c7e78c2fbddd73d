//! The session: messages of the user, and the responses of a provider for each of the tools.

use std::collections::VecDeque;
use std::sync::Mutex;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use easel_protocol::input::UserInput;
use easel_testkit::http::MockServer;
use easel_testkit::image::{BLUE, RED, solid_png};
use easel_testkit::openai;
use serde_json::{Value, json};

use crate::harness::events::messages_after_images;
use crate::harness::normalize::normalize;
use crate::harness::{STANDALONE, Sandbox, local_image, text};
use crate::http::{provider_config, start_server_with_key};

/// What one tool showed.
pub(super) struct Session {
    /// Events without ids and times. Token counts are left out: there is one per model response, and the standalone
    /// tool needs one more response.
    pub(super) events: Vec<Value>,
    /// The number of requests to the images endpoint.
    pub(super) image_requests: usize,
}

/// One turn of the session.
struct Turn {
    user: &'static str,
    attaches: bool,
    /// The message of the model before it draws.
    before: Option<&'static str>,
    drawings: &'static [Drawing],
    after: &'static str,
}

enum Drawing {
    /// A square of this size.
    Square(u32),
    /// A square with a preview.
    Shown(u32),
    Blocked,
}

/// The size of the preview.
const PREVIEW_SIDE: u32 = 8;

const REVISED_PROMPT: &str = "A square on white";
const BLOCKED: &str = "Your request was rejected by the safety system.";

/// The turns of each thread. The second turn edits all images of its thread, because that is what a hosted tool sees.
const THREADS: [&[Turn]; 3] = [
    &[
        Turn {
            user: "Draw a red square",
            attaches: false,
            before: None,
            drawings: &[Drawing::Shown(16)],
            after: "Here it is.",
        },
        Turn {
            user: "Edit: join the two",
            attaches: true,
            before: None,
            drawings: &[Drawing::Square(24)],
            after: "Joined.",
        },
    ],
    &[
        Turn {
            user: "Draw a crime",
            attaches: false,
            before: None,
            drawings: &[Drawing::Blocked],
            after: "I cannot draw that.",
        },
        Turn {
            user: "Explain a square, then draw it",
            attaches: false,
            before: Some("A square has four equal sides."),
            drawings: &[Drawing::Square(32)],
            after: "That is one.",
        },
    ],
    &[Turn {
        user: "Draw two squares",
        attaches: false,
        before: None,
        drawings: &[Drawing::Square(40), Drawing::Square(48)],
        after: "Two squares.",
    }],
];

/// Plays the session on a server with these arguments.
pub(super) async fn run_session(tool: &[&str]) -> Session {
    let standalone = tool == STANDALONE;
    let turns = || THREADS.iter().copied().flatten();
    let responses: VecDeque<Vec<Value>> = turns()
        .enumerate()
        .flat_map(|(at, turn)| if standalone { standalone_answers(at, turn) } else { hosted_answers(at, turn) })
        .collect();
    let images: VecDeque<(u16, Value)> = turns().flat_map(|turn| turn.drawings).map(images_response).collect();
    let script = Mutex::new((responses, images));
    let provider = MockServer::start(move |exchange| {
        exchange.read_body();
        let mut script = script.lock().expect("nobody panics while holding this");
        if exchange.endpoint() == "responses" {
            let events = script.0.pop_front().expect("as many responses as requests");
            return exchange.respond_events(&events);
        }
        let (status, body) = script.1.pop_front().expect("as many images as requests");
        if let Value::Array(events) = body {
            return exchange.respond_events(&events);
        }
        exchange.respond(status, "application/json", body.to_string().as_bytes());
    });
    // One call at a time, so that two images end in order.
    let sandbox = Sandbox::with_config(&format!(
        "images.parallel = 1\nimages.partial_images = 1\n{}",
        provider_config(&provider.base_url())
    ));
    let mut server = start_server_with_key(&sandbox, tool).await;
    let attached = sandbox.write_file("attached.png", &solid_png(8, 8, BLUE));
    let mut events = Vec::new();
    for turns in THREADS {
        let thread = server.start_thread().await;
        for turn in turns {
            let mut input: Vec<UserInput> = vec![text(turn.user)];
            input.extend(turn.attaches.then(|| local_image(&attached)));
            let turn_events = messages_after_images(server.run_turn(&thread.id, input).await);
            let seen = turn_events.iter().filter(|event| event.method() != "thread/tokenUsage/updated");
            events.extend(seen.map(|event| normalize(&sandbox, event)));
        }
    }
    server.close().await;
    let image_requests = provider.requests().iter().filter(|request| request.endpoint() != "responses").count();
    Session { events, image_requests }
}

/// The two responses of a model that calls the standalone tool.
fn standalone_answers(at: usize, turn: &Turn) -> Vec<Vec<Value>> {
    let mut arguments = json!({"prompt": turn.user});
    if turn.attaches {
        arguments["num_last_images_to_include"] = 2.into();
    }
    let mut first = message_events(at, turn);
    first.extend((0..turn.drawings.len()).map(|call| openai::image_call(&format!("{at}{call}"), &arguments)));
    first.push(openai::completed());
    vec![first, [openai::message(&format!("{at}b"), turn.after), vec![openai::completed()]].concat()]
}

/// The response of a model with a hosted tool.
fn hosted_answers(at: usize, turn: &Turn) -> Vec<Vec<Value>> {
    let mut events = message_events(at, turn);
    let id = |call: usize| format!("ig_{at}{call}");
    let items = || turn.drawings.iter().enumerate();
    for (call, _) in items() {
        let item = json!({"type": "image_generation_call", "id": id(call), "status": "in_progress"});
        events.push(json!({"type": "response.output_item.added", "item": item}));
    }
    for (call, drawing) in items() {
        if let Drawing::Shown(_) = drawing {
            events.push(json!({"type": "response.image_generation_call.partial_image", "item_id": id(call),
                "partial_image_index": 0, "partial_image_b64": square(PREVIEW_SIDE)}));
        }
        events.push(json!({"type": "response.output_item.done", "item": item(&id(call), drawing)}));
    }
    events.extend(openai::message(&format!("{at}b"), turn.after));
    events.push(openai::completed());
    vec![events]
}

fn message_events(at: usize, turn: &Turn) -> Vec<Value> {
    turn.before.map_or_else(Vec::new, |before| openai::message(&format!("{at}a"), before))
}

fn square(side: u32) -> String {
    BASE64.encode(solid_png(side, side, RED))
}

fn refusal() -> Value {
    json!({"message": BLOCKED, "type": "image_generation_user_error", "code": "moderation_blocked"})
}

/// The response of the images endpoint.
fn images_response(drawing: &Drawing) -> (u16, Value) {
    match drawing {
        Drawing::Square(side) => {
            let data = json!([{"b64_json": square(*side), "revised_prompt": REVISED_PROMPT}]);
            let usage = json!({"input_tokens": 10, "output_tokens": 20, "total_tokens": 30});
            (
                200,
                json!({"created": 1, "data": data, "size": "1024x1024", "quality": "high", "background": "opaque",
                    "output_format": "png", "usage": usage}),
            )
        }
        Drawing::Shown(side) => {
            let (_, mut event) = images_response(&Drawing::Square(*side));
            let data = event["data"][0].take();
            for (field, value) in [
                ("type", "image_generation.completed".into()),
                ("b64_json", data["b64_json"].clone()),
                ("revised_prompt", REVISED_PROMPT.into()),
            ] {
                event[field] = value;
            }
            let preview = json!({"type": "image_generation.partial_image", "partial_image_index": 0,
                "b64_json": square(PREVIEW_SIDE)});
            event.as_object_mut().expect("an object").remove("data");
            (200, json!([preview, event]))
        }
        Drawing::Blocked => (400, json!({"error": refusal()})),
    }
}

/// The item of the hosted tool.
fn item(id: &str, drawing: &Drawing) -> Value {
    match drawing {
        Drawing::Square(side) | Drawing::Shown(side) => {
            json!({"type": "image_generation_call", "id": id, "status": "completed",
            "result": square(*side), "revised_prompt": REVISED_PROMPT, "size": "1024x1024", "quality": "high",
            "background": "opaque", "output_format": "png"})
        }
        Drawing::Blocked => json!({"type": "image_generation_call", "id": id, "status": "failed", "error": refusal()}),
    }
}
