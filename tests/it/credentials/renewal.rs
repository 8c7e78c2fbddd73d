//! Rejected tokens: the client is asked for a new one once, and the request is repeated once.

use std::sync::Barrier;

use easel_client::RpcError;
use easel_protocol::account::{
    AccountUpdatedNotification, AuthMode, ChatgptAuthTokensRefreshParams, ChatgptAuthTokensRefreshReason,
    ChatgptAuthTokensRefreshResponse, PlanType, SecretText,
};
use easel_protocol::event::Event;
use easel_protocol::item::{ImageStatus, ThreadItem};
use easel_protocol::method::ChatgptAuthTokensRefresh;
use easel_protocol::record::{Billed, ImageErrorKind};
use easel_protocol::thread::Thread;
use easel_protocol::turn::TurnStatus;
use easel_testkit::http::{MockServer, Request};

use super::responses::{self, token};
use super::tokens::{log_in, sandbox, tokens};
use crate::harness::{Sandbox, Server, env_setting, events, text};

const IMAGES: &str = "/images/generations";

/// A backend whose images endpoint accepts only the token "new". Its model accepts any token and makes this many calls.
async fn backend(calls: usize) -> MockServer {
    // The errors are sent once all requests have arrived.
    let all_arrived = Barrier::new(calls);
    MockServer::respond(move |request: &Request| match request.path.ends_with("/responses") {
        true => responses::model(request, calls),
        false if request.bearer_token() == token("new") => responses::image(),
        false => {
            all_arrived.wait();
            responses::unauthorized()
        }
    })
}

/// A server with a thread, whose client has logged in with the token "old".
async fn start_with_old_tokens(backend: &MockServer) -> (Sandbox, Server, Thread) {
    let sandbox = sandbox(backend);
    let mut server = sandbox.start_server().await;
    log_in(&mut server, &tokens("old")).await;
    let thread = server.start_thread().await;
    (sandbox, server, thread)
}

fn token_response(signature: &str, account: &str) -> Result<ChatgptAuthTokensRefreshResponse, RpcError> {
    Ok(ChatgptAuthTokensRefreshResponse {
        access_token: SecretText(token(signature)),
        chatgpt_account_id: account.to_owned(),
        chatgpt_plan_type: None,
    })
}

/// Reads the server's request for a token, which names the account.
async fn read_token_request(server: &mut Server) -> u64 {
    let (id, params) = server.client.server_request::<ChatgptAuthTokensRefresh>().await.expect("a request");
    let reason = ChatgptAuthTokensRefreshReason::Unauthorized;
    assert_eq!(params, ChatgptAuthTokensRefreshParams { reason, previous_account_id: Some("acct-1".to_owned()) });
    id
}

async fn send_token_response(server: &mut Server, response: &Result<ChatgptAuthTokensRefreshResponse, RpcError>) {
    let id = read_token_request(server).await;
    server.client.reply::<ChatgptAuthTokensRefresh>(id, response).await.expect("the server accepts the response");
}

#[tokio::test]
async fn rejected_token_is_renewed_and_the_request_repeated() {
    let backend = backend(1).await;
    let (_sandbox, mut server, thread) = start_with_old_tokens(&backend).await;
    server.start_turn(&thread.id, vec![text("draw a cat")]).await;
    send_token_response(&mut server, &token_response("new", "acct-1")).await;
    let events = server.events_until_turn_end().await;
    assert_eq!(events::completed_image(&events).status, ImageStatus::Completed);
    assert_eq!(backend.bearer_tokens(IMAGES), [token("old"), token("new")]);
    assert_eq!(
        backend.bearer_tokens("/responses"),
        [token("old"), token("new")],
        "the next request has the new token at once"
    );

    server.run_turn(&thread.id, vec![text("draw a dog")]).await;
    assert_eq!(backend.bearer_tokens(IMAGES).len(), 3, "a token that is accepted is not renewed");
    server.close().await;
}

#[tokio::test]
async fn token_rejected_by_the_model_is_renewed() {
    let backend = MockServer::respond(|request: &Request| {
        if request.bearer_token() == token("new") { responses::model(request, 0) } else { responses::unauthorized() }
    });
    let (_sandbox, mut server, thread) = start_with_old_tokens(&backend).await;
    server.start_turn(&thread.id, vec![text("hello")]).await;
    send_token_response(&mut server, &token_response("new", "acct-1")).await;
    server.events_until_turn_end().await;
    assert_eq!(backend.bearer_tokens("/responses")[..2], [token("old"), token("new")]);
    server.close().await;
}

