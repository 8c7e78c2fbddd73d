//! A table of threads on fakes, and checks that apply to every test.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use easel_imagegen::approval::ApprovalPolicy;
use easel_imagegen::capability::AuthKind;
use easel_imagegen::history::ImageBudget;
use easel_imagegen::hooks::Hooks;
use easel_imagegen::model_copy::Pictures;
use easel_imagegen::port::{ProviderInfo, Reasoning, StoredThread};
use easel_imagegen::spending::Policy;
use easel_protocol::event::{Event, TokenUsage};
use easel_protocol::input::{ImageDetail, UserInput};
use easel_protocol::thread::{HistoryMode, SessionSource, Thread, ThreadStatus};

use super::approver::FakeApprover;
use super::hooks::FakeHooks;
use super::images::capabilities;
use super::log::Log;
use super::provider::FakeProvider;
use super::render;
use super::store::{EarlierTurns, FakeStore, Faults};
use crate::{
    EventSink, LiveConfig, ResponseSent, StartError, ThreadConfig, ThreadHandle, Threads, TurnContent, TurnMessage,
    TurnPermit, TurnRequest,
};

/// Threads with a common log. The fields are set before a thread is loaded.
pub(crate) struct Fixture {
    pub(crate) log: Log,
    pub(crate) config: ThreadConfig,
    pub(crate) faults: Faults,
    pub(crate) earlier: EarlierTurns,
    /// Whether the provider bills.
    pub(crate) bills: bool,
    /// The sink waits at the gate `receive EVENT` for each event.
    pub(crate) slow_sink: bool,
    /// Sending an event whose line starts with this panics.
    pub(crate) panics_on: Option<&'static str>,
    pub(crate) threads: Threads<FakeProvider>,
    pub(crate) hooks: FakeHooks,
    pub(crate) approver: FakeApprover,
}

#[derive(Clone)]
struct FakeSink {
    log: Log,
    is_slow: bool,
    panics_on: Option<&'static str>,
}

impl EventSink for FakeSink {
    async fn publish(&self, thread_id: &str, event: Event) {
        let line = render::event(&event);
        assert!(!self.panics_on.is_some_and(|start| line.starts_with(start)), "the sink panics");
        if self.is_slow {
            self.log.add(format!("publish {line}"));
            self.log.wait_at(&format!("receive {line}")).await;
        }
        self.log.add(format!("send {thread_id} {line}"));
    }
}

impl Fixture {
    pub(crate) fn new() -> Self {
        let config = ThreadConfig {
            image_generation: true,
            imagegenext: true,
            image_provider: None,
            instructions: "Draw.".to_owned(),
            reasoning: Reasoning::default(),
            closing_answer: true,
            detail: ImageDetail::High,
            parallel_calls: 4,
            call_deadline: Duration::from_secs(600),
            retry_uncertain: false,
            max_images: 16,
            spending: Policy::default(),
            partial_images: 0,
            keep_unmasked: false,
            budget: ImageBudget { images: 8, bytes: 1_000_000 },
            pictures: Pictures::Copy,
            context_tokens: 100_000,
            reference_roots: Vec::new(),
            hooks: Hooks::default(),
            approval: ApprovalPolicy::default(),
            approval_timeout: Duration::from_secs(60),
            event_delay: Duration::from_millis(20),
        };
        let (log, faults, earlier) = (Log::default(), Faults::default(), EarlierTurns::default());
        let (threads, hooks) = (Threads::default(), FakeHooks { log: log.clone() });
        let approver = FakeApprover { log: log.clone(), can_ask: true };
        Self { log, config, faults, earlier, bills: true, slow_sink: false, panics_on: None, threads, hooks, approver }
    }

    /// A fixture whose turns offer the hosted tool.
    pub(crate) fn hosted() -> Self {
        let mut fixture = Self::new();
        fixture.config.imagegenext = false;
        fixture
    }

    pub(crate) fn store(&self) -> FakeStore {
        FakeStore { log: self.log.clone(), faults: self.faults.clone(), earlier: self.earlier.clone() }
    }

