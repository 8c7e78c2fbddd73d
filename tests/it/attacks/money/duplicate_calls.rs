//! Each call of the model runs once and is billed once, whatever ids the provider uses.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use easel_protocol::item::ImageStatus;
use easel_testkit::http::MockServer;
use easel_testkit::image::{RED, solid_png};
use easel_testkit::openai;
use serde_json::{Value, json};

use crate::harness::events::completed_image;
use crate::harness::{STANDALONE, Sandbox, text};
use crate::http::{provider_config, start_server_with_key};

/// A call of the image tool. `ids` has the ids of the item and of the call.
fn call(ids: &Value) -> Value {
    let mut call = json!({"type": "function_call", "namespace": "image_gen", "name": "imagegen",
        "arguments": "{\"prompt\":\"a cat\"}"});
    call.as_object_mut().expect("an object").extend(ids.as_object().cloned().unwrap_or_default());
    call
}

fn item_done(position: Option<u32>, item: &Value) -> Value {
    json!({"type": "response.output_item.done", "output_index": position, "item": item})
}

fn completed_with(output: &[&Value]) -> Value {
    json!({"type": "response.completed", "response": {"status": "completed", "output": output}})
}

/// The number of images of a turn with this model response, as the client and as the provider count them.
async fn count_images(response: Vec<Value>) -> (usize, usize) {
    let image_answer = json!({"data": [{"b64_json": BASE64.encode(solid_png(8, 8, RED))}]}).to_string();
    let provider = MockServer::start(move |exchange| {
        let has_output = String::from_utf8_lossy(&exchange.read_body()).contains("function_call_output");
        match exchange.endpoint() {
            "responses" if has_output => {
                exchange.respond_events(&[openai::message("1", "There."), vec![openai::completed()]].concat());
            }
            "responses" => exchange.respond_events(&response),
            _ => exchange.respond(200, "application/json", image_answer.as_bytes()),
        }
    });
    let sandbox = Sandbox::with_config(&provider_config(&provider.base_url()));
    let mut server = start_server_with_key(&sandbox, STANDALONE).await;
    let thread = server.start_thread().await;
    let events = server.run_turn(&thread.id, vec![text("draw a cat")]).await;
    let images = crate::http::completed_images(events);
    assert!(images.iter().all(|image| image.status == ImageStatus::Completed), "{images:#?}");
    server.close().await;
    (images.len(), provider.body_lengths("images/generations").len())
}

#[tokio::test]
async fn call_with_two_ids_runs_once() {
    let (first, second) =
        (call(&json!({"id": "fc_1", "call_id": "call_A"})), call(&json!({"id": "fc_2", "call_id": "call_B"})));
    let added = json!({"type": "response.output_item.added", "output_index": 0, "item": second});
    assert_eq!(count_images(vec![added, item_done(Some(0), &first), completed_with(&[&second])]).await, (1, 1));
    assert_eq!(
        count_images(vec![item_done(None, &first), completed_with(&[&second])]).await,
        (1, 1),
        "without positions"
    );
}

#[tokio::test]
async fn call_reported_twice_runs_once() {
    let without_id = call(&json!({"call_id": "call_A"}));
    assert_eq!(
        count_images(vec![item_done(None, &without_id), item_done(None, &without_id), openai::completed()]).await,
        (1, 1)
    );
    let without_ids = call(&json!({}));
    assert_eq!(
        count_images(vec![
            item_done(None, &without_ids),
            item_done(None, &without_ids),
            completed_with(&[&without_ids])
        ])
        .await,
        (1, 1)
    );
}

#[tokio::test]
async fn equal_calls_at_two_positions_both_run() {
    let (first, second) =
        (call(&json!({"id": "fc_1", "call_id": "call_A"})), call(&json!({"id": "fc_2", "call_id": "call_B"})));
    assert_eq!(
        count_images(vec![item_done(Some(0), &first), item_done(Some(1), &second), completed_with(&[&first, &second])])
            .await,
        (2, 2)
    );
}

#[tokio::test]
async fn call_id_with_control_characters_works() {
    // OpenAI's document allows ids of up to 64 characters, and the interop tests check this request against it.
    for id in ["call\r\nX-Evil: 1", "call_\u{1b}]52;c;ZXZpbA==\u{7}", "\u{202e}\u{0}", "ключ-🗝", &"x".repeat(64)]
    {
        let odd = call(&json!({"id": "fc_1", "call_id": id}));
        assert_eq!(count_images(vec![item_done(Some(0), &odd), completed_with(&[&odd])]).await, (1, 1), "{id:?}");
    }
}

#[tokio::test]
async fn a_hosted_image_under_two_ids_is_one_item() {
    let image_of = |id: &str| {
        let picture = BASE64.encode(solid_png(8, 8, RED));
        json!({"type": "image_generation_call", "id": id, "status": "completed", "result": picture})
    };
    let (first, second) = (image_of("ig_1"), image_of("ig_2"));
    let provider = MockServer::start(move |exchange| {
        exchange.read_body();
        exchange.respond_events(
            &[vec![item_done(Some(0), &first)], openai::message("1", "There."), vec![completed_with(&[&second])]]
                .concat(),
        );
    });
    let sandbox = Sandbox::with_config(&provider_config(&provider.base_url()));
    let mut server = start_server_with_key(&sandbox, &[]).await;
    let thread = server.start_thread().await;
    let events = server.run_turn(&thread.id, vec![text("draw a cat")]).await;
    assert_eq!(completed_image(&events).status, ImageStatus::Completed);
    server.close().await;
}
