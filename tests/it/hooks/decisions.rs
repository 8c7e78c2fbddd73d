//! What a hook decides.

use easel_protocol::item::ImageStatus;

use super::{IMAGES, assert_denied, cat, draw, sandbox, start, with_script};

#[tokio::test]
async fn hook_that_exits_with_0_allows_the_call() {
    for script in [
        "exit 0",
        "cat > /dev/null; echo fine",
        "echo '{\"hookSpecificOutput\": {\"hookEventName\": \"PreToolUse\", \"permissionDecision\": \"allow\"}}'",
    ] {
        let backend = cat();
        let sandbox = sandbox(&backend, script, "");
        let mut server = start(&sandbox).await;
        let (image, _) = draw(&mut server).await;
        assert_eq!(image.status, ImageStatus::Completed, "{script}: {:?}", image.error);
        assert_eq!(backend.requests_to(IMAGES).len(), 1);
        server.close().await;
    }
}

#[tokio::test]
async fn hook_that_denies_sends_and_journals_nothing() {
    for (script, reason) in [
        ("echo 'no cats' >&2; exit 1", "denied the call: no cats"),
        ("printf '\\033[31mno\\ncats\\000' >&2; exit 2", "denied the call: [31mno cats"),
        ("exit 7", "exited with code 7"),
        ("kill -9 $$", "killed by a signal"),
        ("echo '{\"decision\": \"block\", \"reason\": \"no dogs\"}'", "denied the call: no dogs"),
        ("echo '{\"decision\": '", "JSON that is not the output of a hook"),
        ("head -c 100000000 /dev/zero | tr '\\000' x >&2; exit 1", "denied the call: xxx"),
    ] {
        let backend = cat();
        let sandbox = sandbox(&backend, script, "");
        let mut server = start(&sandbox).await;
        let (image, events) = draw(&mut server).await;
        assert_denied(&image, &backend, &sandbox, reason);
        let model = backend.requests_to("/responses").last().expect("a request").json().to_string();
        assert!(model.contains("No image was made: the hook 1 of hooks.pre_tool_use"), "{model}");
        assert!(!events.is_empty());
        server.close().await;
    }
}

#[tokio::test]
async fn first_denial_decides_and_the_rest_do_not_run() {
    let backend = cat();
    let hook = |name: &str| format!("[[hooks.pre_tool_use]]\ncommand = [\"./hook\", \"{name}\"]\n");
    let codex = "[[hooks.PreToolUse]]\nmatcher = \"imagegen\"\n[[hooks.PreToolUse.hooks]]\ntype = \"command\"\n\
                 command = \"./hook three\"\n";
    let hooks = format!("{}{}{codex}", hook("one"), hook("two"));
    let sandbox = with_script(&backend, &hooks, "echo $1 >> runs; [ $1 != two ]");
    let mut server = start(&sandbox).await;
    let (image, _) = draw(&mut server).await;
    assert_denied(&image, &backend, &sandbox, "the hook 2 of hooks.pre_tool_use exited with code 1");
    assert_eq!(std::fs::read_to_string(sandbox.home().join("runs")).expect("the runs"), "one\ntwo\n");
    server.close().await;
}

#[tokio::test]
async fn hook_in_the_spelling_of_codex_denies() {
    let backend = cat();
    let hooks = "[[hooks.PreToolUse]]\n[[hooks.PreToolUse.hooks]]\ntype = \"command\"\ncommand = \"./hook 'a b'\"\n";
    let sandbox = with_script(&backend, hooks, "echo \"[$1] is not allowed\" >&2; exit 2");
    let mut server = start(&sandbox).await;
    let (image, _) = draw(&mut server).await;
    assert_denied(&image, &backend, &sandbox, "the hook 1 of hooks.PreToolUse denied the call: [a b] is not allowed");
    server.close().await;
}

#[tokio::test]
async fn output_of_later_hooks_reaches_neither_model_nor_client() {
    let backend = cat();
    let hooks = "[[hooks.post_tool_use]]\ncommand = [\"./hook\"]\n";
    let script = "cat > input; echo canary; echo '{\"decision\": \"block\"}'; echo canary >&2; exit 1";
    let sandbox = with_script(&backend, hooks, script);
    let mut server = start(&sandbox).await;
    let (image, _) = draw(&mut server).await;
    assert_eq!(image.status, ImageStatus::Completed);
    let input = std::fs::read_to_string(sandbox.home().join("input")).expect("the input");
    assert!(input.contains("\"hook_event_name\":\"PostToolUse\"") && input.contains(&image.images[0].path), "{input}");
    let sent = backend.requests().into_iter().map(|request| String::from_utf8_lossy(&request.body).into_owned());
    assert!(!sent.collect::<String>().contains("canary"));
    assert!(!server.transcript().iter().any(|(_, line)| line.contains("canary")));
    server.close().await;
}