    /// Loads a thread whose model sends these responses, see [`FakeProvider`].
    pub(crate) fn load(&self, thread_id: &str, responses: &[&'static str]) -> Arc<ThreadHandle<FakeProvider>> {
        let mut capabilities = capabilities();
        capabilities.image_auth = [AuthKind::None].into();
        capabilities.bills = self.bills;
        let info = ProviderInfo {
            id: "fake".to_owned(),
            name: "Fake".to_owned(),
            base_url: None,
            models: Vec::new(),
            image_model: "pencil".to_owned(),
            synthetic: false,
            capabilities,
        };
        let responses = Mutex::new(responses.iter().copied().collect());
        let provider = Arc::new(FakeProvider {
            info,
            log: self.log.clone(),
            responses,
            auth: Mutex::new(AuthKind::None),
            info_panics: Mutex::default(),
        });
        let sink = FakeSink { log: self.log.clone(), is_slow: self.slow_sink, panics_on: self.panics_on };
        self.threads.insert(thread_id, LiveConfig::new(0, Arc::new(self.config.clone())), provider);
        self.threads.start_actor(stored(thread_id), self.store(), sink).expect("it is loaded")
    }

    /// Starts a turn whose `turn/start` is answered at once.
    pub(crate) async fn start(&self, handle: &Arc<ThreadHandle<FakeProvider>>, turn_id: &str) {
        self.start_with_response(handle, turn_id, Box::pin(std::future::ready(()))).await;
    }

    /// Starts a turn whose events wait for `response_sent`.
    pub(crate) async fn start_with_response(
        &self,
        handle: &Arc<ThreadHandle<FakeProvider>>,
        turn_id: &str,
        response_sent: ResponseSent,
    ) {
        self.try_start(handle, turn_id, response_sent).await.expect("the turn starts");
    }

    pub(crate) async fn try_start(
        &self,
        handle: &Arc<ThreadHandle<FakeProvider>>,
        turn_id: &str,
        response_sent: ResponseSent,
    ) -> Result<(), StartError> {
        self.start_with(handle, handle.slot.begin(turn_id).expect("no turn runs"), response_sent).await
    }

    /// Starts a turn with a permit that was taken before.
    pub(crate) async fn start_with(
        &self,
        handle: &Arc<ThreadHandle<FakeProvider>>,
        permit: TurnPermit,
        response_sent: ResponseSent,
    ) -> Result<(), StartError> {
        let message = TurnMessage {
            id: format!("user_{}", permit.turn_id()).into(),
            client_id: None,
            content: vec![UserInput::Text { text: "Draw".into(), text_elements: Vec::new() }],
            attachments: Vec::new(),
        };
        let request = TurnRequest {
            content: TurnContent::Message(message),
            permit,
            originator: "tests".to_owned(),
            settings: None,
            model: "model".to_owned(),
            reasoning: Reasoning::default(),
            closing_answer: None,
            roots: vec!["/project".into()],
            output_schema: None,
            cwd: "/project".to_owned(),
            hook_runner: Arc::new(self.hooks.clone()),
            approver: Arc::new(self.approver.clone()),
            response_sent,
        };
        handle.start_turn(self.store(), request).await
    }

    /// Runs one turn to its last event.
    pub(crate) async fn run_turn(&self, responses: &[&'static str]) {
        let handle = self.load("thread", responses);
        self.start(&handle, "turn").await;
        self.wait_for_end().await;
    }

    /// Waits for the last event of the turn, and checks what applies to every turn.
    pub(crate) async fn wait_for_end(&self) {
        self.log.wait_for("send thread turn/completed").await;
        self.check();
    }

    fn check(&self) {
        let lines = self.log.lines();
        let mut written = HashMap::<String, i32>::new();
        let (mut reserved, mut settled) = (HashSet::new(), HashSet::new());
        for line in &lines {
            let call = line.split(' ').nth(1).unwrap_or_default();
            if let Some(event) = line.strip_prefix("write ") {
                *written.entry(event.to_owned()).or_default() += 1;
            } else if let Some(event) = line.strip_prefix("send thread ").filter(|_| self.faults.append.is_none()) {
                let Some(event) = without_image_lines(event) else { continue };
                let count = written.entry(event).or_default();
                *count -= 1;
                assert!(*count >= 0, "sent before it was written: {line} in {lines:#?}");
            } else if line.starts_with("reserve ") {
                assert!(reserved.insert(call), "{call} is reserved twice");
            } else if line.starts_with("make ") {
                assert!(reserved.contains(call), "{call} is sent without a journal row");
            } else if line.starts_with("settle ") {
                // A hosted call runs even if it was not journaled.
                let has_run = reserved.contains(call) || self.faults.reserve;
                assert!(has_run && settled.insert(call), "{call} is settled twice or was never reserved");
            }
        }
        assert!(reserved.is_subset(&settled), "a journal row is left open: {lines:#?}");
    }
}

/// Returns a sent event as it is stored, without the lines that describe its images; `None` if it is nothing but a
/// line.
fn without_image_lines(event: &str) -> Option<String> {
    let mut stored = event.to_owned();
    while let Some(start) = stored.find(", \"Image img_") {
        let end = stored[start + 3..].find('"').map_or(stored.len(), |end| start + 3 + end + 1);
        stored.replace_range(start..end, "");
    }
    (!stored.starts_with("raw developer \"Image img_")).then_some(stored)
}

fn stored(thread_id: &str) -> StoredThread {
    let thread = Thread {
        id: thread_id.into(),
        session_id: thread_id.into(),
        forked_from_id: None,
        preview: String::new(),
        ephemeral: false,
        model_provider: "fake".to_owned(),
        model: None,
        reasoning_effort: None,
        reasoning_summary: None,
        created_at: 0,
        updated_at: 0,
        status: ThreadStatus::Idle {},
        path: None,
        cwd: "/project".to_owned(),
        cli_version: String::new(),
        originator: None,
        source: SessionSource::AppServer,
        name: None,
        project_id: None,
        git_info: None,
        history_mode: HistoryMode::Paginated,
        turns: Vec::new(),
    };
    StoredThread {
        thread,
        overrides: serde_json::Map::new(),
        history: Vec::new(),
        images: Vec::new(),
        usage: TokenUsage::default(),
        counted_tokens: None,
    }
}
