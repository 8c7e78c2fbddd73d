//! A pseudo-terminal with a program on it.

use std::process::ExitStatus;
use std::time::Duration;

use pty_process::{Pty, Size};
use rustix::termios::{LocalModes, tcgetattr};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

/// How long a test waits for text on the terminal.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A program that runs on a pseudo-terminal, and what it has written to it.
pub(crate) struct Terminal {
    pty: Pty,
    child: Child,
    written: Vec<u8>,
}

impl Terminal {
    /// Starts the program on a terminal with this number of columns.
    pub(crate) fn start(command: Command, columns: u16) -> Self {
        let (pty, pts) = pty_process::open().expect("a pseudo-terminal");
        pty.resize(Size::new(50, columns)).expect("a size");
        let child = pty_process::Command::from(command).spawn(pts).expect("the program starts");
        Self { pty, child, written: Vec::new() }
    }

    /// Waits until the program has written a text.
    pub(crate) async fn wait_for(&mut self, text: &str) {
        let wait = async {
            while !self.text().contains(text) {
                assert!(self.read().await, "`{text}` was awaited, not the end of: {}", self.text());
            }
        };
        let waited = tokio::time::timeout(TIMEOUT, wait).await.is_ok();
        assert!(waited, "`{text}` was awaited in: {}", self.text());
    }

    /// Returns whether the terminal shows what is typed.
    pub(crate) fn shows_what_is_typed(&self) -> bool {
        tcgetattr(&self.pty).is_ok_and(|modes| modes.local_modes.contains(LocalModes::ECHO))
    }

    /// Waits until the terminal no longer shows what is typed.
    pub(crate) async fn wait_until_echo_is_off(&self) {
        let wait = async {
            while self.shows_what_is_typed() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(TIMEOUT, wait).await.expect("the program turns the echo off");
    }

    /// Types a text.
    pub(crate) async fn type_text(&mut self, text: &str) {
        self.pty.write_all(text.as_bytes()).await.expect("the terminal takes input");
    }

    /// Waits for the end of the program. Returns its exit status and everything that it has written.
    pub(crate) async fn finish(mut self) -> (ExitStatus, String) {
        let end = async {
            while self.read().await {}
            self.child.wait().await.expect("the program ends")
        };
        let status = tokio::time::timeout(TIMEOUT, end).await.expect("the program ends in time");
        (status, self.text())
    }

    /// What the program has written, without the sequence that clears the line of a bar.
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.written).replace("\r\u{1b}[2K", "\r")
    }

    /// Reads what the program writes next. Returns false at the end.
    async fn read(&mut self) -> bool {
        // Linux reports the end of a pseudo-terminal as an error.
        match self.pty.read_buf(&mut self.written).await {
            Ok(0) | Err(_) => false,
            Ok(_) => true,
        }
    }
}
