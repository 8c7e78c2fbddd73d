//! The threads of `easel draw`, and which one `--continue` finds.

use super::{draw, json, sandbox};

#[tokio::test]
async fn thread_of_a_call_has_the_prompt_as_title() {
    let sandbox = sandbox();
    json(&sandbox, &["a red\nstar", "--size", "1024x1024"]).await;
    let (code, _, stderr) = draw(&sandbox, &["a cat", "--quality", "high"]).await;
    assert_eq!(code, Some(1), "the preview has no quality: {stderr}");
    json(&sandbox, &["make it blue", "--size", "1024x1024", "--continue"]).await;
    let list = String::from_utf8(sandbox.run(&["threads"]).await.stdout).expect("text");
    let mut titles: Vec<&str> = list.lines().filter_map(|line| line.rsplit("  ").next()).collect();
    titles.sort_unstable();
    assert_eq!(titles, ["a cat", "a red star"], "{list}");
}

#[tokio::test]
async fn continued_thread_is_found_behind_many_without_image() {
    let sandbox = sandbox();
    let drawn = json(&sandbox, &["a star"]).await;
    let mut server = sandbox.start_server().await;
    for _ in 0..60 {
        server.start_thread().await;
    }
    server.close().await;
    let continued = json(&sandbox, &["make it blue", "--continue"]).await;
    assert_eq!(continued["threadId"], drawn["threadId"], "{continued}");
}
