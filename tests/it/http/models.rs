//! Models that a provider lists itself.

use easel_protocol::method::ModelList;
use easel_protocol::model::ModelListParams;
use easel_testkit::http::{MockServer, Request, Response};
use serde_json::json;

use crate::harness::{Sandbox, Server, mock_provider_config};

async fn models(server: &mut Server, params: ModelListParams) -> (Vec<String>, Option<String>) {
    let listed = server.request::<ModelList>(&params).await;
    (listed.data.into_iter().map(|model| model.id).collect(), listed.next_cursor)
}

/// The ids that a server with this configuration lists, in two requests.
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
async fn provider_models_are_listed_once_after_the_table() {
    let backend = MockServer::respond(|_| {
        let ids = ["gpt-5.5", "local-8b", "mine", "local-8b", "gpt-image-2", "bad\u{202e}id"];
        Response::json(200, &json!({ "data": ids.map(|id| json!({ "id": id })) }))
    });
    let config = format!("model = \"mine\"\n{}", mock_provider_config(&backend, "litellm"));
    assert_eq!(listed(&config).await, ["mine", "gpt-5.5", "local-8b"]);
    assert_eq!(backend.requests_to("/v1/models").len(), 1);
}

#[tokio::test]
async fn invalid_provider_model_list_keeps_the_table() {
    let replies: [fn(&Request) -> Response; 4] = [
        |_| Response::json(500, &json!({ "error": { "message": "broken" } })),
        |_| Response::json(200, &json!({ "detail": "Not Found" })),
        |_| Response::message("What is a model?"),
        |_| Response::json(200, &json!({ "data": [{ "id": "a" }], "x": "x".repeat(1 << 20) })),
    ];
    for reply in replies {
        let backend = MockServer::respond(reply);
        assert_eq!(listed(&mock_provider_config(&backend, "litellm")).await, ["gpt-5.5"]);
        assert_eq!(backend.requests_to("/v1/models").len(), 1);
    }
}

#[tokio::test]
async fn preset_decides_on_model_list_unless_configured() {
    for (preset, says, expected) in
        [("openai", "", 0), ("openai", "models_endpoint = true\n", 1), ("generic", "models_endpoint = false\n", 0)]
    {
        let backend = MockServer::respond(|_| Response::json(200, &json!({ "data": [{ "id": "other" }] })));
        let models = listed(&(mock_provider_config(&backend, preset) + says)).await;
        assert_eq!((models.len(), backend.requests_to("/models").len()), (1 + expected, expected), "{preset} {says}");
    }
}

#[tokio::test]
async fn hundreds_of_models_are_listed_in_pages() {
    let backend = MockServer::respond(|_| {
        let ids: Vec<_> = (0..1_000).map(|i| json!({ "id": format!("{i:0>128}") })).collect();
        Response::json(200, &json!({ "data": ids }))
    });
    let sandbox = Sandbox::with_config(&mock_provider_config(&backend, "generic"));
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
