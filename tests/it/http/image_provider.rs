//! One provider answers, another one makes the images.

mod billed;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use easel_protocol::account::GetAccountParams;
use easel_protocol::item::ImageStatus;
use easel_protocol::method::{AccountRead, ModelProviderList, ThreadStart, ToolList, UsageRead};
use easel_protocol::model::ModelProviderListParams;
use easel_protocol::thread::ThreadStartParams;
use easel_protocol::tool::{HeldBackReason, ToolExposure, ToolListParams};
use easel_protocol::usage::UsageReadParams;
use easel_testkit::http::{MockServer, Request, Response};
use easel_testkit::image::{RED, solid_png};
use serde_json::json;

use super::turn_status;
use crate::harness::events::{completed_image, last_agent_message};
use crate::harness::{Sandbox, Server, text};
use easel_protocol::turn::TurnStatus;

/// A server with a model that calls the tool once. It makes no images.
fn chat() -> MockServer {
    MockServer::respond(|sent| {
        assert!(sent.path.ends_with("/responses"), "{}", sent.path);
        match sent.json()["input"].as_array().is_some_and(|input| input.iter().any(|item| item["call_id"] == "call_0"))
        {
            true => Response::message("Here it is."),
            false => Response::image_calls(&[json!({ "prompt": "a square" })]),
        }
    })
}

/// A server that makes images and has no model, like `sd-server`.
fn draw(sent: &Request) -> Response {
    if !sent.path.contains("/images/") {
        return Response::json(404, &json!({ "error": "File Not Found" }));
    }
    let image = BASE64.encode(solid_png(16, 16, RED));
    Response::json(200, &json!({ "created": 1, "data": [{ "b64_json": image }] }))
}

fn studio(server: &MockServer) -> String {
    format!(
        "[model_providers.studio]\npreset = \"openai\"\nbase_url = \"{}\"\nenv_key = \"STUDIO_KEY\"\n",
        server.base_url()
    )
}

fn local(server: &MockServer) -> String {
    format!(
        "[model_providers.local]\npreset = \"sd-server\"\nbase_url = \"{}\"\nimage_model = \"sdxl\"\n",
        server.base_url()
    )
}

async fn start(sandbox: &Sandbox, arguments: &[&str]) -> Server {
    let mut command = sandbox.server_command(arguments);
    command.env("STUDIO_KEY", "sk-canary");
    let mut server = Server::spawn(command);
    server.initialize(None).await;
    server
}

#[tokio::test]
async fn model_of_one_provider_draws_with_another() {
    let (chat, drawing) = (chat(), MockServer::respond(draw));
    let config = format!(
        "model_provider = \"studio\"\nimages.provider = \"local\"\nprices.sdxl.image = 0.5\n\
         prices.gpt-image-2.image = 9.0\n{}{}",
        studio(&chat),
        local(&drawing)
    );
    let sandbox = Sandbox::with_config(&config);
    let mut server = start(&sandbox, &[]).await;
    let thread = server.start_thread().await;
    assert_eq!(thread.model_provider, "studio");
    let tools = server.request::<ToolList>(&ToolListParams { thread_id: Some(thread.id.clone()) }).await;
    assert_eq!(tools.exposure, ToolExposure::Standalone);
    let hosted = tools.data[1].reasons.iter().map(|held_back| held_back.reason).collect::<Vec<_>>();
    assert!(hosted.contains(&HeldBackReason::SeparateImageProvider), "{hosted:?}");

    let events = server.run_turn(&thread.id, vec![text("draw a square")]).await;
    let image = completed_image(&events);
    assert_eq!(image.status, ImageStatus::Completed, "{:?}", image.error);
    let record = &image.images[0];
    assert_eq!((record.provider.as_str(), record.model.as_str(), record.synthetic), ("local", "sdxl", false));
    assert_eq!(last_agent_message(&events), "Here it is.");
    assert_eq!(chat.requests_to("").len(), 2);
    let drawn = drawing.requests_to("");
    assert_eq!(drawn.iter().map(|sent| sent.path.as_str()).collect::<Vec<_>>(), ["/v1/images/generations"]);
    assert_eq!(drawn[0].header("authorization"), None, "the key of the other provider is not sent");

    let usage = server.request::<UsageRead>(&UsageReadParams::default()).await;
    let usage = serde_json::to_string(&usage).expect("JSON");
    assert!(usage.contains("\"sdxl\"") && !usage.contains("gpt-image-2"), "{usage}");
    server.close().await;
}

