//! `easel threads`, `easel images` and `easel prune`.

use easel_protocol::image::ImageEntry;
use easel_protocol::method::ThreadArchive;
use easel_protocol::thread::{Thread, ThreadArchiveParams};

use crate::harness::{FAST_AND_ENDLESS, Sandbox, read_file, text};
use crate::storage::list_recursively;

/// A home with two threads with one image each.
async fn sandbox_with_threads() -> (Sandbox, [Thread; 2]) {
    let sandbox = Sandbox::with_config(FAST_AND_ENDLESS);
    let mut server = sandbox.start_server().await;
    let mut threads = Vec::new();
    for prompt in ["draw a red star", "draw a blue house"] {
        let thread = server.start_thread().await;
        server.run_turn(&thread.id, vec![text(prompt)]).await;
        threads.push(thread);
    }
    server.close().await;
    (sandbox, threads.try_into().expect("two threads"))
}

async fn run(sandbox: &Sandbox, arguments: &[&str]) -> String {
    let output = sandbox.run(arguments).await;
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// The files of generated images and model copies.
fn image_files(sandbox: &Sandbox) -> Vec<std::path::PathBuf> {
    let paths = list_recursively(&sandbox.home().join("generated_images")).into_iter();
    paths.filter(|path| path.is_file()).collect()
}

#[tokio::test]
async fn threads_are_listed_with_title_and_time() {
    let (sandbox, [first, second]) = sandbox_with_threads().await;
    let list = run(&sandbox, &["threads"]).await;
    let lines: Vec<&str> = list.lines().collect();
    assert_eq!(lines.len(), 2);
    assert!(lines.iter().any(|line| line.starts_with(&*first.id) && line.ends_with("draw a red star")), "{list}");
    assert!(lines.iter().any(|line| line.starts_with(&*second.id) && line.ends_with("draw a blue house")), "{list}");
    let json = run(&sandbox, &["threads", "--json", "--limit", "1"]).await;
    let listed: Vec<Thread> = json.lines().map(|line| serde_json::from_str(line).expect("a thread")).collect();
    assert_eq!(listed.len(), 1);
    assert_eq!(run(&sandbox, &["threads", "--archived"]).await, "");
}

#[tokio::test]
async fn images_are_listed_by_thread() {
    let (sandbox, [first, _]) = sandbox_with_threads().await;
    assert_eq!(run(&sandbox, &["images"]).await.lines().count(), 2);
    let json = run(&sandbox, &["images", "--thread", &first.id, "--json"]).await;
    let entries: Vec<ImageEntry> = json.lines().map(|line| serde_json::from_str(line).expect("an image")).collect();
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].thread_id, first.id);
    let listed = run(&sandbox, &["images", "--thread", &first.id]).await;
    assert!(
        listed.starts_with(&*entries[0].image.id) && listed.trim_end().ends_with(&entries[0].image.path),
        "{listed}"
    );
}

#[tokio::test]
async fn prune_keeps_images_of_threads() {
    let (sandbox, [first, _]) = sandbox_with_threads().await;
    let images = image_files(&sandbox);
    assert_eq!(run(&sandbox, &["prune"]).await, "There is nothing to remove.\n");
    // What a crash at a bad moment leaves: a file in the folder of a thread that does not exist, an attachment without
    // a row, a copy for models. A file that a user put into the folder of a thread stays.
    let generated = sandbox.home().join("generated_images");
    let orphan = generated.join("01a203de-0000-7000-8000-000000000000");
    std::fs::create_dir(&orphan).expect("a folder");
    std::fs::write(orphan.join("call_1.png"), read_file(&images[0])).expect("a file");
    let attachment = sandbox.home().join("attachments").join(format!("{}.png", "ab".repeat(32)));
    std::fs::write(&attachment, read_file(&images[0])).expect("a file");
    let copies = generated.join(&*first.id).join(".model");
    std::fs::create_dir_all(&copies).expect("a folder");
    std::fs::write(copies.join("call.png-5f4dcc3b-2048-v1.jpg"), "a copy").expect("a file");
    let kept = generated.join(&*first.id).join("recovered.png");
    std::fs::write(&kept, "recovered").expect("a file");

    let planned = run(&sandbox, &["prune"]).await;
    assert!(planned.contains("Would remove 1 model copy (6 B; "), "{planned}");
    assert!(planned.contains("Would remove 2 files ("), "{planned}");
    assert!(planned.contains("Nothing was removed."), "{planned}");
    assert!(orphan.exists() && attachment.exists());

    let done = run(&sandbox, &["prune", "--yes"]).await;
    assert!(done.contains("Removed 1 model copy") && done.contains("Removed 2 files"), "{done}");
    assert!(!orphan.exists() && !attachment.exists() && kept.exists());
    assert!(images.iter().all(|image| image.exists()), "images of threads stay");
    assert_eq!(run(&sandbox, &["prune"]).await, "There is nothing to remove.\n");
}

#[tokio::test]
async fn prune_deletes_archived_threads_only_on_request() {
    let (sandbox, [first, second]) = sandbox_with_threads().await;
    let mut server = sandbox.start_server().await;
    server.request::<ThreadArchive>(&ThreadArchiveParams { thread_id: first.id.clone() }).await;
    server.client.close().await.expect("the server ends");
    assert_eq!(run(&sandbox, &["prune", "--yes"]).await, "There is nothing to remove.\n");
    assert_eq!(run(&sandbox, &["prune", "--yes", "--archived-days", "30"]).await, "There is nothing to remove.\n");
    let planned = run(&sandbox, &["prune", "--archived-days", "0"]).await;
    assert!(planned.starts_with("Would remove 1 archived thread, "), "{planned}");
    assert_eq!(image_files(&sandbox).len(), 2);
    let done = run(&sandbox, &["prune", "--archived-days", "0", "--yes"]).await;
    assert!(done.starts_with("Removed 1 archived thread, "), "{done}");
    let left = image_files(&sandbox);
    assert!(left.len() == 1 && left[0].display().to_string().contains(&*second.id), "{left:?}");
}
