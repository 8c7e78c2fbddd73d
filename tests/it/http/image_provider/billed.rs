//! A provider that answers and another one that bills for images: limits, hooks, the kill switch, a change of the
//! configuration and the death of the process concern the one that draws.

use std::sync::Mutex;
use std::sync::mpsc::sync_channel;

use easel_protocol::configuration::{ConfigValueWriteParams, ExperimentalFeatureEnablementSetParams, MergeStrategy};
use easel_protocol::event::Event;
use easel_protocol::item::ImageStatus;
use easel_protocol::method::{ConfigValueWrite, ExperimentalFeatureEnablementSet, ThreadRead, ThreadResume};
use easel_protocol::record::{Billed, ImageErrorKind};

use super::*;
use crate::harness::events::{as_image, is_image_start};
use crate::http::completed_images;
use crate::threads::{read_params, resume_params};

/// A configuration with both providers. `settings` come first.
fn config(settings: &str, chat: &MockServer, drawing: &MockServer) -> String {
    format!(
        "model_provider = \"studio\"\nimages.provider = \"paid\"\n{settings}\n{}[model_providers.paid]\n\
         preset = \"generic\"\nbase_url = \"{}\"\nimage_model = \"paint\"\n",
        studio(chat),
        drawing.base_url()
    )
}

#[tokio::test]
async fn limit_counts_images_of_the_separate_provider() {
    let (chat, drawing) = (chat(), MockServer::respond(draw));
    let settings = "limits.cost_per_day = 1.0\nprices.paint.image = 0.75\nprices.gpt-image-2.image = 0.01";
    let sandbox = Sandbox::with_config(&config(settings, &chat, &drawing));
    let mut server = start(&sandbox, &[]).await;
    for error in [None, Some(ImageErrorKind::BudgetExceeded)] {
        let thread = server.start_thread().await;
        let events = server.run_turn(&thread.id, vec![text("draw a square")]).await;
        assert_eq!(completed_image(&events).error.as_ref().map(|error| error.kind), error);
    }
    assert_eq!(drawing.requests_to("").len(), 1);
    server.close().await;
}

#[cfg(unix)]
#[tokio::test]
async fn hook_denies_calls_at_the_separate_provider() {
    let (chat, drawing) = (chat(), MockServer::respond(draw));
    let mut config = config("", &chat, &drawing);
    config.push_str("[[hooks.pre_tool_use]]\ncommand = [\"false\"]\n");
    let sandbox = Sandbox::with_config(&config);
    let mut server = start(&sandbox, &[]).await;
    let thread = server.start_thread().await;
    let events = server.run_turn(&thread.id, vec![text("draw a square")]).await;
    let error = completed_image(&events).error.clone().expect("an error");
    assert_eq!((error.kind, error.billed), (ImageErrorKind::HookDenied, Billed::No));
    assert!(drawing.requests_to("").is_empty());
    server.close().await;
}

#[tokio::test]
async fn call_at_the_separate_provider_is_uncertain_after_kill_9() {
    let chat = chat();
    let drawing = MockServer::start(|exchange| {
        exchange.read_body();
        exchange.await_disconnect();
    });
    let sandbox = Sandbox::with_config(&config("", &chat, &drawing));
    let mut server = start(&sandbox, &[]).await;
    let thread = server.start_thread().await;
    server.start_turn(&thread.id, vec![text("draw a square")]).await;
    server.events_until(is_image_start).await;
    drawing.request_arrived().await;
    server.client.kill().await.expect("the process is killed");

    let mut server = start(&sandbox, &[]).await;
    let read = server.request::<ThreadRead>(&read_params(&thread.id)).await.thread;
    let image = read.turns[0].items.iter().find_map(as_image).expect("the image's item");
    let error = image.error.as_ref().expect("an error");
    assert_eq!((error.kind, error.billed), (ImageErrorKind::Interrupted, Billed::Uncertain));
    assert_eq!(drawing.requests_to("").len(), 1, "it is not sent again");
    server.close().await;
}

