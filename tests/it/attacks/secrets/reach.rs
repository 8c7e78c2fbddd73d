//! A model names files of the disk: it gets those below the folder that the client named for the thread, and no other.

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use easel_protocol::event::Event;
use easel_protocol::method::{ThreadFork, ThreadResume, ThreadSettingsUpdate};
use easel_protocol::record::ImageErrorKind;
use easel_protocol::thread::{
    Thread, ThreadForkParams, ThreadResumeParams, ThreadSettingsUpdateParams, ThreadStartParams,
};
use serde_json::json;

use crate::harness::events::image;
use crate::harness::pictures::{BLUE, RED, plain_png};
use crate::harness::{Place, STANDALONE, Server, text};
use crate::http::at;
use crate::http::scripted::{Scripted, calls, completes, says};
use crate::threads::forks::fork_of;
use crate::threads::resume;

/// What the message says before the path that the model is to name.
const NAME: &str = "NAME ";

/// A model that names the file that the user's newest message names, and an images API that takes anything.
fn provider() -> Scripted {
    let image = json!({"data": [{"b64_json": BASE64.encode(plain_png(8, 8, RED))}]}).to_string();
    Scripted::start(move |exchange| {
        let body = String::from_utf8_lossy(&exchange.body()).into_owned();
        if exchange.path() != "responses" {
            return exchange.answer(200, "application/json", image.as_bytes());
        }
        let (outputs, messages) = (body.matches("\"function_call_output\"").count(), body.matches(NAME).count());
        if outputs == messages {
            return exchange.answer_events(&[says(&outputs.to_string(), "There."), vec![completes()]].concat());
        }
        let named = body.rsplit(NAME).next().and_then(|rest| rest.split('"').next()).expect("a path");
        exchange.answer_events(&[calls(&outputs.to_string(), &json!({"prompt": "x", "images": [named]})), completes()]);
    })
}

/// A home, a provider, and a process that runs in `folder`.
async fn server(place: &Place, folder: &Path) -> Server {
    let mut command = place.command(STANDALONE);
    command.env("MOCK_KEY", "sk-mock").current_dir(folder);
    let mut server = Server::spawn(command);
    server.initialize(None).await;
    server
}

fn place(provider: &Scripted, more: &str) -> Place {
    Place::with_config(&format!("{}{more}", at(&provider.base_url())))
}

async fn thread_in(server: &mut Server, folder: Option<&Path>) -> Thread {
    let cwd = folder.map(|folder| folder.display().to_string());
    server.thread_with(ThreadStartParams { cwd, ..ThreadStartParams::default() }).await
}

/// Whether the model gets the file: `None`, or why not.
async fn refusal(server: &mut Server, thread_id: &str, path: &Path) -> Option<ImageErrorKind> {
    let events = server.turn(thread_id, vec![text(&format!("{NAME}{}", path.display()))]).await;
    image(&events).error.as_ref().map(|error| error.kind)
}

const REFUSED: Option<ImageErrorKind> = Some(ImageErrorKind::ReferenceRefused);

#[tokio::test]
async fn without_a_folder_the_model_reads_no_file() {
    let provider = provider();
    let place = place(&provider, "");
    let picture = place.write("private.png", &plain_png(8, 8, BLUE));
    for folder in [Path::new("/"), &place.project()] {
        let mut server = server(&place, folder).await;
        let thread = thread_in(&mut server, None).await;
        assert_eq!(thread.cwd, folder.display().to_string(), "clients see where the process runs");
        assert_eq!(refusal(&mut server, &thread.id, &picture).await, REFUSED);
        // A copy has no more than its original, and another process knows no more.
        let copy = server.ok::<ThreadFork>(&fork_of(&thread.id)).await.thread;
        server.events_until(|event| matches!(event, Event::ThreadStarted(_))).await;
        assert_eq!(refusal(&mut server, &copy.id, &picture).await, REFUSED);
        server.close().await;
        let mut server = self::server(&place, folder).await;
        server.ok::<ThreadResume>(&resume(&thread.id)).await;
        assert_eq!(refusal(&mut server, &thread.id, &picture).await, REFUSED);
        server.close().await;
    }
    assert_eq!(provider.lengths("images/edits"), [] as [u64; 0], "no picture left");
}

#[tokio::test]
async fn a_folder_that_is_named_later_is_read_from_then_on() {
    let provider = provider();
    let place = place(&provider, "");
    let picture = place.write("picture.png", &plain_png(8, 8, BLUE));
    let cwd = Some(place.project().display().to_string());
    let mut server = server(&place, Path::new("/")).await;
    let (set, resumed, forked) =
        (thread_in(&mut server, None).await, thread_in(&mut server, None).await, thread_in(&mut server, None).await);
    let wish = ThreadSettingsUpdateParams { thread_id: set.id.clone(), model: None, cwd: cwd.clone() };
    server.ok::<ThreadSettingsUpdate>(&wish).await;
    server.event_where("the settings", |event| matches!(event, Event::ThreadSettingsUpdated(_))).await;
    assert_eq!(refusal(&mut server, &set.id, &picture).await, None);
    server.ok::<ThreadResume>(&ThreadResumeParams { cwd: cwd.clone(), ..resume(&resumed.id) }).await;
    assert_eq!(refusal(&mut server, &resumed.id, &picture).await, None);
    let copy = server.ok::<ThreadFork>(&ThreadForkParams { cwd, ..fork_of(&forked.id) }).await.thread;
    server.events_until(|event| matches!(event, Event::ThreadStarted(_))).await;
    assert_eq!(refusal(&mut server, &copy.id, &picture).await, None);
    server.close().await;
}

