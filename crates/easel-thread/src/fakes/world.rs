//! One process with its threads, on fakes.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use easel_imagegen::capability::AuthKind;
use easel_imagegen::history::PictureBudget;
use easel_imagegen::port::{ProviderInfo, StoredThread};
use easel_protocol::event::{Event, TokenUsage};
use easel_protocol::input::{ImageDetail, UserInput};
use easel_protocol::thread::{HistoryMode, SessionSource, Thread, ThreadStatus};

use super::images::capabilities;
use super::log::Log;
use super::provider::FakeProvider;
use super::render;
use super::store::{FakeStore, Faults};
use crate::Audience;
use crate::actor::ThreadRules;
use crate::registry::{ThreadHandle, Threads};
use crate::rules::Rules;
use crate::slot::TurnPermit;
use crate::start::{StartRefused, StartTurn};
use crate::telling::Answered;

pub(crate) struct World {
    pub(crate) log: Log,
    pub(crate) rules: ThreadRules,
    pub(crate) faults: Faults,
    pub(crate) bills: bool,
    pub(crate) slow_audience: bool,
    /// Telling an event whose line starts so panics.
    pub(crate) deaf_to: Option<&'static str>,
    pub(crate) threads: Threads<FakeProvider>,
}

#[derive(Clone)]
struct FakeAudience {
    log: Log,
    slow: bool,
    deaf_to: Option<&'static str>,
}

impl Audience for FakeAudience {
    async fn publish(&self, thread_id: &str, event: Event) {
        let line = render::event(&event);
        assert!(!self.deaf_to.is_some_and(|start| line.starts_with(start)), "the audience panics");
        if self.slow {
            self.log.add(format!("offer {line}"));
            self.log.pass(&format!("listen {line}")).await;
        }
        self.log.add(format!("tell {thread_id} {line}"));
    }
}

impl World {
    pub(crate) fn new() -> Self {
        let rules = ThreadRules {
            image_generation: true,
            imagegenext: true,
            instructions: "Draw.".to_owned(),
            detail: ImageDetail::High,
            parallel_calls: 4,
            call_deadline: Duration::from_secs(600),
            max_images: 16,
            partial_images: 0,
            budget: PictureBudget { images: 8, bytes: 1_000_000 },
            reference_roots: Vec::new(),
            event_delay: Duration::from_millis(20),
        };
        let (log, faults, threads) = (Log::default(), Faults::default(), Threads::default());
        Self { log, rules, faults, bills: true, slow_audience: false, deaf_to: None, threads }
    }

    pub(crate) fn hosted() -> Self {
        let mut world = Self::new();
        world.rules.imagegenext = false;
        world
    }

    fn store(&self) -> FakeStore {
        FakeStore { log: self.log.clone(), faults: self.faults.clone() }
    }

    pub(crate) fn load(&self, thread_id: &str, answers: &[&'static str]) -> Arc<ThreadHandle<FakeProvider>> {
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
        let answers = Mutex::new(answers.iter().copied().collect());
        let provider = Arc::new(FakeProvider {
            info,
            log: self.log.clone(),
            answers,
            auth: Mutex::new(AuthKind::None),
            info_panics: Mutex::default(),
        });
        let audience = FakeAudience { log: self.log.clone(), slow: self.slow_audience, deaf_to: self.deaf_to };
        self.threads.insert(thread_id, Rules::new(0, Arc::new(self.rules.clone())), provider);
        self.threads.start(stored(thread_id), self.store(), audience).expect("it is loaded")
    }

    pub(crate) async fn start(&self, handle: &Arc<ThreadHandle<FakeProvider>>, turn_id: &str) {
        self.start_answered(handle, turn_id, Box::pin(std::future::ready(()))).await;
    }

    pub(crate) async fn start_answered(
        &self,
        handle: &Arc<ThreadHandle<FakeProvider>>,
        turn_id: &str,
        answered: Answered,
    ) {
        self.try_start(handle, turn_id, answered).await.expect("the turn starts");
    }

    pub(crate) async fn try_start(
        &self,
        handle: &Arc<ThreadHandle<FakeProvider>>,
        turn_id: &str,
        answered: Answered,
    ) -> Result<(), StartRefused> {
        self.start_with(handle, handle.slot.begin(turn_id).expect("no turn runs"), answered).await
    }

    pub(crate) async fn start_with(
        &self,
        handle: &Arc<ThreadHandle<FakeProvider>>,
        permit: TurnPermit,
        answered: Answered,
    ) -> Result<(), StartRefused> {
        let start = StartTurn {
            message_id: format!("user_{}", permit.turn_id()).into(),
            permit,
            originator: "tests".to_owned(),
            client_id: None,
            content: vec![UserInput::Text { text: "Draw".into(), text_elements: Vec::new() }],
            attachments: Vec::new(),
            settings: None,
            model: "model".to_owned(),
            roots: vec!["/project".into()],
            output_schema: None,
            answered,
        };
        handle.start(self.store(), start).await
    }

    /// Plays one turn that is answered at once, to its last event.
    pub(crate) async fn turn(&self, answers: &[&'static str]) {
        let handle = self.load("thread", answers);
        self.start(&handle, "turn").await;
        self.end().await;
    }

    /// Waits for the last event of the turn, and looks at what must hold whatever happened.
    pub(crate) async fn end(&self) {
        self.log.until("tell thread turn/completed").await;
        self.check();
    }

    fn check(&self) {
        let lines = self.log.lines();
        let mut written = HashMap::<&str, i32>::new();
        let (mut reserved, mut settled) = (HashSet::new(), HashSet::new());
        for line in &lines {
            let second = line.split(' ').nth(1).unwrap_or_default();
            if let Some(event) = line.strip_prefix("write ") {
                *written.entry(event).or_default() += 1;
            } else if let Some(event) = line.strip_prefix("tell thread ").filter(|_| self.faults.append.is_none()) {
                let count = written.entry(event).or_default();
                *count -= 1;
                assert!(*count >= 0, "told before it was written: {event} in {lines:#?}");
            } else if line.starts_with("reserve ") {
                assert!(reserved.insert(second), "{second} is reserved twice");
            } else if line.starts_with("make ") {
                assert!(reserved.contains(second), "{second} is sent without a row in the journal");
            } else if line.starts_with("settle ") {
                // A call of the hosted tool is made although it was not journalled.
                let made = reserved.contains(second) || self.faults.reserve;
                assert!(made && settled.insert(second), "{second} is settled wrongly");
            }
        }
        assert!(reserved.is_subset(&settled), "a row of the journal is left open: {lines:#?}");
    }
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
        item_ids: HashSet::new(),
        usage: TokenUsage::default(),
    }
}