#[tokio::test]
async fn plan_change_on_renewal_is_announced_to_all() {
    let backend = backend(1).await;
    let (_sandbox, mut server, thread) = start_with_old_tokens(&backend).await;
    server.start_turn(&thread.id, vec![text("draw a cat")]).await;
    let response = token_response("new", "acct-1");
    let response = response
        .map(|response| ChatgptAuthTokensRefreshResponse { chatgpt_plan_type: Some("pro".to_owned()), ..response });
    send_token_response(&mut server, &response).await;
    let mut events = server.events_until(|event| matches!(event, Event::AccountUpdated(_))).await;
    let update =
        AccountUpdatedNotification { auth_mode: Some(AuthMode::ChatgptAuthTokens), plan_type: Some(PlanType::Pro) };
    assert_eq!(events.pop(), Some(Event::AccountUpdated(update)));
    server.events_until_turn_end().await;
    server.close().await;
}

#[tokio::test]
async fn three_rejected_calls_share_one_renewal() {
    let backend = backend(3).await;
    let (_sandbox, mut server, thread) = start_with_old_tokens(&backend).await;
    server.start_turn(&thread.id, vec![text("draw three cats")]).await;
    send_token_response(&mut server, &token_response("new", "acct-1")).await;
    let events = server.events_until_turn_end().await;
    let images = events::completed_items(&events).into_iter().filter_map(events::as_image);
    assert_eq!(images.filter(|image| image.status == ImageStatus::Completed).count(), 3);
    let mut bearers = backend.bearer_tokens(IMAGES);
    bearers.sort();
    let (old, new) = (token("old"), token("new"));
    let (old, new) = (old.as_str(), new.as_str());
    assert_eq!(bearers, [new, new, new, old, old, old]);
    // A second request would show up here.
    server.close().await;
}

#[tokio::test]
async fn failed_renewal_is_one_typed_error_and_one_request() {
    let backend = backend(1).await;
    let (_sandbox, mut server, thread) = start_with_old_tokens(&backend).await;
    let no = || Err(RpcError { code: -32000, message: "canary: signed out".to_owned() });
    let mut bad = token_response("x", "acct-1");
    if let Ok(bad) = &mut bad {
        bad.access_token = SecretText("two canaries".to_owned());
    }
    for (response, message_part) in [
        (no(), "refused to refresh it"),
        (token_response("new", "acct-2"), "another account"),
        (token_response("old", "acct-1"), "the same token again"),
        (bad, "must be a single word"),
    ] {
        let before = backend.bearer_tokens(IMAGES).len();
        server.start_turn(&thread.id, vec![text("draw a cat")]).await;
        send_token_response(&mut server, &response).await;
        let events = server.events_until_turn_end().await;
        let error = events::completed_image(&events).error.clone().expect("an error");
        assert_eq!(
            (error.kind, error.billed, error.attempts),
            (ImageErrorKind::Unauthorized, Billed::No, 1),
            "{message_part}"
        );
        assert!(error.message.contains(message_part) && !error.message.contains("canar"), "{}", error.message);
        assert_eq!(backend.bearer_tokens(IMAGES).len(), before + 1, "{message_part}");
        assert_eq!(events::completed_turn(&events).status, TurnStatus::Completed);
    }
    server.close().await;
}

#[tokio::test]
async fn client_leaving_during_renewal_ends_the_turn() {
    let backend = backend(1).await;
    let (_sandbox, mut server, thread) = start_with_old_tokens(&backend).await;
    server.start_turn(&thread.id, vec![text("draw a cat")]).await;
    read_token_request(&mut server).await;
    server.client.close_input();
    let events = server.events_until_turn_end().await;
    let ended = |event: &Event| {
        let Event::ItemCompleted(completed) = event else { return false };
        matches!(completed.item, ThreadItem::ImageGeneration(_))
    };
    assert!(events.iter().any(ended), "{events:#?}");
    server.close().await;
}

#[tokio::test]
async fn renewal_times_out_after_ten_seconds() {
    if env_setting("RUN_SLOW_TESTS").is_none() {
        return;
    }
    let backend = backend(1).await;
    let (_sandbox, mut server, thread) = start_with_old_tokens(&backend).await;
    server.start_turn(&thread.id, vec![text("draw a cat")]).await;
    let id = read_token_request(&mut server).await;
    let events = server.events_until_turn_end().await;
    let error = events::completed_image(&events).error.clone().expect("an error");
    assert_eq!((error.kind, error.attempts), (ImageErrorKind::Unauthorized, 1));
    assert!(error.message.contains("10 s"), "{}", error.message);
    // A late response is ignored.
    server
        .client
        .reply::<ChatgptAuthTokensRefresh>(id, &token_response("new", "acct-1"))
        .await
        .expect("the server accepts the response");
    server.close().await;
}
