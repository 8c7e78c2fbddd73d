//! Files that a model names. It can read those below the folder that the client set for the thread, and no others.

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use easel_protocol::event::Event;
use easel_protocol::method::{ThreadFork, ThreadResume, ThreadSettingsUpdate};
use easel_protocol::record::ImageErrorKind;
use easel_protocol::thread::{
    Thread, ThreadForkParams, ThreadResumeParams, ThreadSettingsUpdateParams, ThreadStartParams,
};
use easel_testkit::http::MockServer;
use easel_testkit::image::{BLUE, RED, solid_png};
use easel_testkit::openai;
use serde_json::json;

use crate::harness::events::completed_image;
use crate::harness::{STANDALONE, Sandbox, Server, text};
use crate::http::provider_config;
use crate::threads::forks::fork_params;
use crate::threads::resume_params;

/// The text of a message before the path that the model is to name.
const NAME: &str = "NAME ";

/// A model that names the file of the user's newest message, and an images API that accepts anything.
fn provider() -> MockServer {
    let image = json!({"data": [{"b64_json": BASE64.encode(solid_png(8, 8, RED))}]}).to_string();
    MockServer::start(move |exchange| {
        let body = String::from_utf8_lossy(&exchange.read_body()).into_owned();
        if exchange.endpoint() != "responses" {
            return exchange.respond(200, "application/json", image.as_bytes());
        }
        let (outputs, messages) = (body.matches("\"function_call_output\"").count(), body.matches(NAME).count());
        if outputs == messages {
            return exchange.respond_events(
                &[openai::message(&outputs.to_string(), "There."), vec![openai::completed()]].concat(),
            );
        }
        let named = body.rsplit(NAME).next().and_then(|rest| rest.split('"').next()).expect("a path");
        exchange.respond_events(&[
            openai::image_call(&outputs.to_string(), &json!({"prompt": "x", "images": [named]})),
            openai::completed(),
        ]);
    })
}

/// A server that runs in `folder`, with a home and a provider.
async fn server(sandbox: &Sandbox, folder: &Path) -> Server {
    let mut command = sandbox.server_command(STANDALONE);
    command.env("MOCK_KEY", "sk-mock").current_dir(folder);
    let mut server = Server::spawn(command);
    server.initialize(None).await;
    server
}

fn sandbox(provider: &MockServer, more: &str) -> Sandbox {
    Sandbox::with_config(&format!("{}{more}", provider_config(&provider.base_url())))
}

async fn thread_in(server: &mut Server, folder: Option<&Path>) -> Thread {
    let cwd = folder.map(|folder| folder.display().to_string());
    server.start_thread_with(ThreadStartParams { cwd, ..ThreadStartParams::default() }).await
}

/// The error of reading the file through the model, or `None`.
async fn refusal(server: &mut Server, thread_id: &str, path: &Path) -> Option<ImageErrorKind> {
    let events = server.run_turn(thread_id, vec![text(&format!("{NAME}{}", path.display()))]).await;
    completed_image(&events).error.as_ref().map(|error| error.kind)
}

const REFUSED: Option<ImageErrorKind> = Some(ImageErrorKind::ReferenceRefused);

#[tokio::test]
async fn without_a_folder_the_model_reads_no_file() {
    let provider = provider();
    let sandbox = sandbox(&provider, "");
    let picture = sandbox.write_file("private.png", &solid_png(8, 8, BLUE));
    for folder in [Path::new("/"), &sandbox.project()] {
        let mut server = server(&sandbox, folder).await;
        let thread = thread_in(&mut server, None).await;
        assert_eq!(thread.cwd, folder.display().to_string(), "clients see where the process runs");
        assert_eq!(refusal(&mut server, &thread.id, &picture).await, REFUSED);
        // A fork can read the same files as its source, also in another process.
        let copy = server.request::<ThreadFork>(&fork_params(&thread.id)).await.thread;
        server.events_until(|event| matches!(event, Event::ThreadStarted(_))).await;
        assert_eq!(refusal(&mut server, &copy.id, &picture).await, REFUSED);
        server.close().await;
        let mut server = self::server(&sandbox, folder).await;
        server.request::<ThreadResume>(&resume_params(&thread.id)).await;
        assert_eq!(refusal(&mut server, &thread.id, &picture).await, REFUSED);
        server.close().await;
    }
    assert_eq!(provider.body_lengths("images/edits"), [] as [u64; 0], "no picture left");
}

#[tokio::test]
async fn folder_set_later_becomes_readable() {
    let provider = provider();
    let sandbox = sandbox(&provider, "");
    let picture = sandbox.write_file("picture.png", &solid_png(8, 8, BLUE));
    let cwd = Some(sandbox.project().display().to_string());
    let mut server = server(&sandbox, Path::new("/")).await;
    let (set, resumed, forked) =
        (thread_in(&mut server, None).await, thread_in(&mut server, None).await, thread_in(&mut server, None).await);
    let params = ThreadSettingsUpdateParams {
        thread_id: set.id.clone(),
        model: None,
        effort: None,
        summary: None,
        cwd: cwd.clone(),
    };
    server.request::<ThreadSettingsUpdate>(&params).await;
    server.expect_event("the settings", |event| matches!(event, Event::ThreadSettingsUpdated(_))).await;
    assert_eq!(refusal(&mut server, &set.id, &picture).await, None);
    server.request::<ThreadResume>(&ThreadResumeParams { cwd: cwd.clone(), ..resume_params(&resumed.id) }).await;
    assert_eq!(refusal(&mut server, &resumed.id, &picture).await, None);
    let copy = server.request::<ThreadFork>(&ThreadForkParams { cwd, ..fork_params(&forked.id) }).await.thread;
    server.events_until(|event| matches!(event, Event::ThreadStarted(_))).await;
    assert_eq!(refusal(&mut server, &copy.id, &picture).await, None);
    server.close().await;
}

