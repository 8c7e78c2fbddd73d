//! Approvals: a person agrees to an image call before it is made. A provider counts what is sent.

mod answers;
#[cfg(unix)]
mod connections;
mod faults;
#[cfg(unix)]
mod hook;
mod scopes;
mod setting;

use easel_client::RpcError;
use easel_protocol::approval::{
    ApprovalScope, NetworkPermissions, PermissionProfile, PermissionsRequestApprovalParams,
    PermissionsRequestApprovalResponse,
};
use easel_protocol::event::Event;
use easel_protocol::handshake::ClientCapabilities;
use easel_protocol::item::{ImageGenerationItem, ImageStatus};
use easel_protocol::method::PermissionsRequestApproval;
use easel_protocol::record::{Billed, ImageErrorKind};
use easel_protocol::thread::Thread;
use easel_testkit::http::{MockServer, Request, Response};
use serde_json::json;

use crate::credentials::responses;
use crate::harness::{STANDALONE, Sandbox, Server, mock_provider_config, text};

const IMAGES: &str = "/images/generations";

/// A provider whose model makes this many calls in the first response of each turn.
fn provider(calls: usize) -> MockServer {
    MockServer::respond(move |request: &Request| {
        if !request.path.ends_with("/responses") {
            return responses::image();
        }
        responses::model(request, calls)
    })
}

/// A provider whose model makes one call in each of the first `count` responses of a turn.
fn repeating_provider(count: usize) -> MockServer {
    MockServer::respond(move |request: &Request| {
        if !request.path.ends_with("/responses") {
            return responses::image();
        }
        let body = request.json();
        let input = body["input"].as_array().expect("a conversation");
        let since_user = input.iter().rev().take_while(|item| item["role"] != "user");
        let outputs = since_user.filter(|item| item["type"] == "function_call_output").count();
        if outputs < count {
            Response::image_calls(&[json!({ "prompt": "a cat" })])
        } else {
            Response::message("Done.")
        }
    })
}

/// A sandbox with this provider and these settings, which come first.
fn sandbox(backend: &MockServer, settings: &str) -> Sandbox {
    Sandbox::with_config(&format!("{settings}\n{}", mock_provider_config(backend, "generic")))
}

/// A server whose client answers requests for approvals.
async fn start(sandbox: &Sandbox) -> Server {
    start_with(sandbox, Some(true)).await
}

async fn start_with(sandbox: &Sandbox, request_permissions_approval: Option<bool>) -> Server {
    let mut server = Server::spawn(sandbox.server_command(STANDALONE));
    let capabilities = ClientCapabilities { request_permissions_approval, ..ClientCapabilities::default() };
    server.initialize(Some(capabilities)).await;
    server
}

async fn read_question(server: &mut Server) -> (u64, PermissionsRequestApprovalParams) {
    server.client.server_request::<PermissionsRequestApproval>().await.expect("a question")
}

fn decision(enabled: Option<bool>, scope: ApprovalScope) -> PermissionsRequestApprovalResponse {
    let network = enabled.map(|enabled| NetworkPermissions { enabled: Some(enabled) });
    PermissionsRequestApprovalResponse { permissions: PermissionProfile { network }, scope }
}

async fn reply(server: &mut Server, id: u64, response: Result<PermissionsRequestApprovalResponse, RpcError>) {
    server.client.reply::<PermissionsRequestApproval>(id, &response).await.expect("the server reads its input");
}

/// Starts a server and a turn whose call needs an approval. Returns them with the question.
async fn start_asking(sandbox: &Sandbox) -> (Server, Thread, (u64, PermissionsRequestApprovalParams)) {
    let mut server = start(sandbox).await;
    let thread = server.start_thread().await;
    server.start_turn(&thread.id, vec![text("draw a cat")]).await;
    let question = read_question(&mut server).await;
    (server, thread, question)
}

/// Reads a question and approves the call.
async fn approve(server: &mut Server, scope: ApprovalScope) -> PermissionsRequestApprovalParams {
    let (id, params) = read_question(server).await;
    reply(server, id, Ok(decision(Some(true), scope))).await;
    params
}

/// The numbers of requests that were resolved.
fn resolved(events: &[Event]) -> usize {
    events.iter().filter(|event| matches!(event, Event::ServerRequestResolved(_))).count()
}

/// The number of questions so far.
fn questions(server: &Server) -> usize {
    server.transcript().iter().filter(|(_, line)| line.contains("\"item/permissions/requestApproval\"")).count()
}

/// Checks that a call failed with a reason that has this text, and that nothing was sent or journaled.
fn assert_not_made(image: &ImageGenerationItem, backend: &MockServer, sandbox: &Sandbox, reason: &str) {
    let error = image.error.as_ref().expect("an error");
    assert_eq!(image.status, ImageStatus::Failed);
    assert_eq!(
        (error.kind, error.billed, error.attempts),
        (ImageErrorKind::ApprovalDenied, Billed::No, 0),
        "{error:?}"
    );
    assert!(error.message.contains(reason), "{reason:?} in {:?}", error.message);
    assert!(backend.requests_to(IMAGES).is_empty());
    let database = rusqlite::Connection::open(sandbox.home().join("easel.db")).expect("the database");
    let rows: u32 = database.query_row("SELECT count(*) FROM calls", [], |row| row.get(0)).expect("a count");
    assert_eq!(rows, 0, "rows of the journal");
}
