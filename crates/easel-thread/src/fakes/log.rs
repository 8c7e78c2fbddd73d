//! A log with one line per action, and gates that block an action until a test opens them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Shared>);

#[derive(Default)]
struct Shared {
    lines: Mutex<Vec<String>>,
    changed: Notify,
    gates: Mutex<HashMap<String, CancellationToken>>,
}

impl Log {
    pub(crate) fn add(&self, line: impl Into<String>) {
        self.0.lines.lock().unwrap().push(line.into());
        self.0.changed.notify_waiters();
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.lines.lock().unwrap().clone()
    }

    /// Returns whether a line starts with `start`.
    pub(crate) fn has(&self, start: &str) -> bool {
        self.position(start).is_some()
    }

    /// Returns the index of the first line that starts with `start`.
    pub(crate) fn position(&self, start: &str) -> Option<usize> {
        self.lines().iter().position(|line| line.starts_with(start))
    }

    pub(crate) fn count(&self, start: &str) -> usize {
        self.lines().iter().filter(|line| line.starts_with(start)).count()
    }

    /// Returns the rest of the first line that starts with `start`.
    pub(crate) fn rest(&self, start: &str) -> String {
        let rest = self.lines().iter().find_map(|line| line.strip_prefix(start).map(str::to_owned));
        rest.unwrap_or_else(|| panic!("no line {start:?} in {:#?}", self.lines()))
    }

    /// Waits for the first line that starts with `start`.
    pub(crate) async fn wait_for(&self, start: &str) {
        self.wait_for_count(start, 1).await;
    }

    pub(crate) async fn wait_for_count(&self, start: &str, count: usize) {
        loop {
            let changed = self.0.changed.notified();
            if self.count(start) >= count {
                return;
            }
            changed.await;
        }
    }

    /// Panics unless lines with these starts exist in this order.
    #[track_caller]
    pub(crate) fn assert_order(&self, starts: &[&str]) {
        let positions: Vec<_> = starts.iter().map(|start| self.position(start)).collect();
        assert!(
            positions.iter().all(Option::is_some) && positions.is_sorted(),
            "{starts:?} {positions:?} in {:#?}",
            self.lines()
        );
    }

    fn gate(&self, name: &str) -> CancellationToken {
        self.0.gates.lock().unwrap().entry(name.to_owned()).or_default().clone()
    }

    pub(crate) async fn wait_at(&self, gate: &str) {
        self.gate(gate).cancelled_owned().await;
    }

    pub(crate) fn open(&self, gate: &str) {
        self.gate(gate).cancel();
    }
}

/// Logs a line when it is dropped, unless it was disarmed.
pub(crate) struct LogOnDrop {
    log: Log,
    line: Option<String>,
}

impl LogOnDrop {
    pub(crate) fn new(log: &Log, line: String) -> Self {
        Self { log: log.clone(), line: Some(line) }
    }

    pub(crate) fn disarm(&mut self) {
        self.line = None;
    }
}

impl Drop for LogOnDrop {
    fn drop(&mut self) {
        if let Some(line) = self.line.take() {
            self.log.add(line);
        }
    }
}

/// Lets every task go on until it waits.
pub(crate) async fn run_pending_tasks() {
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
}
