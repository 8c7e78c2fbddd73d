//! A connection to a server that may die at any moment.

use std::sync::{Arc, Mutex, PoisonError};

use easel_client::{Client, ClientError, Direction};
use easel_protocol::event::Event;
use easel_protocol::handshake::{ClientInfo, InitializeParams};
use easel_protocol::input::UserInput;
use easel_protocol::method::{Initialize, Method, TurnStart};
use rustix::process::{Pid, Signal};

use super::tracer::{TraceOptions, Tracer};
use crate::harness::{Sandbox, turn_start_params};

/// The server died before it did what was requested.
#[derive(Debug)]
pub(super) struct Died;

/// A connection to a traced server.
pub(super) struct Session {
    client: Client,
    lines: Arc<Mutex<Vec<(Direction, String)>>>,
}

impl Session {
    /// Starts a server in the sandbox under the tracer.
    pub(super) fn start(tracer: &Tracer, sandbox: &Sandbox, arguments: &[&str], options: TraceOptions) -> Self {
        let lines = Arc::<Mutex<Vec<(Direction, String)>>>::default();
        let log = Arc::clone(&lines);
        let mut command = tracer.command(sandbox, options, arguments);
        command.env("MOCK_KEY", "sk-mock");
        let tap = Box::new(move |direction, line: &str| {
            log.lock().unwrap_or_else(PoisonError::into_inner).push((direction, line.to_owned()));
        });
        Self { client: Client::spawn(command, tap).expect("the tracer starts"), lines }
    }

    /// Makes the tracer count from now on.
    pub(super) fn start_counting(&self) {
        let pid = self.client.pid().and_then(|pid| Pid::from_raw(pid.cast_signed())).expect("the tracer runs");
        rustix::process::kill_process(pid, Signal::USR1).expect("a signal to a child");
    }

    pub(super) async fn initialize(&mut self) -> Result<(), Died> {
        let client_info = ClientInfo { name: "easel_tests".to_owned(), title: None, version: "1.0.0".to_owned() };
        self.request::<Initialize>(&InitializeParams { client_info, capabilities: None }).await.map(drop)
    }

    /// Sends a request that succeeds if the server lives.
    pub(super) async fn request<M: Method>(&mut self, params: &M::Params) -> Result<M::Response, Died> {
        match self.client.request::<M>(params).await {
            Ok(response) => Ok(response),
            Err(ClientError::Closed | ClientError::Io(_)) => Err(Died),
            Err(error @ (ClientError::Refused { .. } | ClientError::TooLong { .. } | ClientError::Protocol(_))) => {
                panic!("{}: {error}", M::NAME)
            }
        }
    }

    /// Reads events up to the first that matches.
    pub(super) async fn await_event(&mut self, fits: impl Fn(&Event) -> bool) -> Result<(), Died> {
        loop {
            match self.client.next_event().await {
                Ok(Some(event)) if fits(&event) => return Ok(()),
                Ok(Some(_)) => {}
                Ok(None) | Err(ClientError::Closed | ClientError::Io(_)) => return Err(Died),
                Err(error @ (ClientError::Refused { .. } | ClientError::TooLong { .. } | ClientError::Protocol(_))) => {
                    panic!("an event: {error}")
                }
            }
        }
    }

    pub(super) async fn await_turn_end(&mut self) -> Result<(), Died> {
        self.await_event(|event| matches!(event, Event::TurnCompleted(_))).await
    }

    pub(super) async fn run_turn(&mut self, thread_id: &str, input: Vec<UserInput>) -> Result<(), Died> {
        self.request::<TurnStart>(&turn_start_params(thread_id, input)).await?;
        self.await_turn_end().await
    }

    /// Closes the input and waits for the end of the process. Returns its exit code, and all lines in both directions.
    pub(super) async fn end(self) -> (i32, Vec<(Direction, String)>) {
        let (status, _) = self.client.close().await.expect("the tracer ends");
        let lines = std::mem::take(&mut *self.lines.lock().unwrap_or_else(PoisonError::into_inner));
        (status.code().unwrap_or_else(|| panic!("the tracer has died: {status}")), lines)
    }
}
