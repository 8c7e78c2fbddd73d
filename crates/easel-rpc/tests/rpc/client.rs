//! A client over two pipes, its server in the same process.

use std::io::{self, BufRead, BufReader, PipeReader, PipeWriter, Write, pipe};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use easel_rpc::{Limits, LineReader, Outbox, Session, Sink, Table, serve};
use serde_json::Value;
use tokio::runtime::Runtime;
use tokio_util::task::TaskTracker;

use crate::server::{Cx, table};

/// Only a test that would otherwise hang for ever runs into it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// The output pipe, asked before each write in place. Where it cannot be asked, it is never ready.
struct Polled(PipeWriter);

impl Write for Polled {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Sink for Polled {
    #[cfg(unix)]
    fn is_ready(&self) -> bool {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        let mut fds = [PollFd::new(&self.0, PollFlags::OUT)];
        poll(&mut fds, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).unwrap() == 1
    }

    #[cfg(not(unix))]
    fn is_ready(&self) -> bool {
        false
    }
}

/// The server's side, and the raw ends of the pipes.
pub(crate) struct Raw {
    pub(crate) runtime: Runtime,
    pub(crate) session: Session,
    pub(crate) cx: Cx,
    pub(crate) to_server: PipeWriter,
    pub(crate) from_server: PipeReader,
}

impl Raw {
    /// A sink that cannot tell whether it is ready: all output passes through the writer thread.
    pub(crate) fn start(limits: Limits) -> Self {
        Self::over(limits, Outbox::start)
    }

    /// A sink that can, as standard output can: the reader thread writes short answers itself.
    pub(crate) fn start_direct(limits: Limits) -> Self {
        Self::over(limits, |output, bytes| Outbox::start_with_sink(Polled(output), bytes))
    }

    fn over(limits: Limits, outbox: impl FnOnce(PipeWriter, usize) -> io::Result<Outbox>) -> Self {
        Self::with_table(Arc::new(table(limits)), limits, outbox)
    }

    /// One of several connections to a server.
    pub(crate) fn with_table(
        table: Arc<Table<Cx>>,
        limits: Limits,
        outbox: impl FnOnce(PipeWriter, usize) -> io::Result<Outbox>,
    ) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let (input, to_server) = pipe().unwrap();
        let (from_server, output) = pipe().unwrap();
        let outbox = outbox(output, limits.outbox_bytes).unwrap();
        let cx = Cx {
            outbox: outbox.clone(),
            tasks: TaskTracker::new(),
            gate: Arc::new(tokio::sync::Semaphore::new(0)),
            log: Arc::default(),
        };
        let session = runtime
            .block_on(async {
                #[cfg(unix)]
                let probe = easel_rpc::HangUpProbe::from(std::fs::File::from(std::os::fd::OwnedFd::from(
                    input.try_clone().unwrap(),
                )));
                let lines = LineReader::new(input, limits.max_line_bytes);
                #[cfg(unix)]
                let lines = lines.with_probe(probe);
                serve(table, cx.clone(), lines, outbox, limits)
            })
            .unwrap();
        Self { runtime, session, cx, to_server, from_server }
    }
}

/// A client that always reads. Its drop fails on lines that no test asked for.
pub(crate) struct Client {
    pub(crate) runtime: Runtime,
    pub(crate) session: Option<Session>,
    pub(crate) cx: Cx,
    to_server: Option<PipeWriter>,
    lines: Receiver<String>,
}

impl Client {
    /// Connected, nothing sent yet.
    pub(crate) fn new(limits: Limits) -> Self {
        let Raw { runtime, session, cx, to_server, from_server } = Raw::start_direct(limits);
        let (sender, lines) = sync_channel(100_000);
        std::thread::spawn(move || {
            for line in BufReader::new(from_server).lines() {
                if sender.send(line.unwrap()).is_err() {
                    return;
                }
            }
        });
        Self { runtime, session: Some(session), cx, to_server: Some(to_server), lines }
    }

    /// Connected and initialized.
    pub(crate) fn ready(limits: Limits) -> Self {
        let mut client = Self::new(limits);
        client.send(r#"{"id":"init","method":"initialize","params":{}}"#);
        assert_eq!(client.line(), r#"{"id":"init","result":{"codexHome":"/"}}"#);
        client
    }

    pub(crate) fn send(&mut self, line: &str) {
        self.send_bytes(line.as_bytes());
    }

    pub(crate) fn send_bytes(&mut self, line: &[u8]) {
        let to_server = self.to_server.as_mut().unwrap();
        to_server.write_all(line).unwrap();
        to_server.write_all(b"\n").unwrap();
    }

    /// Sends without newline and ends the input.
    pub(crate) fn send_last(&mut self, bytes: &[u8]) {
        self.to_server.take().unwrap().write_all(bytes).unwrap();
    }

    /// The next line as it came.
    pub(crate) fn line(&mut self) -> String {
        self.lines.recv_timeout(PATIENCE).expect("a line from the server")
    }

    pub(crate) fn message(&mut self) -> Value {
        serde_json::from_str(&self.line()).unwrap()
    }

    /// Sends a line and returns the answer.
    pub(crate) fn ask(&mut self, line: &str) -> String {
        self.send(line);
        self.line()
    }

    /// The server still serves, and nothing else is on its way.
    pub(crate) fn assert_alive(&mut self) {
        assert_eq!(
            self.ask(r#"{"id":"alive","method":"test/echo","params":{"a":1}}"#),
            r#"{"id":"alive","result":{"a":1}}"#
        );
    }

    /// Ends the input, drains and finishes; returns what was still to come.
    pub(crate) fn end(&mut self) -> Vec<String> {
        self.to_server = None;
        let session = self.session.take().unwrap();
        self.runtime.block_on(async {
            session.ended().await;
            session.drain(PATIENCE).await;
            self.cx.tasks.close();
            self.cx.tasks.wait().await;
            assert!(session.finish(PATIENCE).await, "the rest is flushed");
        });
        let mut rest = Vec::new();
        while let Ok(line) = self.lines.recv_timeout(PATIENCE) {
            rest.push(line);
        }
        rest
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        if self.session.is_some() && !std::thread::panicking() {
            assert_eq!(self.end(), Vec::<String>::new(), "unclaimed lines");
        }
    }
}
