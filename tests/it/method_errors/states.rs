//! Every method that names a thread or an image is called in each state of a thread. A refused request must not change
//! anything.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use easel_protocol::event::Event;
use serde_json::{Value, json};

use super::ask;
use super::invalid_params::{example, fields_of, schema_of};
use crate::harness::events::{completed_image, is_image_start};
use crate::harness::{FAST_AND_ENDLESS, HOSTED, STANDALONE, Sandbox, Server, text};
use crate::session::methods;
use crate::storage::list_recursively;

/// A thread with a turn that generated an image, and perhaps a running turn.
#[derive(Debug, Clone)]
pub(super) struct Subject {
    pub(super) thread_id: String,
    turn_id: String,
    image_id: String,
}

impl Subject {
    /// The message without the ids of this thread.
    pub(super) fn anonymous(&self, message: &str) -> String {
        let ids = [(&self.thread_id, "[thread]"), (&self.turn_id, "[turn]"), (&self.image_id, "[image]")];
        ids.into_iter().fold(message.to_owned(), |message, (id, name)| message.replace(id.as_str(), name))
    }
}

/// The methods that take a thread or an image.
fn methods_of_a_thread() -> Vec<&'static str> {
    let names_one = |method: &&str| fields_of(method).iter().any(|field| matches!(*field, "threadId" | "imageId"));
    methods().into_iter().filter(names_one).collect()
}

/// Valid params of a method for this thread. If the method changes threads, they would change it.
pub(super) fn params_for(method: &str, sandbox: &Sandbox, subject: &Subject) -> Value {
    let mut params = example(schema_of(method));
    for field in fields_of(method) {
        let value = match field {
            "threadId" => json!(subject.thread_id),
            "turnId" | "expectedTurnId" | "beforeTurnId" | "lastTurnId" => json!(subject.turn_id),
            "imageId" => json!(subject.image_id),
            "path" => json!(sandbox.project().join(format!("{}.png", subject.thread_id))),
            "items" => json!([{ "type": "message", "role": "user", "content": "x" }]),
            "gitInfo" => json!({ "branch": "other" }),
            "model" if method == "thread/settings/update" => json!("another"),
            _ => continue,
        };
        params[field] = value;
    }
    params
}

pub(super) async fn create_subject(server: &mut Server) -> Subject {
    let thread_id = server.start_thread().await.id;
    let turn = server.start_turn(&thread_id, vec![text("draw a red square, 64x64")]).await;
    let image_id = completed_image(&server.events_until_turn_end().await).images[0].id.clone();
    Subject { thread_id: thread_id.to_string(), turn_id: turn.id.to_string(), image_id: image_id.to_string() }
}

/// One copy of the thread for each method. `changes` are the params of `thread/fork`.
async fn fork_for_each_method(server: &mut Server, changes: Value) -> BTreeMap<&'static str, Subject> {
    let original = create_subject(server).await;
    let mut subjects = BTreeMap::new();
    for method in methods_of_a_thread() {
        let mut params = json!({ "threadId": original.thread_id });
        for (name, value) in changes.as_object().into_iter().flatten() {
            params[name] = value.clone();
        }
        let thread = server.call("thread/fork", &params).await.expect("a copy")["thread"].take();
        server.events_until(|event| matches!(event, Event::ThreadStarted(_))).await;
        let id = |value: &Value| value["id"].as_str().expect("an id").to_owned();
        let subject = Subject { thread_id: id(&thread), turn_id: id(&thread["turns"][0]), ..original.clone() };
        subjects.insert(method, subject);
    }
    subjects
}

/// One copy for each method, with a turn that does not end.
async fn running(server: &mut Server) -> BTreeMap<&'static str, Subject> {
    let mut subjects = fork_for_each_method(server, json!({ "modelProvider": "endless" })).await;
    for subject in subjects.values_mut() {
        subject.turn_id = server.start_turn(&subject.thread_id, vec![text("draw a blue square")]).await.id.to_string();
        server.events_until(is_image_start).await;
    }
    subjects
}

/// The visible state: the thread with its turns, all lists, and all files except the database.
async fn everything(sandbox: &Sandbox, server: &mut Server, thread_id: &str) -> (Vec<Value>, Vec<PathBuf>) {
    let mut read = Vec::new();
    for (method, params) in [
        ("thread/read", json!({ "threadId": thread_id, "includeTurns": true })),
        ("thread/list", json!({})),
        ("thread/list", json!({ "archived": true })),
        ("thread/loaded/list", json!({})),
        ("image/list", json!({})),
    ] {
        read.push(ask(server, method, Some(&params)).await.unwrap_or_else(|error| error));
    }
    let is_database = |path: &PathBuf| path.to_string_lossy().contains("easel.db");
    (read, list_recursively(sandbox.root()).into_iter().filter(|path| !is_database(path)).collect())
}

/// Calls each method on its thread. Returns `method: a response` or `method: code message`. A refused request must not
/// change anything, also as `witness` sees it.
async fn call_each_method(
    sandbox: &Sandbox,
    server: &mut Server,
    mut witness: Option<&mut Server>,
    subjects: &BTreeMap<&'static str, Subject>,
) -> String {
    let mut results = String::new();
    for method in methods_of_a_thread() {
        let Some(subject) = subjects.get(method) else { continue };
        let mut before = vec![everything(sandbox, server, &subject.thread_id).await];
        if let Some(witness) = witness.as_deref_mut() {
            before.push(everything(sandbox, witness, &subject.thread_id).await);
        }
        let Err(error) = ask(server, method, Some(&params_for(method, sandbox, subject))).await else {
            let _ = writeln!(results, "{method}: a response");
            continue;
        };
        let mut after = vec![everything(sandbox, server, &subject.thread_id).await];
        if let Some(witness) = witness.as_deref_mut() {
            after.push(everything(sandbox, witness, &subject.thread_id).await);
        }
        assert_eq!(after, before, "{method} was refused: {error}");
        let message = error["message"].as_str().expect("a message");
        let _ = writeln!(results, "{method}: {} {}", error["code"], subject.anonymous(message));
    }
    results
}

