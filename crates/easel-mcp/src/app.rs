//! The client of the app-server: opens the connection, keeps the thread of this process, and makes calls.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use easel_client::{ClientError, Connection, Message, Messages};
use easel_protocol::event::Event;
use easel_protocol::handshake::{ClientCapabilities, ClientInfo, ImageResult, InitializeParams};
use easel_protocol::id::ThreadId;
use easel_protocol::method::{Initialize, PermissionsRequestApproval, ThreadNameSet, ThreadStart, ToolList};
use easel_protocol::thread::{ThreadSetNameParams, ThreadStartParams};
use easel_protocol::tool::{Tool, ToolExposure, ToolListParams};
use easel_rpc::Relay;
use parking_lot::Mutex;
use rmcp::model::Implementation;
use serde_json::{Map, Value};
use tokio::sync::{OnceCell, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::Options;
use crate::approval::Approvals;
use crate::call::{Call, Question};
use crate::requests::Requests;
use crate::resources::Reads;

/// Longest name of a client, in Unicode scalar values.
const MAX_NAME_CHARS: usize = 256;

/// Longest part of it in the name of a thread.
const MAX_THREAD_NAME_CHARS: usize = 150;

/// How long cancelled calls may take to end when the server stops.
const STOP_LIMIT: Duration = Duration::from_secs(2);

/// The client of the app-server, and what its calls share.
pub(crate) struct App {
    pub(crate) connection: Connection,
    pub(crate) options: Options,
    pub(crate) requests: Arc<Requests>,
    pub(crate) approvals: Approvals,
    pub(crate) reads: Reads,
    opened: OnceCell<String>,
    thread: OnceCell<ThreadId>,
    calls: Mutex<HashMap<String, Weak<Call>>>,
    /// Counts the changes of the tools.
    pub(crate) tool_changes: watch::Sender<u64>,
    pub(crate) tasks: TaskTracker,
    pub(crate) stop: CancellationToken,
}

/// Why a call could not begin.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error("the operating system returned no random bits")]
    Random(#[from] getrandom::Error),
}

impl App {
    pub(crate) fn new(connection: Connection, options: Options, requests: Arc<Requests>, relay: Relay) -> Self {
        Self {
            connection,
            options,
            requests,
            approvals: Approvals::default(),
            reads: Reads::new(relay),
            opened: OnceCell::new(),
            thread: OnceCell::new(),
            calls: Mutex::default(),
            tool_changes: watch::Sender::new(0),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
        }
    }

    /// Opens the connection to the app-server in the name of the host, unless it is open.
    ///
    /// # Errors
    /// If the app-server refuses the handshake.
    pub(crate) async fn open(&self, host: Option<Implementation>) -> Result<&str, ClientError> {
        let open = async {
            let name = host.as_ref().map_or("mcp", |host| host.name.as_str());
            let name: String = name.chars().filter(|char| !char.is_control()).take(MAX_NAME_CHARS).collect();
            let version = host.map_or_else(String::new, |host| host.version.chars().take(MAX_NAME_CHARS).collect());
            let client_info = ClientInfo { name: name.clone(), title: None, version };
            // What the host's user can be asked is known with each call.
            let capabilities = ClientCapabilities {
                request_permissions_approval: Some(true),
                // Results have their own pictures.
                image_result: Some(ImageResult::None),
                ..ClientCapabilities::default()
            };
            self.connection
                .request::<Initialize>(&InitializeParams { client_info, capabilities: Some(capabilities) })
                .await?;
            Ok(name)
        };
        self.opened.get_or_try_init(|| open).await.map(String::as_str)
    }

    /// Returns the image tool, offered or not. The connection is open.
    ///
    /// # Errors
    /// If the app-server cannot be asked.
    pub(crate) async fn tool(&self) -> Result<Option<Tool>, ClientError> {
        let tools = self.connection.request::<ToolList>(&ToolListParams::default()).await?;
        Ok(tools.data.into_iter().find(|tool| tool.kind == ToolExposure::Standalone))
    }

    /// Begins a call in the thread of this process, which the first call starts.
    ///
    /// # Errors
    /// If there is no thread.
    pub(crate) async fn start_call(&self, arguments: Map<String, Value>) -> Result<Arc<Call>, StartError> {
        let thread_id = self.thread.get_or_try_init(|| self.start_thread()).await?.clone();
        let id = random_id("mcp_")?;
        let (connection, stop) = (self.connection.clone(), self.stop.child_token());
        let (call, work) = Call::new(connection, thread_id, id, arguments, stop);
        let mut calls = self.calls.lock();
        calls.retain(|_, call| call.strong_count() > 0);
        calls.insert(call.id.clone(), Arc::downgrade(&call));
        drop(calls);
        // The call outlives requests that nobody waits for anymore.
        let kept = Arc::clone(&call);
        self.tasks.spawn(async move {
            work.await;
            drop(kept);
        });
        Ok(call)
    }

    async fn start_thread(&self) -> Result<ThreadId, ClientError> {
        let host = self.opened.get().map_or("mcp", String::as_str);
        let params = ThreadStartParams { cwd: Some(self.options.cwd.clone()), ..ThreadStartParams::default() };
        let thread = self.connection.request::<ThreadStart>(&params).await?.thread;
        let host: String = host.chars().take(MAX_THREAD_NAME_CHARS).collect();
        let name = format!("{host}, {}", jiff::Zoned::now().date());
        let params = ThreadSetNameParams { thread_id: thread.id.clone(), name };
        if let Err(error) = self.connection.request::<ThreadNameSet>(&params).await {
            tracing::warn!(%error, "the thread has no name");
        }
        Ok(thread.id)
    }

    /// Passes a question of the app-server to its call. Without one it is denied.
    fn route(&self, question: Question) {
        let call = self.calls.lock().get(question.params.item_id.as_str()).and_then(Weak::upgrade);
        if let Some(call) = call {
            call.ask(question);
        }
    }

    /// Cancels the calls, and waits until the app-server knows.
    pub(crate) async fn stop(&self) {
        self.stop.cancel();
        self.tasks.close();
        if tokio::time::timeout(STOP_LIMIT, self.tasks.wait()).await.is_err() {
            tracing::warn!("calls did not end in time");
        }
    }
}

/// Returns `prefix` and 128 random bits.
pub(crate) fn random_id(prefix: &str) -> Result<String, getrandom::Error> {
    let mut bits = [0; 16];
    getrandom::fill(&mut bits)?;
    Ok(format!("{prefix}{}", hex::encode(bits)))
}

/// Reads what the app-server sends on its own, until it ends.
pub(crate) async fn read_messages(app: Arc<App>, mut messages: Messages) {
    loop {
        match messages.next().await {
            Ok(Some(Message::Event(event))) => {
                if matches!(*event, Event::ToolListUpdated(_)) {
                    app.tool_changes.send_modify(|changes| *changes += 1);
                }
            }
            Ok(Some(Message::Request(request))) => match request.params::<PermissionsRequestApproval>() {
                Ok(Some(params)) => app.route(Question { params, request }),
                // Dropping the request refuses it.
                Ok(None) => {}
                Err(error) => tracing::warn!(%error, "a question cannot be read"),
            },
            Ok(None) => return,
            Err(error) => return tracing::error!(%error, "the connection to the app-server failed"),
        }
    }
}
