//! `easel prune`: what it removes, and what it must not.

use std::path::PathBuf;

use easel_protocol::event::Event;
use easel_protocol::method::{ThreadArchive, ThreadDelete};
use easel_protocol::thread::{ThreadArchiveParams, ThreadDeleteParams, ThreadStartParams};
use easel_testkit::image::solid_png;

use super::{run, sandbox_with_threads};
use crate::harness::{FAST_AND_ENDLESS, Sandbox, local_image, read_file, text};
use crate::storage::list_recursively;
use crate::threads::forks::{fork, fork_params};

const NOTHING: &str = "There is nothing to remove.\n";

/// The files in a folder of the home.
fn files(sandbox: &Sandbox, folder: &str) -> Vec<PathBuf> {
    list_recursively(&sandbox.home().join(folder)).into_iter().filter(|path| path.is_file()).collect()
}

/// The files of generated images and model copies.
fn image_files(sandbox: &Sandbox) -> Vec<PathBuf> {
    files(sandbox, "generated_images")
}

/// The owner id of a process that does not run.
const DEAD: &str = "019ad000-0000-7000-8000-000000000000";

#[tokio::test]
async fn prune_removes_only_what_is_certainly_garbage() {
    let (sandbox, [first, _]) = sandbox_with_threads().await;
    let images = image_files(&sandbox);
    assert_eq!(run(&sandbox, &["prune"]).await, NOTHING);
    // What a crash at a bad moment leaves.
    let folder = sandbox.home().join("generated_images").join(&*first.id);
    let copies = folder.join(".model");
    std::fs::create_dir_all(&copies).expect("a folder");
    let garbage = [
        copies.join("call.png-5f4dcc3b-2048-v1.jpg"),
        folder.join(format!(".{DEAD}.a1b2c3.part")),
        folder.join(format!(".{DEAD}.a1b2c3.preview.png")),
        folder.join(".removed-call_9.png"),
    ];
    garbage.iter().for_each(|path| std::fs::write(path, "a copy").expect("a file"));
    // Complete images, and files of others, stay.
    let kept = [
        folder.join(format!(".{DEAD}.a1b2c3.staged")),
        folder.join(format!(".{DEAD}.d4e5f6.part")),
        folder.join("recovered.png"),
        folder.join(".hidden.x.part"),
        folder.join(".DS_Store"),
        copies.join("notes-of-the-user.txt"),
    ];
    kept.iter().for_each(|path| std::fs::write(path, read_file(&images[0])).expect("a file"));

    let planned = run(&sandbox, &["prune"]).await;
    assert!(planned.contains("Would remove 1 model copy (6 B; "), "{planned}");
    assert!(planned.contains("Would remove 3 unfinished files (18 B; "), "{planned}");
    assert!(planned.contains("Nothing was removed."), "{planned}");
    for path in &garbage {
        assert!(path.exists() && planned.contains(&path.display().to_string()), "{planned}");
    }

    let done = run(&sandbox, &["prune", "--yes"]).await;
    assert!(done.contains("Removed 1 model copy") && done.contains("Removed 3 unfinished files"), "{done}");
    assert!(done.contains("1 file (") && done.contains("is kept:\n  "), "{done}");
    assert!(garbage.iter().all(|path| !path.exists()), "{done}");
    assert!(kept.iter().chain(&images).all(|path| path.exists()), "{done}");
    assert!(run(&sandbox, &["prune"]).await.ends_with(NOTHING));
}

/// Files and folders that the database does not know are listed, and never removed.
#[tokio::test]
async fn prune_keeps_everything_beside_a_new_database() {
    let (sandbox, threads) = sandbox_with_threads().await;
    let home = sandbox.home();
    let holiday = home.join("generated_images").join("holiday");
    std::fs::create_dir_all(&holiday).expect("a folder");
    std::fs::write(holiday.join("beach.png"), "a photo").expect("a file");
    let attachment = home.join("attachments").join(format!("{}.png", "ab".repeat(32)));
    std::fs::write(&attachment, "an attachment").expect("a file");
    let all = image_files(&sandbox);
    let moved = home.join("old");
    std::fs::create_dir(&moved).expect("a folder");
    for entry in std::fs::read_dir(&home).expect("the home").map(|entry| entry.expect("an entry")) {
        if entry.file_name().to_string_lossy().starts_with("easel.db") {
            std::fs::rename(entry.path(), moved.join(entry.file_name())).expect("a moved file");
        }
    }
    for arguments in [&["prune"][..], &["prune", "--yes"], &["prune", "--yes", "--archived-days", "0"]] {
        let shown = run(&sandbox, arguments).await;
        assert!(shown.contains("4 files (") && shown.contains("are not in Easel's database and are kept:"), "{shown}");
        assert!(shown.ends_with(NOTHING) || arguments.len() > 1, "{shown}");
        let folders = threads.iter().map(|thread| home.join("generated_images").join(&*thread.id));
        for path in folders.chain([holiday.clone(), attachment.clone()]) {
            assert!(shown.contains(&path.display().to_string()), "{path:?} in {shown}");
        }
        assert!(all.iter().chain([&attachment]).all(|path| path.exists()), "{shown}");
    }
}

