//! A pseudo-terminal: the bar, the pictures and the question.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::process::Command;

use super::{decode, sandbox};
use crate::harness::terminal::Terminal;
use crate::harness::{STANDALONE, Sandbox, read_file};
use crate::http::previews::{Provider, preview_png};
use crate::http::provider_config;

/// A command that draws on a terminal of this kind.
fn command(sandbox: &Sandbox, variables: &[(&str, &str)]) -> Command {
    let mut command = sandbox.command(&["draw", "a red star"]);
    command.envs(variables.iter().copied());
    command
}

/// Draws on a terminal. Returns what it shows, and the path of the image.
async fn show(variables: &[(&str, &str)], columns: u16) -> (String, std::path::PathBuf, Sandbox) {
    let sandbox = sandbox();
    let (status, text) = Terminal::start(command(&sandbox, variables), columns).finish().await;
    assert_eq!(status.code(), Some(0), "{text}");
    let path = text.lines().find(|line| line.contains("generated_images")).expect("a path").trim_end();
    let path = path.rsplit('\r').next().expect("a path").to_owned();
    (text, path.into(), sandbox)
}

/// The lines of a picture of half blocks, without their colors.
fn blocks(text: &str) -> Vec<usize> {
    let lines = text.lines().filter(|line| line.contains('▀'));
    lines.map(|line| line.chars().filter(|c| matches!(c, '▀' | '▄')).count()).collect()
}

#[tokio::test]
async fn picture_of_half_blocks_fits_the_columns() {
    for (columns, width) in [(60, 60), (200, 60), (40, 40)] {
        let (text, path, _sandbox) = show(&[("TERM", "xterm-256color")], columns).await;
        let lines = blocks(&text);
        assert!(lines.len() == width / 2 && lines.iter().all(|line| *line == width), "{columns}: {lines:?}");
        decode(&path);
    }
}

#[tokio::test]
async fn bar_shows_phase_and_time() {
    let (text, _, _sandbox) = show(&[("TERM", "xterm-256color")], 80).await;
    assert!(text.contains("asking the model") && text.contains("0s"), "{text}");
}

#[tokio::test]
async fn no_color_shows_no_colors() {
    let (text, path, _sandbox) = show(&[("TERM", "xterm-256color"), ("NO_COLOR", "1")], 60).await;
    assert!(blocks(&text).is_empty() && !text.contains("\u{1b}[38") && !text.contains("\u{1b}[3"), "{text}");
    decode(&path);
}

#[tokio::test]
async fn no_color_shows_pictures_only_on_request() {
    for term in ["xterm-kitty", "foot"] {
        let (text, path, _sandbox) = show(&[("TERM", term), ("NO_COLOR", "1")], 60).await;
        assert!(!text.contains("\u{1b}_G") && !text.contains("\u{1b}P"), "{text}");
        decode(&path);
    }
    for (option, start) in [(["--previews", "1"], "\u{1b}_G"), (["--inline", "sixel"], "\u{1b}P0;1q")] {
        let sandbox = sandbox();
        let mut command = command(&sandbox, &[("TERM", "xterm-kitty"), ("NO_COLOR", "1")]);
        command.args(option);
        let (_, text) = Terminal::start(command, 60).finish().await;
        assert!(text.contains(start), "{option:?}: {text}");
    }
}

#[tokio::test]
async fn previews_are_shown_before_the_image() {
    let Provider { provider, continue_tx, .. } = &Provider::open(STANDALONE);
    let sandbox = Sandbox::with_config(&provider_config(&provider.base_url()));
    let mut command = command(&sandbox, &[("TERM", "xterm-256color"), ("TERM_PROGRAM", "iTerm.app")]);
    command.args(["--previews", "2"]).env("MOCK_KEY", "sk-mock");
    let mut terminal = Terminal::start(command, 60);
    for index in [0, 1] {
        terminal.wait_for(&STANDARD.encode(preview_png(index))).await;
        continue_tx.send(()).expect("the provider waits");
    }
    let (status, text) = terminal.finish().await;
    assert_eq!((status.code(), text.matches("\u{1b}]1337;File=").count()), (Some(0), 3), "{text}");
}

#[tokio::test]
async fn kitty_gets_the_pixels() {
    let (text, _, _sandbox) = show(&[("TERM", "xterm-kitty")], 60).await;
    let mut pixels = String::new();
    for sequence in text.split("\u{1b}_G").skip(1) {
        let (control, rest) = sequence.split_once(';').expect("control data");
        assert!(pixels.is_empty() == control.contains("a=T,f=32,s=600,v=600,c=60"), "{control}");
        pixels += rest.split("\u{1b}\\").next().expect("a chunk");
    }
    assert_eq!(STANDARD.decode(pixels).expect("base64").len(), 600 * 600 * 4);
}

#[tokio::test]
async fn iterm_gets_the_file() {
    let (text, path, _sandbox) = show(&[("TERM", "xterm-256color"), ("TERM_PROGRAM", "iTerm.app")], 60).await;
    let (_, rest) = text.split_once("\u{1b}]1337;File=").expect("an inline image");
    let (_, rest) = rest.split_once(':').expect("the data");
    let (encoded, _) = rest.split_once('\u{7}').expect("the end");
    assert_eq!(STANDARD.decode(encoded).expect("base64"), read_file(path));
}

#[tokio::test]
async fn sixel_terminal_gets_sixels() {
    let (text, _, _sandbox) = show(&[("TERM", "foot")], 60).await;
    assert!(text.contains("\u{1b}P0;1q\"1;1;600;600#0;2;"), "a picture of 600 by 600");
}

#[tokio::test]
async fn approval_is_asked_on_the_terminal() {
    for (answer, code) in [("y\r", Some(0)), ("\r", Some(1))] {
        let sandbox = Sandbox::with_config("model_provider = \"preview\"\napproval = \"always\"\n");
        let mut terminal = Terminal::start(command(&sandbox, &[("TERM", "dumb")]), 100);
        terminal.wait_for("which bills nothing? Prompt: \"a red star\" Make it? [y/N]").await;
        terminal.type_text(answer).await;
        let (status, text) = terminal.finish().await;
        assert_eq!(status.code(), code, "{text}");
    }
}
