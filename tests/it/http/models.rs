//! The models that a provider lists itself.

use easel_protocol::method::ModelList;
use easel_protocol::model::ModelListParams;
use serde_json::json;

use crate::harness::mock_server::{MockServer, Reply, Request};
use crate::harness::{Sandbox, Server};

async fn models(server: &mut Server, params: ModelListParams) -> (Vec<String>, Option<String>) {
    let listed = server.request::<ModelList>(&params).await;
    (listed.data.into_iter().map(|model| model.id).collect(), listed.next_cursor)
}

/// All ids that a server with this configuration lists when it is asked twice.
async fn listed(config: &str) -> Vec<String> {
    let sandbox = Sandbox::with_config(config);
    let mut server = sandbox.start_server().await;
    let (first, _) = models(&mut server, ModelListParams::default()).await;
    let (second, _) = models(&mut server, ModelListParams::default()).await;
    assert_eq!(first, second);
    server.close().await;
    first
}

#[tokio::test]
async fn what_a_provider_lists_follows_the_table_once_and_is_asked_for_once() {
    let backend = MockServer::start(|_| {
        let ids = ["gpt-5.5", "local-8b", "mine", "local-8b", "gpt-image-2", "bad\u{202e}id"];
        Reply::json(200, &json!({ "data": ids.map(|id| json!({ "id": id })) }))
    })
    .await;
    let config = format!("model = \"mine\"\n{}", backend.config("litellm"));
    assert_eq!(listed(&config).await, ["mine", "gpt-5.5", "local-8b"]);
    assert_eq!(backend.sent_to("/v1/models").len(), 1);
}

#[tokio::test]
async fn a_provider_whose_list_is_none_leaves_the_table() {
    let replies: [fn(&Request) -> Reply; 4] = [
        |_| Reply::json(500, &json!({ "error": { "message": "broken" } })),
        |_| Reply::json(200, &json!({ "detail": "Not Found" })),
        |_| Reply::message("What is a model?"),
        |_| Reply::json(200, &json!({ "data": [{ "id": "a" }], "x": "x".repeat(1 << 20) })),
    ];
    for reply in replies {
        let backend = MockServer::start(reply).await;
        assert_eq!(listed(&backend.config("litellm")).await, ["gpt-5.5"]);
        assert_eq!(backend.sent_to("/v1/models").len(), 1);
    }
}

#[tokio::test]
async fn the_preset_says_whether_there_is_a_list_and_configuration_says_otherwise() {
    for (preset, says, expected) in
        [("openai", "", 0), ("openai", "models_endpoint = true\n", 1), ("generic", "models_endpoint = false\n", 0)]
    {
        let backend = MockServer::start(|_| Reply::json(200, &json!({ "data": [{ "id": "other" }] }))).await;
        let models = listed(&(backend.config(preset) + says)).await;
        assert_eq!((models.len(), backend.sent_to("/models").len()), (1 + expected, expected), "{preset} {says}");
    }
}

#[tokio::test]
async fn hundreds_of_models_come_in_pages_of_short_lines() {
    let backend = MockServer::start(|_| {
        let ids: Vec<_> = (0..1_000).map(|i| json!({ "id": format!("{i:0>128}") })).collect();
        Reply::json(200, &json!({ "data": ids }))
    })
    .await;
    let sandbox = Sandbox::with_config(&backend.config("generic"));
    let mut server = sandbox.start_server().await;
    let (mut all, mut cursor) = (Vec::new(), None);
    loop {
        let params = ModelListParams { cursor, limit: Some(500), ..ModelListParams::default() };
        let (page, next) = models(&mut server, params).await;
        all.extend(page);
        cursor = next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(all.len(), 1_001);
    assert!(server.longest_line_len() < 64 << 10, "{}", server.longest_line_len());
    server.close().await;
}
