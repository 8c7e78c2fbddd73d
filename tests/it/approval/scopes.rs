//! What an approval covers.

use std::sync::atomic::{AtomicUsize, Ordering};

use easel_protocol::approval::{ApprovalCause, ApprovalScope};
use easel_protocol::item::ImageStatus;
use easel_protocol::record::ImageErrorKind;
use easel_testkit::http::{MockServer, Request, Response};
use serde_json::json;

use super::{
    IMAGES, approve, decision, provider, questions, read_question, repeating_provider, reply, resolved, sandbox, start,
};
use crate::credentials::responses;
use crate::harness::events::completed_image;
use crate::harness::{Sandbox, text};
use crate::http::completed_images;

const ALWAYS: &str = "approval = \"always\"";

#[tokio::test]
async fn approval_of_a_call_covers_this_call_only() {
    let backend = repeating_provider(3);
    let sandbox = sandbox(&backend, ALWAYS);
    let mut server = start(&sandbox).await;
    let thread = server.start_thread().await;
    server.start_turn(&thread.id, vec![text("draw cats")]).await;
    for _ in 0..3 {
        approve(&mut server, ApprovalScope::Call).await;
    }
    server.events_until_turn_end().await;
    assert_eq!((questions(&server), backend.requests_to(IMAGES).len()), (3, 3));
    server.close().await;
}

#[tokio::test]
async fn approval_of_a_turn_ends_with_the_turn() {
    let backend = repeating_provider(3);
    let sandbox = sandbox(&backend, ALWAYS);
    let mut server = start(&sandbox).await;
    let thread = server.start_thread().await;
    for turn in 1..=2 {
        server.start_turn(&thread.id, vec![text("draw cats")]).await;
        approve(&mut server, ApprovalScope::Turn).await;
        server.events_until_turn_end().await;
        assert_eq!((questions(&server), backend.requests_to(IMAGES).len()), (turn, 3 * turn));
    }
    server.close().await;
}

#[tokio::test]
async fn approval_of_a_turn_resolves_the_questions_that_wait() {
    let backend = provider(3);
    let sandbox = sandbox(&backend, ALWAYS);
    let mut server = start(&sandbox).await;
    let thread = server.start_thread().await;
    server.start_turn(&thread.id, vec![text("draw cats")]).await;
    let (id, _) = read_question(&mut server).await;
    read_question(&mut server).await;
    read_question(&mut server).await;
    reply(&mut server, id, Ok(decision(Some(true), ApprovalScope::Turn))).await;
    let events = server.events_until_turn_end().await;
    assert_eq!((resolved(&events), backend.requests_to(IMAGES).len()), (3, 3));
    server.close().await;
}

#[tokio::test]
async fn approval_of_a_session_covers_its_thread() {
    let backend = provider(1);
    let sandbox = sandbox(&backend, ALWAYS);
    let mut server = start(&sandbox).await;
    let (one, other) = (server.start_thread().await, server.start_thread().await);
    server.start_turn(&one.id, vec![text("draw a cat")]).await;
    approve(&mut server, ApprovalScope::Session).await;
    server.events_until_turn_end().await;
    server.run_turn(&one.id, vec![text("draw a cat")]).await;
    assert_eq!((questions(&server), backend.requests_to(IMAGES).len()), (1, 2));
    server.start_turn(&other.id, vec![text("draw a cat")]).await;
    approve(&mut server, ApprovalScope::Day).await;
    server.events_until_turn_end().await;
    for thread in [&one, &other] {
        server.run_turn(&thread.id, vec![text("draw a cat")]).await;
    }
    assert_eq!((questions(&server), backend.requests_to(IMAGES).len()), (2, 5));
    server.close().await;
}

#[tokio::test]
async fn thousand_calls_follow_one_approval_of_the_day() {
    let backend = thousand_calls();
    let sandbox = sandbox(&backend, &format!("{ALWAYS}\nlimits.images_per_turn = 1000\nimages.parallel = 16"));
    let mut server = start(&sandbox).await;
    let thread = server.start_thread().await;
    server.start_turn(&thread.id, vec![text("draw cats")]).await;
    let mut ids = Vec::new();
    for _ in 0..250 {
        ids.push(read_question(&mut server).await.0);
    }
    reply(&mut server, ids[7], Ok(decision(Some(true), ApprovalScope::Day))).await;
    let events = server.events_until_turn_end().await;
    assert_eq!(resolved(&events), 250);
    let images = completed_images(events);
    let made = images.iter().filter(|image| image.status == ImageStatus::Completed).count();
    assert_eq!((images.len(), made, questions(&server)), (1_000, 1_000, 250));
    server.close().await;
}

/// A provider whose model makes 250 calls in each of four responses.
fn thousand_calls() -> MockServer {
    let responses = AtomicUsize::new(0);
    MockServer::respond(move |request: &Request| {
        if !request.path.ends_with("/responses") {
            return responses::image();
        }
        if responses.fetch_add(1, Ordering::SeqCst) < 4 {
            return Response::image_calls(&vec![json!({ "prompt": "a cat" }); 250]);
        }
        Response::message("Done.")
    })
}