#[tokio::test]
async fn kill_switch_ends_a_turn_at_the_separate_provider() {
    let chat = MockServer::respond(|sent| match String::from_utf8_lossy(&sent.body).contains("call_1") {
        true => Response::message("Done."),
        false => Response::image_calls(&[json!({ "prompt": "one" }), json!({ "prompt": "two" })]),
    });
    let (report, is_held) = sync_channel(1);
    let (release, released) = sync_channel::<()>(1);
    let released = Mutex::new(released);
    let drawing = MockServer::respond(move |sent| {
        report.send(()).expect("the test waits");
        released.lock().expect("nobody panics while holding this").recv().expect("the test releases");
        draw(sent)
    });
    let sandbox = Sandbox::with_config(&config("images.parallel = 1", &chat, &drawing));
    let mut server = start(&sandbox, &[]).await;
    let thread = server.start_thread().await;
    server.start_turn(&thread.id, vec![text("draw two squares")]).await;
    tokio::task::spawn_blocking(move || is_held.recv()).await.expect("no panic").expect("a request");
    let enablement = [("image_generation".to_owned(), false)].into();
    server.request::<ExperimentalFeatureEnablementSet>(&ExperimentalFeatureEnablementSetParams { enablement }).await;
    release.send(()).expect("the server waits");
    let images = completed_images(server.events_until_turn_end().await);
    let mut statuses: Vec<ImageStatus> = images.iter().map(|image| image.status).collect();
    statuses.sort_by_key(|status| *status == ImageStatus::Failed);
    assert_eq!(statuses, [ImageStatus::Completed, ImageStatus::Failed]);
    let denied = images.iter().find_map(|image| image.error.as_ref()).expect("an error");
    assert_eq!((denied.kind, denied.billed), (ImageErrorKind::ApprovalDenied, Billed::No));
    assert_eq!(drawing.requests_to("").len(), 1);
    let is_news = |event: &Event| matches!(event, Event::ToolListUpdated(_));
    if !server.transcript().iter().any(|(_, line)| line.contains("tool/list/updated")) {
        server.expect_event("tool/list/updated", is_news).await;
    }
    server.close().await;
}

#[tokio::test]
async fn withdrawn_image_provider_gets_no_further_requests() {
    let (chat, drawing) = (chat(), MockServer::respond(draw));
    let sandbox = Sandbox::with_config(&config("", &chat, &drawing));
    let mut server = start(&sandbox, &[]).await;
    let thread = server.start_thread().await;
    let events = server.run_turn(&thread.id, vec![text("draw a square")]).await;
    assert_eq!(completed_image(&events).status, ImageStatus::Completed);
    let params = ConfigValueWriteParams {
        key_path: "images.provider".to_owned(),
        value: json!("studio"),
        merge_strategy: MergeStrategy::Replace,
        file_path: None,
        expected_version: None,
    };
    server.request::<ConfigValueWrite>(&params).await;
    let tools = server.request::<ToolList>(&ToolListParams { thread_id: Some(thread.id.clone()) }).await;
    assert_eq!(tools.exposure, ToolExposure::None);
    for tool in &tools.data {
        assert!(
            tool.reasons.iter().any(|held_back| held_back.reason == HeldBackReason::SeparateImageProvider),
            "{:?}",
            tool.reasons
        );
    }
    server.run_turn(&thread.id, vec![text("draw another square")]).await;
    assert_eq!(drawing.requests_to("").len(), 1);
    // Resuming the thread loads it with the provider that is configured now.
    server.request::<ThreadResume>(&resume_params(&thread.id)).await;
    let tools = server.request::<ToolList>(&ToolListParams { thread_id: Some(thread.id.clone()) }).await;
    assert_eq!(tools.exposure, ToolExposure::Hosted);
    server.close().await;
}
