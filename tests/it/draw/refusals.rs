//! Requests that are refused: the reason, the object of `--json`, and what is left of them.

use serde_json::Value;

use super::{draw, json, sandbox};
use crate::harness::Sandbox;

/// A handle without an image.
const ABSENT: &str = "img_00000000000000000000000000000001";

/// The words of the protocol, which the user of a command does not know.
fn has_protocol_words(text: &str) -> bool {
    ["Invalid params", "(-32", "`input"].iter().any(|words| text.contains(words))
}

/// The threads that are listed.
async fn threads(sandbox: &Sandbox) -> String {
    String::from_utf8(sandbox.run(&["threads"]).await.stdout).expect("text")
}

#[tokio::test]
async fn every_refusal_as_json_is_one_object() {
    let sandbox = sandbox();
    sandbox.write_file("t.txt", b"text");
    for (arguments, code, expected) in [
        (&[""][..], 2, "the prompt is empty"),
        (&["", "--size", "1024x1024"], 2, "the prompt is empty"),
        (&["x", "-i", "missing.png"], 2, "missing.png is not a file or a handle"),
        (&["x", "-i", ABSENT], 1, "image img_00000000000000000000000000000001 not found"),
        (&["x", "-i", ABSENT, "-n", "2"], 1, "image img_00000000000000000000000000000001 not found"),
        (&["x", "-i", "t.txt"], 2, "is not a PNG, JPEG, WebP or GIF image"),
        (&["x", "--mask", "t.txt"], 2, "--mask needs -i or --continue"),
        (&["x", "--provider", "nosuch"], 2, "provider `nosuch` does not exist"),
        (&["x", "-c", "approval=sometimes"], 1, "the configuration has a problem"),
    ] {
        let (status, stdout, stderr) = draw(&sandbox, &[arguments, &["--json"]].concat()).await;
        let object: Value = serde_json::from_str(&stdout).expect("one JSON object");
        let reason = object["reason"].as_str().expect("a reason");
        assert!(status == Some(code) && reason.contains(expected), "{arguments:?}: {status:?} {object}");
        assert!(stderr.contains(expected) && !has_protocol_words(reason), "{arguments:?}: {stderr}");
        assert_eq!((&object["threadId"], object["images"].as_array().map(Vec::len)), (&"".into(), Some(0)));
    }
    assert_eq!(threads(&sandbox).await, "", "a refused request leaves no thread");
}

#[tokio::test]
async fn file_without_an_image_keeps_its_name() {
    let sandbox = sandbox();
    sandbox.write_file("t.txt", b"text");
    for (options, code) in [(&[][..], 2), (&["--size", "1024x1024"], 1)] {
        let (status, stdout, stderr) = draw(&sandbox, &[&["x", "-i", "t.txt"], options].concat()).await;
        assert_eq!((status, stdout.as_str()), (Some(code), ""), "{stderr}");
        assert!(stderr.contains("t.txt\" is not a PNG, JPEG, WebP or GIF image"), "{stderr}");
        assert!(!stderr.contains("image-0") && !has_protocol_words(&stderr), "{stderr}");
    }
}

#[tokio::test]
async fn turned_off_tool_leaves_no_thread() {
    let sandbox = sandbox();
    for options in [&[][..], &["--size", "1024x1024"]] {
        let arguments = [&["a red star", "--disable", "image_generation"], options].concat();
        let (code, _, stderr) = draw(&sandbox, &arguments).await;
        assert!(code == Some(1) && !has_protocol_words(&stderr), "{stderr}");
    }
    assert_eq!(threads(&sandbox).await, "");
}

#[tokio::test]
async fn refused_edit_keeps_the_continued_thread() {
    let sandbox = sandbox();
    let drawn = json(&sandbox, &["a star"]).await;
    let (code, ..) = draw(&sandbox, &["x", "--continue", "-i", ABSENT]).await;
    assert_eq!(code, Some(1));
    assert!(threads(&sandbox).await.starts_with(drawn["threadId"].as_str().expect("an id")));
}

#[tokio::test]
async fn approval_in_a_pipe_is_a_refusal() {
    let sandbox = Sandbox::with_config("model_provider = \"preview\"\napproval = \"always\"\n");
    for options in [&[][..], &["--size", "1024x1024"]] {
        let (code, stdout, stderr) = draw(&sandbox, &[&["a red star"], options].concat()).await;
        assert_eq!((code, stdout.as_str()), (Some(1), ""), "{stderr}");
        let last = stderr.lines().last().unwrap_or_default();
        assert!(last.contains("nobody can be asked here; run it on a terminal, or set approval. "), "{stderr}");
        assert!(!last.contains("requestApproval"), "{stderr}");
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn folder_that_is_not_utf8_is_refused_before_drawing() {
    use std::os::unix::ffi::OsStrExt;
    let sandbox = sandbox();
    let folder = sandbox.project().join(std::ffi::OsStr::from_bytes(b"\xff"));
    std::fs::create_dir(&folder).expect("a folder");
    let from_folder = sandbox.command(&["draw", "a star", "-o", "x.png"]).current_dir(&folder).output().await;
    let mut command = sandbox.command(&["draw", "a star", "-o"]);
    let into_folder = command.arg(folder.join("x.png")).output().await;
    for output in [from_folder, into_folder] {
        let output = output.expect("the program starts");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && stderr.contains(" is not UTF-8"), "{stderr}");
    }
    assert_eq!(threads(&sandbox).await, "");
}
