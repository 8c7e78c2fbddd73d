//! A server for one client in the same process. The client speaks the same JSON-RPC, over two pipes in memory, so a
//! command that draws images has the order of events, the limits, the cancellations and the approvals of any client.

use std::error::Error;
use std::future::ready;
use std::io;
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use easel_client::{Connection, Messages};
use easel_config::{Config, Environment, Invocation};
use easel_rpc::{Limits, LineReader, Outbox, Session, Signals};
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::time::Instant;
use tokio_util::io::SyncIoBridge;
use tokio_util::sync::CancellationToken;

use crate::commands::Interrupted;
use crate::connections::{Client, SlowClientPolicy};
use crate::process::logging::{self, Logging};
use crate::requests::ConnectionContext;
use crate::server::{Server, Setup, block_on};

/// Bytes that each pipe holds before its writer waits.
const PIPE_BYTES: usize = 64 * 1024;

/// The client of a server in this process, before `initialize`.
#[cfg_attr(not(feature = "acp"), expect(dead_code, reason = "for the agent of editors only"))]
pub(crate) struct Local {
    pub(crate) connection: Connection,
    pub(crate) messages: Messages,
    /// Cancelled by the first signal. The second one ends the face.
    pub(crate) stopping: CancellationToken,
    /// Begins with the signal, with the end of the face, or when the face says so.
    pub(crate) grace: GracePeriod,
    server: Arc<Server>,
    /// The protocol that the client translates.
    face: Option<&'static str>,
    sessions: Arc<Mutex<Vec<Session>>>,
}

/// The time that a face and its server have together to shut down.
#[derive(Debug, Clone)]
pub(crate) struct GracePeriod {
    length: Duration,
    end: Arc<OnceLock<Instant>>,
}

impl GracePeriod {
    fn new(length: Duration) -> Self {
        Self { length, end: Arc::default() }
    }

    /// Returns the end of the grace period, which begins with the first call.
    pub(crate) fn end(&self) -> Instant {
        *self.end.get_or_init(|| Instant::now() + self.length)
    }

    /// Returns what is left of the grace period.
    fn left(&self) -> Duration {
        self.end().saturating_duration_since(Instant::now())
    }
}

impl Local {
    /// Returns the configuration.
    pub(crate) fn config(&self) -> Arc<Config> {
        self.server.app.handshake.configuration.config()
    }

    /// Returns the limits of a connection.
    #[cfg_attr(not(any(feature = "acp", feature = "mcp")), expect(dead_code, reason = "for translated protocols only"))]
    pub(crate) fn limits(&self) -> Limits {
        self.server.limits
    }

    /// Opens another connection, before its `initialize`. A task that reads messages can wait for its responses.
    ///
    /// # Errors
    /// If a thread cannot be started.
    #[cfg_attr(not(feature = "acp"), expect(dead_code, reason = "for the agent of editors only"))]
    pub(crate) fn connect(&self) -> io::Result<(Connection, Messages)> {
        let (session, connection, messages) = self.server.connect_local(self.face)?;
        self.sessions.lock().push(session);
        Ok((connection, messages))
    }
}

/// Starts a server, runs `face`, a command that is a client of it, and shuts the server down as at the end of a
/// connection: running turns are interrupted, and what they have is stored.
///
/// # Errors
/// The error of `face`, or if the server cannot be started.
pub(crate) fn run<T>(
    environment: &Environment,
    invocation: Invocation,
    face: impl AsyncFnOnce(Local) -> Result<T, Box<dyn Error>>,
) -> Result<T, Box<dyn Error>> {
    run_as(None, environment, invocation, face)
}

/// Runs `face` like [`run`], for a client that translates the protocol `name`.
///
/// # Errors
/// Those of [`run`].
pub(crate) fn run_as<T>(
    name: Option<&'static str>,
    environment: &Environment,
    invocation: Invocation,
    face: impl AsyncFnOnce(Local) -> Result<T, Box<dyn Error>>,
) -> Result<T, Box<dyn Error>> {
    let filter = if name.is_some() { logging::SERVER_FILTER } else { logging::COMMAND_FILTER };
    let _logging = Logging::start(environment, filter);
    let setup = Setup::load(environment, invocation)?;
    block_on(async {
        let mut signals = Signals::install()?;
        let server = Arc::new(Server::new(environment, setup)?);
        let stopping = CancellationToken::new();
        let grace = GracePeriod::new(server.grace);
        let (session, connection, messages) = server.connect_local(name)?;
        let sessions = Arc::new(Mutex::new(vec![session]));
        let result = {
            let local = Local {
                connection,
                messages,
                stopping: stopping.clone(),
                grace: grace.clone(),
                server: Arc::clone(&server),
                face: name,
                sessions: Arc::clone(&sessions),
            };
            let mut face = pin!(face(local));
            tokio::select! {
                result = &mut face => result,
                () = signals.next() => {
                    let _ = grace.end();
                    stopping.cancel();
                    tokio::select! {
                        result = face => result,
                        () = signals.next() => Err(Interrupted("interrupted".to_owned()).into()),
                    }
                }
            }
        };
        let sessions = std::mem::take(&mut *sessions.lock());
        server.stop(ready(sessions), signals, grace.left()).await;
        result
    })
}

