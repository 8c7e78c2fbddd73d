//! What people see who start a command on a terminal.

use crate::harness::terminal::Terminal;
use crate::harness::{Sandbox, read_file};

#[tokio::test]
async fn server_on_a_terminal_says_what_it_waits_for() {
    let sandbox = Sandbox::new();
    let mut terminal = Terminal::start(sandbox.command(&["app-server"]), 80);
    terminal.wait_for("Try `easel draw PROMPT`").await;
    terminal.type_text("\u{4}").await;
    let (status, _) = terminal.finish().await;
    assert_eq!(status.code(), Some(0));
}

#[tokio::test]
async fn interrupted_login_leaves_the_terminal_as_it_was() {
    let sandbox = Sandbox::new();
    let mut terminal = Terminal::start(sandbox.command(&["login", "--with-api-key"]), 80);
    terminal.wait_for("API key").await;
    terminal.wait_until_echo_is_off().await;
    terminal.type_text("sk-canary\u{3}").await;
    terminal.wait_for("no key was stored").await;
    assert!(terminal.shows_what_is_typed());
    let (status, text) = terminal.finish().await;
    assert_eq!(status.code(), Some(130), "{text}");
    assert!(!text.contains("canary") && !sandbox.home().join("auth.json").exists(), "{text}");
}

#[tokio::test]
async fn login_on_a_terminal_hides_the_key() {
    let sandbox = Sandbox::new();
    let mut terminal = Terminal::start(sandbox.command(&["login", "--with-api-key"]), 80);
    terminal.wait_for("API key").await;
    terminal.wait_until_echo_is_off().await;
    terminal.type_text("sk-canary-0123456789\r").await;
    let (status, text) = terminal.finish().await;
    assert_eq!(status.code(), Some(0), "{text}");
    assert!(text.contains("The key is stored") && !text.contains("sk-canary"), "{text}");
    let stored = String::from_utf8(read_file(sandbox.home().join("auth.json"))).expect("text");
    assert!(stored.contains("sk-canary-0123456789"));
}