#[tokio::test]
async fn call_over_a_limit_asks_and_passes_with_an_approval() {
    let backend = provider(1);
    let sandbox = sandbox(&backend, "approval = \"over-limit\"\nlimits.images_per_day = 1");
    let mut server = start(&sandbox).await;
    let thread = server.start_thread().await;
    server.run_turn(&thread.id, vec![text("draw a cat")]).await;
    assert_eq!((questions(&server), backend.requests_to(IMAGES).len()), (0, 1));

    server.start_turn(&thread.id, vec![text("draw a cat")]).await;
    let params = approve(&mut server, ApprovalScope::Call).await;
    assert_eq!(params.image_generation.cause, ApprovalCause::OverLimit);
    assert_eq!(params.image_generation.images_left_today, Some(0));
    assert!(params.reason.expect("a sentence").contains("limits.images_per_day"));
    let events = server.events_until_turn_end().await;
    assert_eq!(completed_image(&events).status, ImageStatus::Completed);

    server.start_turn(&thread.id, vec![text("draw a cat")]).await;
    let (id, _) = read_question(&mut server).await;
    reply(&mut server, id, Ok(decision(None, ApprovalScope::Call))).await;
    let events = server.events_until_turn_end().await;
    let error = completed_image(&events).error.clone().expect("an error");
    assert_eq!(error.kind, ImageErrorKind::BudgetExceeded);
    assert!(error.message.contains("images_per_day") && error.message.contains("did not approve"), "{}", error.message);
    assert_eq!(backend.requests_to(IMAGES).len(), 2);
    server.close().await;
}

#[tokio::test]
async fn unknown_price_asks_while_a_limit_of_cost_applies() {
    let backend = provider(1);
    let sandbox = sandbox(&backend, "approval = \"over-limit\"\nlimits.cost_per_day = 1.0");
    let mut server = start(&sandbox).await;
    let thread = server.start_thread().await;
    server.start_turn(&thread.id, vec![text("draw a cat")]).await;
    let call = approve(&mut server, ApprovalScope::Call).await.image_generation;
    assert_eq!((call.cause, call.estimated_cost_usd), (ApprovalCause::UnknownPrice, None));
    assert_eq!(call.cost_left_today_usd, Some(1.0));
    let events = server.events_until_turn_end().await;
    assert_eq!(completed_image(&events).status, ImageStatus::Completed);
    server.close().await;
}

#[tokio::test]
async fn approval_within_the_limits_covers_no_call_over_one() {
    let backend = provider(1);
    let sandbox = sandbox(&backend, &format!("{ALWAYS}\nlimits.images_per_day = 1"));
    let mut server = start(&sandbox).await;
    let thread = server.start_thread().await;
    server.start_turn(&thread.id, vec![text("draw a cat")]).await;
    let first = approve(&mut server, ApprovalScope::Day).await.image_generation;
    assert_eq!((first.cause, first.images_left_today), (ApprovalCause::Always, Some(1)));
    server.events_until_turn_end().await;
    server.start_turn(&thread.id, vec![text("draw a cat")]).await;
    let second = approve(&mut server, ApprovalScope::Day).await.image_generation;
    assert_eq!((second.cause, second.images_left_today), (ApprovalCause::OverLimit, Some(0)));
    server.events_until_turn_end().await;
    server.run_turn(&thread.id, vec![text("draw a cat")]).await;
    assert_eq!((questions(&server), backend.requests_to(IMAGES).len()), (2, 3));
    server.close().await;
}

#[tokio::test]
async fn approval_is_asked_once_for_the_provider_that_draws() {
    let paid = MockServer::respond(|_| responses::image());
    let sandbox = Sandbox::with_config(&format!(
        "{ALWAYS}\nlimits.images_per_day = 1\nmodel_provider = \"preview\"\nimages.provider = \"paid\"\n\
         [model_providers.paid]\npreset = \"generic\"\nbase_url = \"{}\"\nimage_model = \"paint\"\n",
        paid.base_url()
    ));
    let mut server = start(&sandbox).await;
    let thread = server.start_thread().await;
    for cause in [ApprovalCause::Always, ApprovalCause::OverLimit] {
        server.start_turn(&thread.id, vec![text("draw a cat")]).await;
        let call = approve(&mut server, ApprovalScope::Call).await.image_generation;
        assert_eq!((call.cause, call.provider.as_str(), call.model.as_str()), (cause, "paid", "paint"));
        let events = server.events_until_turn_end().await;
        assert_eq!(completed_image(&events).status, ImageStatus::Completed);
    }
    assert_eq!((questions(&server), paid.requests_to(IMAGES).len()), (2, 2));
    server.close().await;
}
