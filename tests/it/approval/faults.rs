//! Nobody answers: no client that could, a client that waits, an interrupt, a killed process.

use easel_protocol::approval::ApprovalScope;
use easel_protocol::item::{ImageStatus, ThreadItem};
use easel_protocol::method::ThreadRead;
use easel_protocol::record::{Billed, ImageErrorKind};
use easel_protocol::turn::TurnStatus;

use super::{
    IMAGES, assert_not_made, decision, provider, questions, read_question, reply, resolved, sandbox, start,
    start_asking, start_with,
};
use crate::harness::events::{completed_image, completed_turn};
use crate::harness::text;
use crate::threads::read_params;

const ALWAYS: &str = "approval = \"always\"";

#[tokio::test]
async fn client_that_did_not_declare_it_is_never_asked() {
    for declared in [None, Some(false)] {
        let backend = provider(1);
        let sandbox = sandbox(&backend, ALWAYS);
        let mut server = start_with(&sandbox, declared).await;
        let thread = server.start_thread().await;
        let events = server.run_turn(&thread.id, vec![text("draw a cat")]).await;
        assert_not_made(completed_image(&events), &backend, &sandbox, "the client has not declared that it answers");
        assert_eq!(questions(&server), 0);
        let model = backend.requests_to("/responses").last().expect("a request").json().to_string();
        assert!(model.contains("Do not call again in this turn; tell the user."), "{model}");
        server.close().await;
    }
}

#[tokio::test]
async fn no_answer_in_time_is_a_denial() {
    let backend = provider(1);
    let sandbox = sandbox(&backend, &format!("{ALWAYS}\napproval_timeout_ms = 1000"));
    let (mut server, thread, (id, params)) = start_asking(&sandbox).await;
    assert_eq!(params.image_generation.timeout_ms, 1_000);
    let events = server.events_until_turn_end().await;
    assert_not_made(completed_image(&events), &backend, &sandbox, "within 1 s (approval_timeout_ms)");
    assert_eq!(resolved(&events), 1);
    // An answer that comes too late changes nothing.
    reply(&mut server, id, Ok(decision(Some(true), ApprovalScope::Day))).await;
    server.start_turn(&thread.id, vec![text("draw a cat")]).await;
    read_question(&mut server).await;
    server.events_until_turn_end().await;
    assert!(backend.requests_to(IMAGES).is_empty());
    server.close().await;
}

#[tokio::test]
async fn interrupt_withdraws_the_question() {
    let backend = provider(2);
    let sandbox = sandbox(&backend, ALWAYS);
    let mut server = start(&sandbox).await;
    let thread = server.start_thread().await;
    let turn = server.start_turn(&thread.id, vec![text("draw cats")]).await;
    let (first, _) = read_question(&mut server).await;
    read_question(&mut server).await;
    server.interrupt(&thread.id, &turn.id).await;
    let events = server.events_until_turn_end().await;
    assert_eq!(completed_turn(&events).status, TurnStatus::Interrupted);
    assert_eq!(resolved(&events), 2);
    for image in crate::http::completed_images(events) {
        let error = image.error.expect("an error");
        assert_eq!(
            (image.status, error.kind, error.billed),
            (ImageStatus::Failed, ImageErrorKind::Interrupted, Billed::No)
        );
    }
    reply(&mut server, first, Ok(decision(Some(true), ApprovalScope::Call))).await;
    server.request::<ThreadRead>(&read_params(&thread.id)).await;
    assert!(backend.requests_to(IMAGES).is_empty());
    server.close().await;
}

#[tokio::test]
async fn killed_process_that_was_asking_billed_nothing() {
    let backend = provider(1);
    let sandbox = sandbox(&backend, ALWAYS);
    let (server, thread, _) = start_asking(&sandbox).await;
    server.client.kill().await.expect("the process is killed");

    let mut server = start(&sandbox).await;
    let read = server.request::<ThreadRead>(&read_params(&thread.id)).await.thread;
    assert_eq!(read.turns[0].status, TurnStatus::Interrupted);
    let item = read.turns[0]
        .items
        .iter()
        .find_map(|item| if let ThreadItem::ImageGeneration(image) = item { Some(image) } else { None });
    let item = item.expect("the image's item");
    let error = item.error.as_ref().expect("an error");
    assert_eq!((item.status, error.kind, error.billed), (ImageStatus::Failed, ImageErrorKind::Interrupted, Billed::No));
    assert!(backend.requests_to(IMAGES).is_empty());
    server.close().await;
}

#[tokio::test]
async fn end_of_the_input_denies() {
    let backend = provider(1);
    let sandbox = sandbox(&backend, ALWAYS);
    let (server, _, _) = start_asking(&sandbox).await;
    let (status, _) = server.client.close().await.expect("the server ends");
    assert_eq!(status.code(), Some(0));
    assert!(backend.requests_to(IMAGES).is_empty());
}