#[tokio::test]
async fn a_root_or_a_home_is_read_only_if_the_configuration_lists_it() {
    let provider = provider();
    for lists_it in [false, true] {
        let more = if lists_it { "[images]\nreference_roots = [\"/\"]\n" } else { "" };
        let place = place(&provider, more);
        let picture = place.root().join("private.png");
        std::fs::write(&picture, plain_png(8, 8, BLUE)).expect("a file in the user's home");
        let mut server = server(&place, &place.project()).await;
        // The user's home is the folder that holds both, see `Place`.
        for folder in [Path::new("/"), place.root(), place.root().parent().expect("a folder above")] {
            let thread = thread_in(&mut server, Some(folder)).await;
            let expected = if lists_it { None } else { REFUSED };
            assert_eq!(refusal(&mut server, &thread.id, &picture).await, expected, "{folder:?}");
        }
        server.close().await;
    }
}

#[tokio::test]
async fn a_thread_cannot_give_its_model_more_of_the_disk() {
    let provider = provider();
    let place = place(&provider, "");
    let picture = place.root().join("private.png");
    std::fs::write(&picture, plain_png(8, 8, BLUE)).expect("a file in the user's home");
    std::fs::create_dir(place.project().join(".easel")).expect("a folder");
    place.write(".easel/config.toml", b"[images]\nreference_roots = [\"/\"]\n");
    let mut server = server(&place, &place.project()).await;
    let config = json!({ "images.reference_roots": ["/"] }).as_object().cloned();
    let cwd = Some(place.project().display().to_string());
    let thread = server.thread_with(ThreadStartParams { config, cwd, ..ThreadStartParams::default() }).await;
    assert_eq!(refusal(&mut server, &thread.id, &picture).await, REFUSED);
    server.close().await;
}

#[tokio::test]
async fn what_a_model_names_below_its_folder_is_a_picture_and_no_way_out() {
    let provider = provider();
    let place = place(&provider, "");
    let project = place.project();
    let picture = plain_png(8, 8, BLUE);
    let inside = place.write("inside.png", &picture);
    let outside = place.root().join("outside.png");
    std::fs::write(&outside, &picture).expect("a file outside");
    let text_file = place.write("text.png", b"no picture at all");
    let cut_off = place.write("cut.png", &picture[..picture.len() - 8]);
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
    wrong.extend(unix_tricks(&project, place.root(), &outside));
    let mut server = server(&place, &project).await;
    let thread = thread_in(&mut server, Some(&project)).await;
    assert_eq!(refusal(&mut server, &thread.id, &inside).await, None);
    let sent = provider.lengths("images/edits").len();
    for path in &wrong {
        assert_eq!(refusal(&mut server, &thread.id, path).await, REFUSED, "{path:?}");
    }
    let nowhere = refusal(&mut server, &thread.id, &project.join("nowhere.png")).await;
    assert_eq!(nowhere, Some(ImageErrorKind::ReferenceNotFound));
    assert_eq!(provider.lengths("images/edits").len(), sent, "nothing of these left");
    server.close().await;
}

/// Links out of the folder, and files that are none.
#[cfg(unix)]
fn unix_tricks(project: &Path, root: &Path, outside: &Path) -> Vec<PathBuf> {
    use std::os::unix::fs::symlink;

    let [file, folder, chain, pipe] = ["file.png", "folder", "chain.png", "pipe.png"].map(|name| project.join(name));
    symlink(outside, &file).expect("a link");
    symlink(root, &folder).expect("a link");
    symlink("file.png", &chain).expect("a link");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo starts");
    assert!(made.success());
    vec![file, folder.join("outside.png"), chain, pipe, PathBuf::from("/dev/zero"), PathBuf::from("/dev/stdin")]
}

#[tokio::test]
async fn a_folder_around_the_home_does_not_give_the_images_of_other_threads() {
    let provider = provider();
    let place = place(&provider, "");
    // The user's home is elsewhere, so that the folder around Easel's is one like others.
    let mut command = place.command(STANDALONE);
    command.env("MOCK_KEY", "sk-mock").env("HOME", "/nonexistent");
    let mut server = Server::spawn(command);
    server.initialize(None).await;
    let picture = place.write("inside.png", &plain_png(8, 8, BLUE));
    let (mine, other) =
        (thread_in(&mut server, Some(place.root())).await, thread_in(&mut server, Some(place.root())).await);
    let events = server.turn(&other.id, vec![text(&format!("{NAME}{}", picture.display()))]).await;
    let made = image(&events).images[0].path.clone();
    assert_eq!(refusal(&mut server, &mine.id, Path::new(&made)).await, REFUSED);
    assert_eq!(refusal(&mut server, &other.id, Path::new(&made)).await, None, "it is the thread's own");
    server.close().await;
}
