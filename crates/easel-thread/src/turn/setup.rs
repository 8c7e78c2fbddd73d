//! What a turn starts with.

use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use easel_imagegen::port::{Approver, HookRunner, Provider, Reasoning, Store};
use easel_protocol::id::ThreadId;
use easel_protocol::tool::ToolExposure;
use serde_json::Value;
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use super::{CallContext, EventGate, HostedCalls, OpenItems, Questions, ResponseSent, RunningCalls, TurnRunner};
use crate::config::{ConfigWatcher, LiveConfig, OfferedTool, ThreadConfig, TurnGate};
use crate::conversation::Conversation;
use crate::event_sink::EventSink;
use crate::slot::TurnPermit;

/// Maximum number of previews that wait to be sent; further ones are dropped.
const MAX_QUEUED_PREVIEWS: usize = 16;

/// The parameters of a turn.
pub(crate) struct TurnSetup {
    pub(crate) permit: TurnPermit,
    pub(crate) exposure: ToolExposure,
    /// Number of previews of each image.
    pub(crate) partial_images: u32,
    pub(crate) config: Arc<ThreadConfig>,
    pub(crate) config_watcher: ConfigWatcher,
    /// Name of the client that started the turn; empty if unknown.
    pub(crate) originator: String,
    pub(crate) model: String,
    pub(crate) reasoning: Reasoning,
    /// Folders from which the model may read files, besides those of the configuration.
    pub(crate) roots: Vec<PathBuf>,
    pub(crate) output_schema: Option<Value>,
    /// The working folder of the thread, which hooks read.
    pub(crate) cwd: String,
    pub(crate) hook_runner: Arc<dyn HookRunner>,
    pub(crate) approver: Arc<dyn Approver>,
    /// Resolves once the response to `turn/start` is sent.
    pub(crate) response_sent: ResponseSent,
    /// Time between that response and the first event.
    pub(crate) event_delay: Duration,
}

impl<'a, S: Store, P: Provider, E: EventSink> TurnRunner<'a, S, P, E> {
    /// Creates the runner of a turn. The turn follows `live_config` where that becomes stricter than the configuration
    /// in `setup`.
    pub(crate) fn new(
        setup: TurnSetup,
        thread_id: &ThreadId,
        (store, provider, sink): (S, Arc<P>, E),
        live_config: LiveConfig,
        conversation: &'a mut Conversation,
    ) -> Self {
        let config = setup.config;
        let (previews_sender, previews) = mpsc::channel(MAX_QUEUED_PREVIEWS);
        let (approval_notices, questions) = Questions::new();
        let tool = OfferedTool::new(setup.exposure, &*provider);
        let context = CallContext {
            store,
            provider,
            thread_id: thread_id.clone(),
            turn_id: setup.permit.turn_id().clone(),
            originator: setup.originator,
            roots: [setup.roots.as_slice(), &config.reference_roots].concat(),
            permits: Semaphore::new(config.parallel_calls.clamp(1, Semaphore::MAX_PERMITS)),
            deadline: config.call_deadline,
            retry_uncertain: config.retry_uncertain,
            partial_images: setup.partial_images,
            keep_unmasked: config.keep_unmasked,
            previews: previews_sender,
            cancel: CancellationToken::new(),
            gate: TurnGate::new(live_config, tool, config.spending.limits),
            cwd: setup.cwd,
            model: setup.model.clone(),
            hooks: config.hooks.clone(),
            hook_runner: setup.hook_runner,
            approval: config.approval,
            approval_timeout: config.approval_timeout,
            approver: setup.approver,
            approval_notices,
        };
        Self {
            context: Arc::new(context),
            conversation,
            events: EventGate::new(sink, thread_id.clone(), setup.response_sent, setup.event_delay),
            interrupt: setup.permit.interrupt().clone(),
            config_watcher: setup.config_watcher,
            model: setup.model,
            reasoning: setup.reasoning,
            instructions: config.instructions.clone(),
            output_schema: setup.output_schema,
            budget: config.budget,
            pictures: config.pictures,
            calls: RunningCalls::default(),
            hosted: HostedCalls::new(),
            hosted_request: None,
            model_request_id: None,
            previews,
            host_call_arrival: setup.permit.host_call_arrival(),
            questions,
            shown_previews: HashMap::new(),
            open_items: OpenItems::default(),
            pending_effects: VecDeque::new(),
            current_report: None,
            has_write_failed: false,
            permit: Some(setup.permit),
        }
    }
}
