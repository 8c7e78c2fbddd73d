//! The limit of open files of a process.

use std::path::Path;

use easel_protocol::event::Event;
use easel_protocol::thread::ThreadStartParams;
use tokio::process::Command;

use crate::harness::events::{as_image, completed_items};
use crate::harness::{STANDALONE, Sandbox, Server, text};

/// Returns the command of a server with a limit on open files, which `sh` sets.
fn limited_command(sandbox: &Sandbox, limit: &str) -> Command {
    let server = sandbox.server_command(STANDALONE);
    let server = server.as_std();
    let mut command = Command::new("/bin/sh");
    command.args(["-c", &format!("ulimit {limit} && exec \"$0\" \"$@\"")]);
    command.arg(server.get_program()).args(server.get_args()).current_dir(sandbox.project()).env_clear();
    command.envs(server.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command
}

#[tokio::test]
async fn ephemeral_threads_use_few_file_handles() {
    let sandbox = Sandbox::new();
    let mut server = Server::spawn(limited_command(&sandbox, "-n 256"));
    server.initialize(None).await;
    let ephemeral = ThreadStartParams { ephemeral: Some(true), ..ThreadStartParams::default() };
    let mut threads = Vec::new();
    for _ in 0..300 {
        threads.push(server.start_thread_with(ephemeral.clone()).await.id);
    }
    let drawing_threads = &threads[292..];
    for thread_id in drawing_threads {
        server.start_turn(thread_id, vec![text("draw a red square")]).await;
    }
    let mut events = Vec::new();
    for _ in drawing_threads {
        events.extend(server.events_until_turn_end().await);
    }
    let images: Vec<_> = completed_items(&events).into_iter().filter_map(as_image).collect();
    assert_eq!(images.len(), drawing_threads.len());
    for image in images {
        let path = image.saved_path.as_ref().unwrap_or_else(|| panic!("{image:#?}"));
        assert!(Path::new(path).exists());
    }
    let ends = events.iter().filter(|event| matches!(event, Event::TurnCompleted(_))).count();
    assert_eq!(ends, drawing_threads.len());
    server.close().await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn open_file_limit_is_raised_to_the_maximum() {
    let sandbox = Sandbox::new();
    let mut server = Server::spawn(limited_command(&sandbox, "-S -n 64"));
    server.initialize(None).await;
    let pid = server.client.pid().expect("a running server");
    let limits = std::fs::read_to_string(format!("/proc/{pid}/limits")).expect("the limits");
    let files = limits.lines().find(|line| line.starts_with("Max open files")).expect("a line");
    let values: Vec<&str> = files.split_whitespace().skip(3).take(2).collect();
    assert_eq!(values[0], values[1], "{files}");
    assert_ne!(values[0], "64");
    server.close().await;
}