/// Closes a server in which turns may run.
async fn end(server: Server) {
    let (status, _) = server.client.close().await.expect("the server ends");
    assert_eq!(status.code(), Some(0));
}

#[tokio::test]
async fn no_method_finds_an_unknown_thread() {
    let sandbox = Sandbox::with_config(FAST_AND_ENDLESS);
    let mut server = sandbox.start_server().await;
    for id in ["00000000-0000-7000-8000-000000000000", "../home"] {
        let nobody = Subject { thread_id: id.to_owned(), turn_id: "nothing".to_owned(), image_id: "img_0".to_owned() };
        let subjects = methods_of_a_thread().into_iter().map(|method| (method, nobody.clone())).collect();
        insta::assert_snapshot!("nowhere", call_each_method(&sandbox, &mut server, None, &subjects).await);
    }
    let long = json!({ "threadId": format!("\u{1b}[31m{}", "x".repeat(100_000)) });
    let error = ask(&mut server, "thread/read", Some(&long)).await.expect_err("nobody");
    let message = error["message"].as_str().expect("a message");
    assert!(message.len() < 210, "{message}");
    assert!(message.starts_with("thread [31mxxx") && message.ends_with("xxx not found"), "{message}");
    end(server).await;
}

#[tokio::test]
async fn methods_on_an_unloaded_thread() {
    let sandbox = Sandbox::with_config(FAST_AND_ENDLESS);
    let mut server = sandbox.start_server().await;
    let subjects = fork_for_each_method(&mut server, json!({})).await;
    end(server).await;
    let mut server = sandbox.start_server().await;
    insta::assert_snapshot!("not_loaded", call_each_method(&sandbox, &mut server, None, &subjects).await);
    end(server).await;
}

#[tokio::test]
async fn methods_on_an_archived_thread() {
    let sandbox = Sandbox::with_config(FAST_AND_ENDLESS);
    let mut server = sandbox.start_server().await;
    let subjects = fork_for_each_method(&mut server, json!({})).await;
    for subject in subjects.values() {
        let thread = json!({ "threadId": subject.thread_id });
        ask(&mut server, "thread/archive", Some(&thread)).await.expect("an end");
    }
    insta::assert_snapshot!("archived", call_each_method(&sandbox, &mut server, None, &subjects).await);
    end(server).await;
}

#[tokio::test]
async fn methods_on_an_ephemeral_thread() {
    let sandbox = Sandbox::with_config(FAST_AND_ENDLESS);
    let mut server = sandbox.start_server().await;
    let subjects = fork_for_each_method(&mut server, json!({ "ephemeral": true })).await;
    insta::assert_snapshot!("ephemeral", call_each_method(&sandbox, &mut server, None, &subjects).await);
    end(server).await;
}

#[tokio::test]
async fn methods_during_a_turn() {
    for tool in [STANDALONE, HOSTED] {
        let sandbox = Sandbox::with_config(FAST_AND_ENDLESS);
        let mut server = sandbox.start_server_with(tool).await;
        let subjects = running(&mut server).await;
        insta::assert_snapshot!("running", call_each_method(&sandbox, &mut server, None, &subjects).await);
        end(server).await;
    }
}

#[tokio::test]
async fn methods_on_a_thread_of_another_process() {
    let sandbox = Sandbox::with_config(FAST_AND_ENDLESS);
    let (mut writer, mut other) = (sandbox.start_server().await, sandbox.start_server().await);
    let pid = writer.client.pid().expect("the process runs").to_string();
    let loaded = fork_for_each_method(&mut writer, json!({})).await;
    let results = call_each_method(&sandbox, &mut other, Some(&mut writer), &loaded).await;
    insta::assert_snapshot!("loaded_elsewhere", results.replace(&pid, "[pid]"));
    let running = running(&mut writer).await;
    let results = call_each_method(&sandbox, &mut other, Some(&mut writer), &running).await;
    insta::assert_snapshot!("running_elsewhere", results.replace(&pid, "[pid]"));
    end(other).await;
    end(writer).await;
}

#[tokio::test]
async fn unknown_turns_and_images_of_a_thread_are_refused() {
    let sandbox = Sandbox::with_config(FAST_AND_ENDLESS);
    let mut server = sandbox.start_server().await;
    let mut subjects = fork_for_each_method(&mut server, json!({})).await;
    for subject in subjects.values_mut() {
        subject.turn_id = "00000000-0000-7000-8000-000000000000".to_owned();
        subject.image_id = "img_00000000000000000000000000000000".to_owned();
    }
    let names_one =
        |method: &str| fields_of(method).iter().any(|field| field.ends_with("urnId") || *field == "imageId");
    subjects.retain(|method, _| names_one(method));
    insta::assert_snapshot!("nothing_of_the_thread", call_each_method(&sandbox, &mut server, None, &subjects).await);
    end(server).await;
}
