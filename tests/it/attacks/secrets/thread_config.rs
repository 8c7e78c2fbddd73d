//! Secrets in a thread's configuration, which is stored with the thread.

use easel_protocol::method::{ThreadFork, ThreadResume, ThreadStart};
use easel_protocol::thread::{ThreadForkParams, ThreadResumeParams, ThreadStartParams};
use serde_json::{Map, Value, json};

use crate::harness::{HOSTED, Sandbox, text};
use crate::threads::forks::{fork, fork_params};
use crate::threads::resume_params;

const CANARY: &str = "sk-canary-1";

/// A provider header in every spelling of dotted keys and objects.
fn configs_with_secret() -> Vec<Map<String, Value>> {
    let keys = [
        "model_providers.x. http_headers .X-Key",
        "model_providers.x.\"http_headers\".X-Key",
        "model_providers . x . http_headers . X-Key",
        "model_providers.x.http_headers\t.X-Key",
        "model_providers.x.http_headers.X-Key",
        "model_providers.x.\tquery_params.key",
    ];
    let mut all: Vec<Value> = keys.iter().map(|key| json!({ *key: CANARY })).collect();
    all.push(json!({ "model_providers": { "x": { " http_headers": { "X-Key": CANARY } } } }));
    all.push(json!({ "model_providers. x ": { "auth": { "args": [CANARY] } } }));
    all.into_iter().filter_map(|config| config.as_object().cloned()).collect()
}

fn is_stored(sandbox: &Sandbox) -> bool {
    ["easel.db", "easel.db-wal"].iter().any(|name| {
        let bytes = std::fs::read(sandbox.home().join(name)).unwrap_or_default();
        bytes.windows(CANARY.len()).any(|window| window == CANARY.as_bytes())
    })
}

#[tokio::test]
async fn secret_header_is_refused_in_every_spelling_of_its_key() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server_with(HOSTED).await;
    let thread = server.start_thread().await;
    for config in configs_with_secret() {
        let shown = format!("{config:?}");
        let config = Some(config);
        let params = ThreadStartParams { config: config.clone(), ..ThreadStartParams::default() };
        let started = server.request_error::<ThreadStart>(&params).await;
        let resumed = ThreadResumeParams { config: config.clone(), ..resume_params(&thread.id) };
        let resumed = server.request_error::<ThreadResume>(&resumed).await;
        let forked = server.request_error::<ThreadFork>(&ThreadForkParams { config, ..fork_params(&thread.id) }).await;
        for refusal in [started, resumed, forked] {
            assert!(refusal.starts_with("-32602 ") && !refusal.contains(CANARY), "{shown}: {refusal}");
        }
    }
    server.run_turn(&thread.id, vec![text("draw a red square")]).await;
    server.close().await;
    assert!(!is_stored(&sandbox));
}

/// Clients pass the configuration of the whole IDE, including tokens of other programs.
#[tokio::test]
async fn keys_of_other_programs_are_not_stored_with_a_thread() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server_with(HOSTED).await;
    let config = json!({
        "mcp_servers": { "tracker": { "env": { "TOKEN": CANARY }, "http_headers": { "A": CANARY } } },
        "api_key": CANARY,
        "images.detail": CANARY,
        "images.parallel": 2,
    });
    let config = config.as_object().cloned();
    let thread =
        server.start_thread_with(ThreadStartParams { config: config.clone(), ..ThreadStartParams::default() }).await;
    server.request::<ThreadResume>(&ThreadResumeParams { config: config.clone(), ..resume_params(&thread.id) }).await;
    fork(&mut server, &ThreadForkParams { config, ..fork_params(&thread.id) }).await;
    server.close().await;
    assert!(!is_stored(&sandbox));
    let database = rusqlite::Connection::open(sandbox.home().join("easel.db")).expect("a database");
    let mut rows = database.prepare("SELECT overrides FROM threads").expect("the table");
    let rows = rows.query_map([], |row| row.get::<_, String>(0)).expect("rows");
    let stored: Vec<String> = rows.map(|row| row.expect("text")).collect();
    assert_eq!(stored, [r#"{"images":{"parallel":2}}"#; 2]);
}
