//! What a user reads when a provider cannot be used: each error names the provider, where the request went, and what
//! helps.

mod account;
mod address;

use easel_protocol::event::Event;
use easel_testkit::http::{MockServer, Request, Response};

use crate::harness::events::{as_image, completed_items};
use crate::harness::{STANDALONE, Sandbox, Server, text};

/// A provider that does not repeat its requests, with more settings in `more`.
pub(crate) fn provider_at(base_url: &str, more: &str) -> String {
    format!(
        "model_provider = \"studio\"\n[model_providers.studio]\npreset = \"openai\"\nbase_url = \"{base_url}\"\n\
         env_key = \"STUDIO_KEY\"\nrequest_max_retries = 0\n{more}"
    )
}

/// Runs a turn with this configuration and these variables. Returns the error of its image, else of the turn.
pub(crate) async fn error_of_turn(config: &str, variables: &[(&str, &str)]) -> String {
    let sandbox = Sandbox::with_config(config);
    let mut command = sandbox.server_command(STANDALONE);
    command.env("STUDIO_KEY", "sk-canary").envs(variables.iter().copied());
    let mut server = Server::spawn(command);
    server.initialize(None).await;
    let thread = server.start_thread().await;
    let events = server.run_turn(&thread.id, vec![text("draw a square")]).await;
    server.close().await;
    let image = completed_items(&events).into_iter().find_map(as_image).and_then(|image| image.error.clone());
    let turn = events.iter().find_map(|event| if let Event::Error(error) = event { Some(&error.error) } else { None });
    let message = match (image, turn) {
        (Some(image), _) => format!("{:?}: {}", image.kind, image.message),
        (None, Some(turn)) => turn.message.clone(),
        (None, None) => panic!("no error: {events:#?}"),
    };
    assert!(!message.contains("canary"), "{message}");
    message
}

/// Runs a turn at a server that responds like this. Returns the error, in which `HOST` stands for the server.
async fn error_at(respond: impl Fn(&Request) -> Response + Send + Sync + 'static) -> String {
    let backend = MockServer::respond(respond);
    let host = backend.address().to_string();
    error_of_turn(&provider_at(&format!("http://{host}/v1"), ""), &[]).await.replace(&host, "HOST")
}