/// A database from a backup lacks the newer threads.
#[tokio::test]
async fn prune_keeps_images_that_an_older_database_lacks() {
    let (sandbox, _) = sandbox_with_threads().await;
    let backup: Vec<_> = database_files(&sandbox).into_iter().map(|path| (read_file(&path), path)).collect();
    let mut server = sandbox.start_server().await;
    let newer = server.start_thread().await;
    server.run_turn(&newer.id, vec![text("draw a green tree")]).await;
    server.close().await;
    database_files(&sandbox).iter().for_each(|path| std::fs::remove_file(path).expect("a removed file"));
    backup.iter().for_each(|(bytes, path)| std::fs::write(path, bytes).expect("a file"));
    let done = run(&sandbox, &["prune", "--yes"]).await;
    assert!(done.contains("There is nothing to remove.") && done.contains(&*newer.id), "{done}");
    assert_eq!(image_files(&sandbox).len(), 3);
}

fn database_files(sandbox: &Sandbox) -> Vec<PathBuf> {
    let files = list_recursively(&sandbox.home()).into_iter();
    files.filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("easel.db"))).collect()
}

/// A fork shows the file of its deleted source; an ephemeral thread has a row in no list; an attachment is shown.
#[tokio::test]
async fn prune_beside_a_running_server_keeps_what_it_uses() {
    let sandbox = Sandbox::with_config(FAST_AND_ENDLESS);
    let picture = sandbox.root().join("picture.png");
    std::fs::write(&picture, solid_png(8, 8, [255, 0, 0])).expect("a file");
    let mut server = sandbox.start_server().await;
    let source = server.start_thread().await;
    server.run_turn(&source.id, vec![text("draw a red star"), local_image(&picture)]).await;
    fork(&mut server, &fork_params(&source.id)).await;
    server.request::<ThreadDelete>(&ThreadDeleteParams { thread_id: source.id.clone() }).await;
    server.expect_event("thread/deleted", |event| matches!(event, Event::ThreadDeleted(_))).await;
    let params = ThreadStartParams { ephemeral: Some(true), ..ThreadStartParams::default() };
    let ephemeral = server.start_thread_with(params).await;
    server.run_turn(&ephemeral.id, vec![text("draw a blue house")]).await;
    let before = files(&sandbox, "generated_images");
    assert_eq!((before.len(), files(&sandbox, "attachments").len()), (2, 1));
    assert_eq!(run(&sandbox, &["prune", "--yes", "--archived-days", "0"]).await, NOTHING);
    assert_eq!((files(&sandbox, "generated_images"), files(&sandbox, "attachments").len()), (before.clone(), 1));
    server.client.close().await.expect("the server ends");
    assert_eq!(run(&sandbox, &["prune", "--yes"]).await, NOTHING);
    assert_eq!(files(&sandbox, "generated_images"), before);
}

#[tokio::test]
async fn prune_reports_what_it_cannot_remove() {
    let (sandbox, [first, _]) = sandbox_with_threads().await;
    let copies = sandbox.home().join("generated_images").join(&*first.id).join(".model");
    std::fs::create_dir_all(&copies).expect("a folder");
    // A folder with the name of a copy cannot be removed as a file.
    std::fs::create_dir(copies.join("call.png-5f4dcc3b-2048-v1.jpg")).expect("a folder");
    std::fs::write(copies.join("call.png-5f4dcc3b-1024-v1.jpg"), "a copy").expect("a file");
    let output = sandbox.run(&["prune", "--yes"]).await;
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stdout.starts_with("Removed 1 model copy (6 B; "), "{stdout}");
    assert!(stderr.contains("could not remove ") && stderr.contains("not everything could be removed"), "{stderr}");
}

#[tokio::test]
async fn prune_deletes_archived_threads_only_on_request() {
    let (sandbox, [first, second]) = sandbox_with_threads().await;
    let mut server = sandbox.start_server().await;
    server.request::<ThreadArchive>(&ThreadArchiveParams { thread_id: first.id.clone() }).await;
    server.client.close().await.expect("the server ends");
    assert_eq!(run(&sandbox, &["prune", "--yes"]).await, NOTHING);
    assert_eq!(run(&sandbox, &["prune", "--yes", "--archived-days", "30"]).await, NOTHING);
    let planned = run(&sandbox, &["prune", "--archived-days", "0"]).await;
    assert!(planned.starts_with("Would remove 1 archived thread, "), "{planned}");
    assert_eq!(image_files(&sandbox).len(), 2);
    let done = run(&sandbox, &["prune", "--archived-days", "0", "--yes"]).await;
    assert!(done.starts_with("Removed 1 archived thread, "), "{done}");
    let left = image_files(&sandbox);
    assert!(left.len() == 1 && left[0].display().to_string().contains(&*second.id), "{left:?}");
}
