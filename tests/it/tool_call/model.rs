//! Calls of a client are part of the thread: its model reads them, and so do later processes.

use easel_protocol::method::{ThreadResume, ThreadTurnsList};
use easel_protocol::thread::ThreadTurnsListParams;
use easel_protocol::turn::TurnItemsView;
use serde_json::{Value, json};

use super::{call, draw, params, provider, start};
use crate::harness::events::{completed_image, completed_turn};
use crate::harness::text;
use crate::storage::list_recursively;
use crate::threads::resume_params;

#[tokio::test]
async fn next_turn_of_the_model_reads_the_calls() {
    let provider = provider();
    let (sandbox, mut server, thread_id) = start(&provider).await;
    let made = call(&mut server, &draw(&thread_id, "toolu_1", "a cat")).await;
    let failed = call(&mut server, &params(&thread_id, "toolu_2", json!({}))).await;
    assert!(made.success && !failed.success);
    for _ in 0..2 {
        server.run_turn(&thread_id, vec![text("draw a dog")]).await;
        let requests = provider.requests_to("/responses");
        let body = requests[requests.len() - 2].json();
        let input = body["input"].as_array().expect("a conversation");
        let find = |kind: &str, id: &str| -> Value {
            let found = input.iter().find(|item| item["type"] == kind && item["call_id"] == id);
            found.unwrap_or_else(|| panic!("no {kind} {id} in {input:#?}")).clone()
        };
        assert_eq!(find("function_call", "toolu_1")["arguments"], "{\"prompt\":\"a cat\"}");
        assert_eq!(find("function_call", "toolu_1")["namespace"], "image_gen");
        let output = find("function_call_output", "toolu_1")["output"].to_string();
        assert!(output.contains(&*made.images[0].id) && output.contains("data:image/"), "{output}");
        assert!(find("function_call_output", "toolu_2")["output"].to_string().contains("No image was made"));
        server.close().await;
        server = sandbox.start_server().await;
        server.request::<ThreadResume>(&resume_params(&thread_id)).await;
    }
    server.close().await;
}

#[tokio::test]
async fn images_of_model_and_client_can_edit_each_other() {
    let provider = provider();
    let (_sandbox, mut server, thread_id) = start(&provider).await;
    let events = server.run_turn(&thread_id, vec![text("a dog")]).await;
    let drawn = completed_image(&events).images[0].id.clone();
    assert!(completed_turn(&events).error.is_none());
    let edit = json!({"prompt": "make it green", "action": "edit"});
    let edited = call(&mut server, &params(&thread_id, "call_1", edit)).await;
    assert_eq!(edited.images[0].inputs[0].id.as_ref(), Some(&drawn));
    let again = json!({"prompt": "make it blue", "images": [edited.images[0].id, drawn]});
    let edited_again = call(&mut server, &params(&thread_id, "call_2", again)).await;
    let inputs: Vec<_> = edited_again.images[0].inputs.iter().filter_map(|input| input.id.clone()).collect();
    assert_eq!(inputs, [edited.images[0].id.clone(), drawn]);
    let list: ThreadTurnsListParams =
        serde_json::from_value(json!({"threadId": thread_id, "sortDirection": "asc"})).expect("params");
    let list = ThreadTurnsListParams { items_view: Some(TurnItemsView::Full), ..list };
    let turns = server.request::<ThreadTurnsList>(&list).await.data;
    let ids: Vec<Vec<&str>> =
        turns.iter().map(|turn| turn.items.iter().map(|item| item.id().as_str()).collect()).collect();
    assert_eq!((ids.len(), &ids[1..]), (3, &[vec!["call_1"], vec!["call_2"]][..]), "{ids:?}");
    server.close().await;
}

#[tokio::test]
async fn bytes_of_a_call_are_only_in_its_image_file() {
    let provider = provider();
    let (sandbox, mut server, thread_id) = start(&provider).await;
    let params = easel_protocol::tool::ToolCallParams { pictures: None, ..draw(&thread_id, "call_1", "a cat") };
    let response = call(&mut server, &params).await;
    let result = serde_json::to_value(&response.result).expect("JSON");
    let url = result["output"][0]["image_url"].as_str().expect("a data URL").to_owned();
    let base64 = url.rsplit_once(',').expect("a data URL").1.as_bytes().to_vec();
    server.close().await;
    for path in list_recursively(&sandbox.home()).into_iter().filter(|path| path.is_file()) {
        let content = std::fs::read(&path).expect("a file");
        let has_base64 = content.windows(base64.len()).any(|window| window == base64);
        assert!(!has_base64, "{} has the bytes of the image", path.display());
    }
}
