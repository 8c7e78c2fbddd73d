//! Rate limits that a backend reports, and an exhausted limit.

use easel_protocol::account::PlanType;
use easel_protocol::event::Event;
use easel_protocol::item::ImageFailure;
use easel_protocol::method::AccountRateLimitsRead;
use easel_protocol::rate_limits::{GetAccountRateLimitsParams, RateLimitSnapshot, RateLimitWindow};
use easel_protocol::record::{Billed, ImageErrorKind};
use easel_testkit::http::{MockServer, Request, Response};

use super::responses;
use super::tokens::{log_in, sandbox, tokens};
use crate::harness::{events, text};

/// Reports 10 % for the first model request and 20 % for all others. The image request exceeds its limit.
fn respond_with_limits(request: &Request) -> Response {
    let first = responses::is_first_model_request(request);
    let response = if request.path.ends_with("/responses") {
        responses::model(request, 1)
    } else {
        responses::usage_limit_reached()
    };
    let percent = if first { "10" } else { "20.4" };
    response
        .with_header("x-codex-primary-used-percent", percent)
        .with_header("x-codex-primary-window-minutes", "300")
        .with_header("x-codex-primary-reset-at", "1800000000")
        .with_header("x-codex-active-limit", "premium")
}

#[tokio::test]
async fn rate_limit_changes_are_announced() {
    let backend = MockServer::respond(respond_with_limits);
    let sandbox = sandbox(&backend);
    let mut server = sandbox.start_server().await;
    log_in(&mut server, &tokens("one")).await;
    let thread = server.start_thread().await;
    let events = server.run_turn(&thread.id, vec![text("draw a cat")]).await;
    let percentages = events.iter().filter_map(|event| {
        let Event::AccountRateLimitsUpdated(updated) = event else { return None };
        updated.rate_limits.primary.map(|window| window.used_percent)
    });
    assert_eq!(percentages.collect::<Vec<_>>(), [10, 20], "an unchanged value is not announced");

    let image = events::completed_image(&events);
    let failure = ImageFailure::UsageLimitExceeded { limit_id: "premium".to_owned(), resets_at: Some(1_800_000_000) };
    assert_eq!(image.failure, Some(failure));
    let error = image.error.as_ref().expect("an error");
    assert_eq!((error.kind, error.billed, error.attempts), (ImageErrorKind::UsageLimit, Billed::No, 1));
    for fact in ["Enough.", "plan plus", "Fri, 15 Jan 2027 08:00:00 GMT"] {
        assert!(error.message.contains(fact), "{}", error.message);
    }

    let read = server.request::<AccountRateLimitsRead>(&GetAccountRateLimitsParams {}).await;
    let window = RateLimitWindow { used_percent: 20, window_duration_mins: Some(300), resets_at: Some(1_800_000_000) };
    let codex = RateLimitSnapshot {
        limit_id: Some("codex".to_owned()),
        primary: Some(window),
        plan_type: Some(PlanType::Plus),
        ..RateLimitSnapshot::default()
    };
    assert_eq!((read.rate_limits, read.account_id.as_deref()), (codex, Some("acct-1")));
    server.close().await;
}
