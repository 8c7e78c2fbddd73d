//! Hooks: programs of the user before and after image calls. Real scripts, real processes, and a provider that counts.

mod decisions;
mod faults;
mod input;
mod scope;

use std::os::unix::fs::PermissionsExt;

use easel_protocol::event::Event;
use easel_protocol::item::ImageGenerationItem;
use easel_testkit::http::{MockServer, Request, Response};
use serde_json::{Value, json};

use crate::credentials::responses;
use crate::harness::events::completed_image;
use crate::harness::{STANDALONE, Sandbox, Server, mock_provider_config, text};

const IMAGES: &str = "/images/generations";

/// A provider whose model calls the tool once with these arguments for each message of the user.
fn provider(arguments: Value) -> MockServer {
    MockServer::respond(move |request: &Request| {
        if !request.path.ends_with("/responses") {
            return responses::image();
        }
        let body = request.json();
        let last = body["input"].as_array().and_then(|input| input.last()).expect("a conversation");
        if last["type"] == "function_call_output" {
            return Response::message("Done.");
        }
        Response::image_calls(std::slice::from_ref(&arguments))
    })
}

fn cat() -> MockServer {
    provider(json!({ "prompt": "a cat" }))
}

/// A sandbox with a hook before calls that runs this script of the shell, in Easel's home.
fn sandbox(backend: &MockServer, script: &str, settings: &str) -> Sandbox {
    let hook = format!("[[hooks.pre_tool_use]]\ncommand = [\"./hook\", \"argument\"]\n{settings}\n");
    with_script(backend, &hook, script)
}

/// A sandbox with this configuration of hooks, and the program `hook` in its home.
fn with_script(backend: &MockServer, hooks: &str, script: &str) -> Sandbox {
    let sandbox = Sandbox::with_config(&format!("{}{hooks}", mock_provider_config(backend, "generic")));
    let program = sandbox.home().join("hook");
    std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).expect("a script");
    std::fs::set_permissions(&program, PermissionsExt::from_mode(0o700)).expect("a program");
    sandbox
}

async fn start(sandbox: &Sandbox) -> Server {
    start_with(sandbox, STANDALONE).await
}

async fn start_with(sandbox: &Sandbox, arguments: &[&str]) -> Server {
    let mut command = sandbox.server_command(arguments);
    command.env("PATH", "/usr/bin:/bin");
    let mut server = Server::spawn(command);
    server.initialize(None).await;
    server
}

/// Draws in a new thread and returns the image's item and all events.
async fn draw(server: &mut Server) -> (ImageGenerationItem, Vec<Event>) {
    let thread = server.start_thread().await;
    let events = server.run_turn(&thread.id, vec![text("draw a cat")]).await;
    (completed_image(&events).clone(), events)
}

/// Checks that the call was denied for a reason with this text, and that nothing was sent or journaled for it.
fn assert_denied(image: &ImageGenerationItem, backend: &MockServer, sandbox: &Sandbox, reason: &str) {
    use easel_protocol::item::ImageStatus;
    use easel_protocol::record::{Billed, ImageErrorKind};
    let error = image.error.as_ref().expect("an error");
    assert_eq!(image.status, ImageStatus::Failed);
    assert_eq!((error.kind, error.billed, error.attempts), (ImageErrorKind::HookDenied, Billed::No, 0), "{error:?}");
    assert!(error.message.contains(reason), "{reason:?} in {:?}", error.message);
    assert!(error.message.chars().count() < 700 && !error.message.contains(char::is_control), "{:?}", error.message);
    assert!(backend.requests_to(IMAGES).is_empty());
    let database = rusqlite::Connection::open(sandbox.home().join("easel.db")).expect("the database");
    let rows: u32 = database.query_row("SELECT count(*) FROM calls", [], |row| row.get(0)).expect("a count");
    assert_eq!(rows, 0, "rows of the journal");
}
