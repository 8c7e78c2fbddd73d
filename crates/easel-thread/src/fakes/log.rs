//! What happened, one line each, in order; and gates, which hold things up until a test opens them.

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

    /// Whether a line starts with this.
    pub(crate) fn has(&self, start: &str) -> bool {
        self.position(start).is_some()
    }

    /// The place of the first line that starts with this.
    pub(crate) fn position(&self, start: &str) -> Option<usize> {
        self.lines().iter().position(|line| line.starts_with(start))
    }

    pub(crate) fn count(&self, start: &str) -> usize {
        self.lines().iter().filter(|line| line.starts_with(start)).count()
    }

    /// The rest of the first line that starts with this.
    pub(crate) fn rest(&self, start: &str) -> String {
        let rest = self.lines().iter().find_map(|line| line.strip_prefix(start).map(str::to_owned));
        rest.unwrap_or_else(|| panic!("no line {start:?} in {:#?}", self.lines()))
    }

    /// Waits for the first line that starts with this.
    pub(crate) async fn until(&self, start: &str) {
        self.until_count(start, 1).await;
    }

    pub(crate) async fn until_count(&self, start: &str, count: usize) {
        loop {
            let changed = self.0.changed.notified();
            if self.count(start) >= count {
                return;
            }
            changed.await;
        }
    }

    /// Fails unless the lines that start so come in this order.
    #[track_caller]
    pub(crate) fn assert_order(&self, starts: &[&str]) {
        let places: Vec<_> = starts.iter().map(|start| self.position(start)).collect();
        assert!(
            places.iter().all(Option::is_some) && places.is_sorted(),
            "{starts:?} {places:?} in {:#?}",
            self.lines()
        );
    }

    fn gate(&self, name: &str) -> CancellationToken {
        self.0.gates.lock().unwrap().entry(name.to_owned()).or_default().clone()
    }

    pub(crate) async fn pass(&self, gate: &str) {
        self.gate(gate).cancelled_owned().await;
    }

    pub(crate) fn open(&self, gate: &str) {
        self.gate(gate).cancel();
    }
}

/// Tells the log when something is given up before its end.
pub(crate) struct Dropped {
    log: Log,
    line: Option<String>,
}

impl Dropped {
    pub(crate) fn new(log: &Log, line: String) -> Self {
        Self { log: log.clone(), line: Some(line) }
    }

    pub(crate) fn ended(&mut self) {
        self.line = None;
    }
}

impl Drop for Dropped {
    fn drop(&mut self) {
        if let Some(line) = self.line.take() {
            self.log.add(line);
        }
    }
}

/// Lets every task go on until it waits.
pub(crate) async fn settle() {
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
}
