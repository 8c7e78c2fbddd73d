//! What a hook reads.

use easel_imagegen::hooks::MAX_INPUT_BYTES;
use easel_protocol::item::ImageStatus;
use serde_json::{Value, json};

use super::{cat, draw, provider, sandbox, start, with_script};
use crate::harness::{STANDALONE, Server, text};

#[tokio::test]
async fn hook_reads_the_call_and_no_secret() {
    let backend = cat();
    let sandbox = sandbox(&backend, "cat > input; env > env.txt; pwd > folder; echo $1 > arguments", "");
    let mut command = sandbox.server_command(STANDALONE);
    command.env("PATH", "/usr/bin:/bin").env("OPENAI_API_KEY", "sk-canary-1").env("AWS_SECRET_ACCESS_KEY", "canary-2");
    let mut server = Server::spawn(command);
    server.initialize(None).await;
    let thread = server.start_thread().await;
    let turn = server.start_turn(&thread.id, vec![text("draw a cat")]).await;
    let events = server.events_until_turn_end().await;
    let image = crate::harness::events::completed_image(&events);
    assert_eq!(image.status, ImageStatus::Completed, "{:?}", image.error);
    let read = |name: &str| std::fs::read_to_string(sandbox.home().join(name)).expect("a file of the hook");
    let input: Value = serde_json::from_str(&read("input")).expect("one JSON object");
    let expected = json!({
        "session_id": thread.id, "turn_id": turn.id, "transcript_path": null, "cwd": thread.cwd,
        "hook_event_name": "PreToolUse", "model": thread.model, "permission_mode": "default",
        "tool_name": "image_gen.imagegen", "tool_use_id": image.id,
        "tool_input": {
            "action": "generate", "prompt": "a cat", "images": [], "images_omitted": 0, "mask": null, "size": null,
            "quality": null, "background": null, "output_format": null, "n": 1,
        },
        "provider": "mock", "image_model": "gpt-image-2",
    });
    assert_eq!(input, expected);
    assert_eq!(read("arguments"), "argument\n");
    assert_eq!(read("folder").trim(), dunce::canonicalize(sandbox.home()).expect("a home").to_string_lossy());
    assert!(!read("env.txt").contains("canary"), "{}", read("env.txt"));
    server.close().await;
}

#[tokio::test]
async fn input_of_a_huge_prompt_with_an_image_is_short() {
    let data_url = format!("data:image/png;base64,{}", "QUJD".repeat(4_000));
    for prompt in [format!("a cat like {data_url} but red"), "\u{1}\u{2}\"".repeat(10_000), "ü".repeat(32_000)] {
        let backend = provider(json!({ "prompt": prompt }));
        let sandbox = sandbox(&backend, "cat > input", "");
        let mut server = start(&sandbox).await;
        let (image, _) = draw(&mut server).await;
        assert_eq!(image.status, ImageStatus::Completed, "{:?}", image.error);
        let input = std::fs::read(sandbox.home().join("input")).expect("the input");
        assert!(input.len() <= MAX_INPUT_BYTES, "{}", input.len());
        let input: Value = serde_json::from_slice(&input).expect("one JSON object");
        let shown = input["tool_input"]["prompt"].as_str().expect("a prompt");
        assert!(!shown.contains("QUJD") && !shown.contains("base64"), "{shown}");
        if prompt.starts_with("a cat") {
            assert_eq!(shown, format!("a cat like [data URL of {} bytes] but red", data_url.len()));
        }
        server.close().await;
    }
}

#[tokio::test]
async fn hook_need_not_read_its_input() {
    let backend = provider(json!({ "prompt": "a cat ".repeat(5_000) }));
    let sandbox = with_script(&backend, "[[hooks.pre_tool_use]]\ncommand = [\"./hook\"]\n", "exec < /dev/null; exit 0");
    let mut server = start(&sandbox).await;
    let (image, _) = draw(&mut server).await;
    assert_eq!(image.status, ImageStatus::Completed, "{:?}", image.error);
    server.close().await;
}