#[tokio::test]
async fn root_and_home_folders_must_be_listed_in_config() {
    let provider = provider();
    for lists_it in [false, true] {
        let more = if lists_it { "[images]\nreference_roots = [\"/\"]\n" } else { "" };
        let sandbox = sandbox(&provider, more);
        let picture = sandbox.root().join("private.png");
        std::fs::write(&picture, solid_png(8, 8, BLUE)).expect("a file in the user's home");
        let mut server = server(&sandbox, &sandbox.project()).await;
        // The user's home is the root of the sandbox.
        for folder in [Path::new("/"), sandbox.root(), sandbox.root().parent().expect("a folder above")] {
            let thread = thread_in(&mut server, Some(folder)).await;
            let expected = if lists_it { None } else { REFUSED };
            assert_eq!(refusal(&mut server, &thread.id, &picture).await, expected, "{folder:?}");
        }
        server.close().await;
    }
}

#[tokio::test]
async fn thread_config_cannot_widen_reference_roots() {
    let provider = provider();
    let sandbox = sandbox(&provider, "");
    let picture = sandbox.root().join("private.png");
    std::fs::write(&picture, solid_png(8, 8, BLUE)).expect("a file in the user's home");
    std::fs::create_dir(sandbox.project().join(".easel")).expect("a folder");
    sandbox.write_file(".easel/config.toml", b"[images]\nreference_roots = [\"/\"]\n");
    let mut server = server(&sandbox, &sandbox.project()).await;
    let config = json!({ "images.reference_roots": ["/"] }).as_object().cloned();
    let cwd = Some(sandbox.project().display().to_string());
    let thread = server.start_thread_with(ThreadStartParams { config, cwd, ..ThreadStartParams::default() }).await;
    assert_eq!(refusal(&mut server, &thread.id, &picture).await, REFUSED);
    server.close().await;
}

#[tokio::test]
async fn model_reads_images_inside_its_folder_only() {
    let provider = provider();
    let sandbox = sandbox(&provider, "");
    let project = sandbox.project();
    let picture = solid_png(8, 8, BLUE);
    let inside = sandbox.write_file("inside.png", &picture);
    let outside = sandbox.root().join("outside.png");
    std::fs::write(&outside, &picture).expect("a file outside");
    let text_file = sandbox.write_file("text.png", b"no picture at all");
    let cut_off = sandbox.write_file("cut.png", &picture[..picture.len() - 8]);
    let mut wrong = vec![
        outside.clone(),
        project.join("../outside.png"),
        project.join("../project/../outside.png"),
        project.clone(),
        text_file,
        cut_off,
        PathBuf::from("/etc/passwd"),
    ];
    #[cfg(unix)]
    wrong.extend(unix_tricks(&project, sandbox.root(), &outside));
    let mut server = server(&sandbox, &project).await;
    let thread = thread_in(&mut server, Some(&project)).await;
    assert_eq!(refusal(&mut server, &thread.id, &inside).await, None);
    let sent = provider.body_lengths("images/edits").len();
    for path in &wrong {
        assert_eq!(refusal(&mut server, &thread.id, path).await, REFUSED, "{path:?}");
    }
    let nowhere = refusal(&mut server, &thread.id, &project.join("nowhere.png")).await;
    assert_eq!(nowhere, Some(ImageErrorKind::ReferenceNotFound));
    assert_eq!(provider.body_lengths("images/edits").len(), sent, "nothing of these left");
    server.close().await;
}

/// Links out of the folder, and special files.
#[cfg(unix)]
fn unix_tricks(project: &Path, root: &Path, outside: &Path) -> Vec<PathBuf> {
    use std::os::unix::fs::symlink;

    let [file, folder, chain, pipe] = ["file.png", "folder", "chain.png", "pipe.png"].map(|name| project.join(name));
    symlink(outside, &file).expect("a link");
    symlink(root, &folder).expect("a link");
    symlink("file.png", &chain).expect("a link");
    let generated = std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo starts");
    assert!(generated.success());
    vec![file, folder.join("outside.png"), chain, pipe, PathBuf::from("/dev/zero"), PathBuf::from("/dev/stdin")]
}

#[tokio::test]
async fn folder_above_home_does_not_expose_other_threads() {
    let provider = provider();
    let sandbox = sandbox(&provider, "");
    // The user's home is elsewhere, so the folder above Easel's home is an ordinary one.
    let mut command = sandbox.server_command(STANDALONE);
    command.env("MOCK_KEY", "sk-mock").env("HOME", "/nonexistent").env("USERPROFILE", "C:\\nonexistent");
    let mut server = Server::spawn(command);
    server.initialize(None).await;
    let picture = sandbox.write_file("inside.png", &solid_png(8, 8, BLUE));
    let (mine, other) =
        (thread_in(&mut server, Some(sandbox.root())).await, thread_in(&mut server, Some(sandbox.root())).await);
    let events = server.run_turn(&other.id, vec![text(&format!("{NAME}{}", picture.display()))]).await;
    let generated = completed_image(&events).images[0].path.clone();
    assert_eq!(refusal(&mut server, &mine.id, Path::new(&generated)).await, REFUSED);
    assert_eq!(refusal(&mut server, &other.id, Path::new(&generated)).await, None, "it is the thread's own");
    server.close().await;
}
