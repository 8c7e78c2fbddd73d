//! Hooks that leave a call to the user.

use easel_protocol::approval::{ApprovalCause, ApprovalScope};
use easel_protocol::item::ImageStatus;
use easel_protocol::record::ImageErrorKind;

use super::{
    IMAGES, approve, assert_not_made, decision, provider, questions, read_question, repeating_provider, reply, sandbox,
    start, start_with,
};
use crate::harness::events::completed_image;
use crate::harness::text;
use crate::http::completed_images;

/// A hook that asks, as a value of TOML.
const ASK: &str = r#"{ command = ["sh", "-c", '''echo '{"hookSpecificOutput": {"hookEventName": "PreToolUse",
    "permissionDecision": "ask", "permissionDecisionReason": "It shows a cat."}}' '''] }"#;

const DENY: &str = r#"{ command = ["sh", "-c", "echo no cats >&2; exit 2"] }"#;

#[tokio::test]
async fn hook_asks_about_each_call() {
    let backend = repeating_provider(2);
    let sandbox = sandbox(&backend, &format!("hooks.pre_tool_use = [{ASK}, {ASK}]"));
    let mut server = start(&sandbox).await;
    let thread = server.start_thread().await;
    server.start_turn(&thread.id, vec![text("draw two cats")]).await;
    let question = approve(&mut server, ApprovalScope::Day).await;
    assert_eq!(question.image_generation.cause, ApprovalCause::Hook);
    let reason = question.reason.expect("a sentence");
    assert!(reason.starts_with("The hook 1 of hooks.pre_tool_use asks: It shows a cat. Make 1 image "), "{reason}");
    let (id, _) = read_question(&mut server).await;
    reply(&mut server, id, Ok(decision(None, ApprovalScope::Day))).await;
    let events = server.events_until_turn_end().await;
    let images = completed_images(events);
    assert_eq!([images[0].status, images[1].status], [ImageStatus::Completed, ImageStatus::Failed]);
    let error = images[1].error.as_ref().expect("an error");
    assert_eq!(error.kind, ImageErrorKind::ApprovalDenied, "{error:?}");
    assert_eq!((backend.requests_to(IMAGES).len(), questions(&server)), (1, 2));
    server.close().await;
}

#[tokio::test]
async fn question_of_a_hook_needs_a_client_that_answers() {
    let backend = provider(1);
    let sandbox = sandbox(&backend, &format!("hooks.pre_tool_use = [{ASK}]"));
    let mut server = start_with(&sandbox, None).await;
    let thread = server.start_thread().await;
    let events = server.run_turn(&thread.id, vec![text("draw a cat")]).await;
    assert_not_made(completed_image(&events), &backend, &sandbox, "the hook 1 of hooks.pre_tool_use");
    assert_eq!(questions(&server), 0);
    server.close().await;
}

#[tokio::test]
async fn what_is_refused_anyway_is_not_asked() {
    let limit = format!("limits.images_per_day = 0\nhooks.pre_tool_use = [{ASK}]");
    for (settings, kind) in [
        (format!("hooks.pre_tool_use = [{ASK}, {DENY}]"), ImageErrorKind::HookDenied),
        (limit, ImageErrorKind::BudgetExceeded),
    ] {
        let backend = provider(1);
        let sandbox = sandbox(&backend, &settings);
        let mut server = start(&sandbox).await;
        let thread = server.start_thread().await;
        let events = server.run_turn(&thread.id, vec![text("draw a cat")]).await;
        let image = completed_image(&events);
        assert_eq!(image.error.as_ref().map(|error| error.kind), Some(kind), "{image:?}");
        assert_eq!((backend.requests_to(IMAGES).len(), questions(&server)), (0, 0));
        server.close().await;
    }
}