impl Server {
    /// Serves a client over pipes in memory.
    fn connect_local(&self, face: Option<&'static str>) -> io::Result<(Session, Connection, Messages)> {
        let limits = self.limits;
        let runtime = Handle::current();
        // One stream for each direction, since dropping either end of it must end this direction only.
        let (requests, input) = tokio::io::duplex(PIPE_BYTES);
        let (output, responses) = tokio::io::duplex(PIPE_BYTES);
        let outbox = Outbox::start(SyncIoBridge::new_with_handle(output, runtime.clone()), limits.outbox_bytes)?;
        let client = Arc::new(Client::of_face(outbox.clone(), SlowClientPolicy::Wait, face));
        let context = ConnectionContext::new(Arc::clone(&self.app), client, limits.max_in_flight);
        let lines = LineReader::new(SyncIoBridge::new_with_handle(input, runtime), limits.max_line_bytes);
        let session = easel_rpc::serve(Arc::clone(&self.table), context, lines, outbox, limits)?;
        let (connection, messages) = easel_client::connect(requests, responses, limits.max_line_bytes);
        Ok((session, connection, messages))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use easel_client::{ClientError, Message};
    use easel_protocol::event::Event;
    use easel_protocol::handshake::{ClientInfo, InitializeParams};
    use easel_protocol::input::UserInput;
    use easel_protocol::item::ThreadItem;
    use easel_protocol::method::{Initialize, ThreadList, ThreadRead, ThreadStart, TurnStart};
    use easel_protocol::thread::{ThreadListParams, ThreadReadParams, ThreadStartParams};
    use easel_protocol::turn::{TurnStartParams, TurnStatus};

    use super::*;

    fn environment(home: &Path) -> Environment {
        let variables = BTreeMap::from([("EASEL_HOME".into(), home.into())]);
        Environment { variables, cwd: home.to_owned(), ..Environment::default() }
    }

    async fn start_turn(connection: &Connection, invocation: &str) -> Result<(), ClientError> {
        let client_info = ClientInfo { name: "test".to_owned(), title: None, version: "1".to_owned() };
        connection.request::<Initialize>(&InitializeParams { client_info, capabilities: None }).await?;
        let thread = connection.request::<ThreadStart>(&ThreadStartParams::default()).await?.thread;
        let input = vec![UserInput::Text { text: invocation.into(), text_elements: Vec::new() }];
        let turn = TurnStartParams { thread_id: thread.id, input, ..TurnStartParams::default() };
        connection.request::<TurnStart>(&turn).await?;
        Ok(())
    }

    #[test]
    fn grace_period_begins_once() {
        let grace = GracePeriod::new(Duration::from_secs(60));
        assert_eq!(grace.clone().end(), grace.end());
        assert!(grace.left() <= Duration::from_secs(60));
    }

    #[test]
    fn client_in_the_process_gets_the_events_of_a_turn() {
        let home = tempfile::tempdir().unwrap();
        let path = run(&environment(home.path()), Invocation::default(), async |local: Local| {
            let Local { connection, mut messages, .. } = local;
            start_turn(&connection, "a red square").await?;
            let mut saved_path = None;
            while let Some(Message::Event(event)) = messages.next().await? {
                if let Event::ItemCompleted(done) = &*event
                    && let ThreadItem::ImageGeneration(item) = &done.item
                {
                    saved_path.clone_from(&item.saved_path);
                }
                if matches!(&*event, Event::TurnCompleted(_)) {
                    return Ok(saved_path);
                }
            }
            Ok(None)
        });
        assert!(Path::new(&path.unwrap().unwrap()).exists());
    }

    #[test]
    fn turn_is_interrupted_when_its_face_returns() {
        let home = tempfile::tempdir().unwrap();
        let slow = Invocation {
            overrides: ["model_provider=\"slow\"", "model_providers.slow={preset=\"preview\",delay_ms=600000}"]
                .map(str::to_owned)
                .to_vec(),
            ..Invocation::default()
        };
        let started = run(&environment(home.path()), slow, async |local: Local| {
            start_turn(&local.connection, "a red square").await?;
            assert!(!local.stopping.is_cancelled());
            Ok(())
        });
        started.unwrap();
        let status = run(&environment(home.path()), Invocation::default(), async |local: Local| {
            let client_info = ClientInfo { name: "test".to_owned(), title: None, version: "1".to_owned() };
            local.connection.request::<Initialize>(&InitializeParams { client_info, capabilities: None }).await?;
            let threads = local.connection.request::<ThreadList>(&ThreadListParams::default()).await?.data;
            let read = ThreadReadParams { thread_id: threads[0].id.clone(), include_turns: Some(true) };
            let thread = local.connection.request::<ThreadRead>(&read).await?.thread;
            Ok(thread.turns[0].status)
        });
        assert_eq!(status.unwrap(), TurnStatus::Interrupted);
    }
}