#[tokio::test]
async fn provider_without_a_chat_model_is_called_by_the_rule() {
    let drawing = MockServer::respond(draw);
    let sandbox = Sandbox::with_config(&format!("model_provider = \"local\"\n{}", local(&drawing)));
    let mut server = start(&sandbox, &[]).await;
    let thread = server.start_thread().await;
    assert_eq!(thread.model_provider, "local");
    let events = server.run_turn(&thread.id, vec![text("draw a red square")]).await;
    assert_eq!(turn_status(&events), Some(TurnStatus::Completed));
    let record = &completed_image(&events).images[0];
    assert_eq!((record.provider.as_str(), record.synthetic), ("local", false));
    assert_eq!(last_agent_message(&events), r#"Here is your picture: "draw a red square" (16x16)."#);
    let first = record.id.clone();
    let events = server.run_turn(&thread.id, vec![text("make it blue")]).await;
    assert_eq!(completed_image(&events).images[0].inputs[0].id.as_ref(), Some(&first), "an edit");
    let paths: Vec<String> = drawing.requests_to("").into_iter().map(|sent| sent.path).collect();
    assert_eq!(paths, ["/v1/images/generations", "/v1/images/edits"]);
    let list = server.request::<ModelProviderList>(&ModelProviderListParams::default()).await;
    let described = list.data.iter().find(|provider| provider.id == "local").expect("the provider");
    assert_eq!(described.base_url.as_deref(), Some(drawing.base_url().as_str()));
    server.close().await;
}

/// The preview answers, and its vocabulary, sizes and small talk do not matter: another provider draws.
#[tokio::test]
async fn rule_passes_on_what_the_preview_could_not_draw() {
    let drawing = MockServer::respond(draw);
    let config = format!("model_provider = \"preview\"\nimages.provider = \"local\"\n{}", local(&drawing));
    let sandbox = Sandbox::with_config(&config);
    let mut server = start(&sandbox, &["--enable", "imagegenext"]).await;
    let thread = server.start_thread().await;
    for prompt in ["When Harry Met Sally poster", "猫と魚", "a fjord, 4096x8"] {
        let events = server.run_turn(&thread.id, vec![text(prompt)]).await;
        let image = completed_image(&events);
        assert_eq!(image.status, ImageStatus::Completed, "{prompt}: {:?}", image.error);
        let said = format!("Here is your picture: \"{prompt}\" (16x16).");
        assert_eq!(last_agent_message(&events), said);
    }
    server.close().await;
}

#[tokio::test]
async fn demo_draws_with_a_provider_without_a_chat_model() {
    let drawing = MockServer::respond(draw);
    let sandbox = Sandbox::with_config(&local(&drawing));
    let output = sandbox.run(&["demo", "--provider", "local"]).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let paths: Vec<String> = drawing.requests_to("").into_iter().map(|sent| sent.path).collect();
    assert_eq!(paths, ["/v1/images/generations", "/v1/images/edits"]);
}

#[tokio::test]
async fn kill_switch_holds_for_a_separate_provider() {
    let (chat, drawing) = (chat(), MockServer::respond(draw));
    let config =
        format!("model_provider = \"studio\"\nimages.provider = \"local\"\n{}{}", studio(&chat), local(&drawing));
    let sandbox = Sandbox::with_config(&config);
    let mut server = start(&sandbox, &["--disable", "image_generation"]).await;
    let tools = server.request::<ToolList>(&ToolListParams::default()).await;
    assert_eq!(tools.exposure, ToolExposure::None);
    server.close().await;
}

#[tokio::test]
async fn unusable_image_provider_fails_the_turn_with_its_reason() {
    let chat = chat();
    let sandbox =
        Sandbox::with_config(&format!("model_provider = \"studio\"\nimages.provider = \"nosuch\"\n{}", studio(&chat)));
    let mut server = start(&sandbox, &[]).await;
    server.events_until(|event| format!("{event:?}").contains("Provider `nosuch` is not configured")).await;
    let thread = server.start_thread().await;
    let events = server.run_turn(&thread.id, vec![text("draw a square")]).await;
    assert_eq!(turn_status(&events), Some(TurnStatus::Failed));
    assert!(format!("{events:?}").contains("Provider `nosuch` is not configured"), "{events:#?}");
    assert!(chat.requests_to("").is_empty());
    server.close().await;
}

#[tokio::test]
async fn project_cannot_choose_the_image_provider() {
    let (chat, drawing) = (chat(), MockServer::respond(draw));
    let sandbox = Sandbox::with_config(&format!("model_provider = \"studio\"\n{}{}", studio(&chat), local(&drawing)));
    std::fs::create_dir(sandbox.project().join(".easel")).expect("a folder");
    sandbox.write_file(".easel/config.toml", b"images.provider = \"local\"\n");
    let mut server = start(&sandbox, &[]).await;
    let params = ThreadStartParams { cwd: Some(sandbox.project().display().to_string()), ..Default::default() };
    let thread = server.request::<ThreadStart>(&params).await.thread;
    let warnings = server.events_until(|event| matches!(event, easel_protocol::event::Event::ThreadStarted(_))).await;
    assert!(format!("{warnings:?}").contains("images.provider"), "{warnings:#?}");
    let tools = server.request::<ToolList>(&ToolListParams { thread_id: Some(thread.id) }).await;
    assert_eq!(tools.exposure, ToolExposure::Hosted);
    server.close().await;
}

#[tokio::test]
async fn account_is_needed_when_either_provider_uses_it() {
    let (chat, drawing) = (chat(), MockServer::respond(draw));
    for (settings, is_required) in [
        ("model_provider = \"studio\"\nimages.provider = \"local\"\n", false),
        ("model_provider = \"studio\"\nimages.provider = \"openai\"\n", true),
        ("model_provider = \"openai\"\nimages.provider = \"local\"\n", true),
        ("model_provider = \"local\"\n", false),
    ] {
        let sandbox = Sandbox::with_config(&format!("{settings}{}{}", studio(&chat), local(&drawing)));
        let mut server = start(&sandbox, &[]).await;
        let account = server.request::<AccountRead>(&GetAccountParams::default()).await;
        assert_eq!((account.account, account.requires_openai_auth), (None, is_required), "{settings}");
        server.close().await;
    }
}
