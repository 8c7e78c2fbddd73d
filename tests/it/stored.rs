//! `easel threads`, `easel images` and `easel prune`.

mod prune;

use easel_protocol::image::ImageEntry;
use easel_protocol::thread::Thread;

use crate::harness::{FAST_AND_ENDLESS, Sandbox, text};

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
async fn images_of_an_absent_thread_are_an_error() {
    let sandbox = Sandbox::new();
    let output = sandbox.run(&["images", "--thread", "nope"]).await;
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(2), &b""[..]), "{stderr}");
    assert!(stderr.starts_with("easel: thread nope does not exist; "), "{stderr}");
}
