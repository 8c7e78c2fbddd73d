//! What the process does when it is killed.

use easel_picture::Picture;
use easel_protocol::configuration::{ConfigValueWriteParams, MergeStrategy};
use easel_protocol::event::Event;
use easel_protocol::id::ThreadId;
use easel_protocol::image::{
    ExportSet, ImageCompositeParams, ImageDeleteParams, ImageExportParams, ImageExportSetParams,
};
use easel_protocol::input::UserInput;
use easel_protocol::method::{
    ConfigValueWrite, ImageComposite, ImageDelete, ImageExport, ImageExportSet, ThreadCompactStart, ThreadDelete,
    ThreadFork, ThreadResume, ThreadStart, ToolCall,
};
use easel_protocol::record::ImageRecord;
use easel_protocol::thread::{ThreadCompactStartParams, ThreadDeleteParams, ThreadStartParams};
use easel_protocol::tool::{ToolArguments, ToolCallParams};
use easel_testkit::http::MockServer;
use easel_testkit::image::{BLUE, data_url, solid_png};
use serde_json::{Value, json};

use super::points::IMAGE_NAMED;
use super::provider::{count_billable, start_provider};
use super::session::{Died, Session};
use super::tracer::{Kill, Trace, TraceOptions, Tracer};
use crate::harness::events::completed_image;
use crate::harness::{HOSTED, STANDALONE, Sandbox, Server, local_image, text};
use crate::http::{provider_config, start_server_with_key};
use crate::threads::forks::{fork, fork_params};
use crate::threads::resume_params;

/// What the process does when it is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scenario {
    /// The first start in a new home, and a turn with an image.
    FirstStart,
    Draw,
    Edit,
    ParallelCalls,
    HostedTool,
    /// A call of a client that runs its own model loop.
    ToolCall,
    /// A call with a mask whose protected pixels are put back.
    Preserve,
    /// The composite of an edit that was made before.
    Composite,
    /// A turn with a data URL and a local image.
    Attachments,
    Fork,
    /// The deletion of a thread with two images. A fork uses the first.
    DeleteThread,
    DeleteImage,
    Compaction,
    Export,
    /// A set of two pictures that are made from an image.
    ExportSet,
    ConfigWrite,
    /// A start after a kill during three calls.
    Recovery,
}

/// A home before the scenario, and its provider. Each run gets a copy of it.
pub(super) struct Template {
    pub(super) sandbox: Sandbox,
    /// The arguments of the server.
    arguments: Vec<String>,
    pub(super) provider: MockServer,
    pub(super) thread_id: ThreadId,
    /// The images of the thread, in order.
    pub(super) images: Vec<ImageRecord>,
    /// Billable requests whose turn the scenario closes.
    pub(super) open_requests: usize,
}

/// The id that a client gives to its call, and so the id of the call's item.
pub(super) const CALL_ID: &str = "toolu_1";

/// A key that the scenario of the configuration changes, and its values before and after.
pub(super) const CHANGED_KEY: (&str, &str, &str) = ("model", "gpt-5.5", "gpt-5.5-mini");

impl Scenario {
    fn tool(self) -> &'static [&'static str] {
        if self == Self::HostedTool { HOSTED } else { STANDALONE }
    }

    /// Whether the start of the process belongs to the scenario.
    pub(super) fn counts_start(self) -> bool {
        matches!(self, Self::FirstStart | Self::Recovery)
    }

    /// The most requests for images that a run sends.
    pub(super) fn max_requests(self) -> usize {
        match self {
            Self::FirstStart | Self::Draw | Self::Edit | Self::HostedTool | Self::ToolCall | Self::Preserve => 1,
            Self::ParallelCalls => 3,
            Self::Composite
            | Self::Attachments
            | Self::Fork
            | Self::DeleteThread
            | Self::DeleteImage
            | Self::Compaction
            | Self::Export
            | Self::ExportSet
            | Self::ConfigWrite
            | Self::Recovery => 0,
        }
    }

    /// The call of a client that the scenario makes. After a crash the client sends it again.
    pub(super) fn tool_call(self, template: &Template, thread_id: &str) -> Option<ToolCallParams> {
        match self {
            Self::ToolCall => Some(tool_call_params(thread_id, json!({ "prompt": "a square" }))),
            Self::Preserve => Some(template.edit_params(thread_id, /*preserve*/ true)),
            Self::FirstStart
            | Self::Draw
            | Self::Edit
            | Self::ParallelCalls
            | Self::HostedTool
            | Self::Composite
            | Self::Attachments
            | Self::Fork
            | Self::DeleteThread
            | Self::DeleteImage
            | Self::Compaction
            | Self::Export
            | Self::ExportSet
            | Self::ConfigWrite
            | Self::Recovery => None,
        }
    }

    /// Prepares the home of the scenario.
    pub(super) async fn prepare(self, tracer: &Tracer) -> Template {
        let provider = start_provider();
        let (key, value, _) = CHANGED_KEY;
        let config = format!(
            "{key} = \"{value}\"\nmodel_context_tokens = 100000\nwire.turn_event_delay_ms = 0\n{}",
            provider_config(&provider.base_url())
        );
        let is_first_start = self == Self::FirstStart;
        let mut template = Template {
            sandbox: if is_first_start { Sandbox::new() } else { Sandbox::with_config(&config) },
            arguments: self.tool().iter().map(|argument| (*argument).to_owned()).collect(),
            provider,
            thread_id: ThreadId::from("none"),
            images: Vec::new(),
            open_requests: 0,
        };
        if is_first_start {
            // The home does not exist yet.
            let settings = provider_settings(&template.provider.base_url()).into_iter();
            template.arguments.extend(settings.flat_map(|setting| ["-c".to_owned(), setting]));
            return template;
        }
        let mut server = start_server_with_key(&template.sandbox, self.tool()).await;
        // The model may read the mask, which is in the folder of the thread.
        let cwd = Some(template.sandbox.project().display().to_string());
        template.thread_id =
            server.start_thread_with(ThreadStartParams { cwd, ..ThreadStartParams::default() }).await.id;
        let turns = if self == Self::Compaction { 5 } else { 0 };
        for turn in 0..turns {
            server.run_turn(&template.thread_id, vec![text(&format!("describe {turn}"))]).await;
        }
        template.draw(&mut server).await;
        if matches!(self, Self::Preserve | Self::Composite) {
            template.sandbox.write_file("mask.png", &mask());
        }
        if self == Self::Composite {
            let params = template.edit_params(&template.thread_id, /*preserve*/ false);
            template.images.extend(server.request::<ToolCall>(&params).await.images);
            server.events_until_turn_end().await;
        }
        if self == Self::DeleteThread {
            fork(&mut server, &fork_params(&template.thread_id)).await;
            template.draw(&mut server).await;
        }
        server.close().await;
        if self == Self::Recovery {
            template.kill_parallel_calls(tracer).await;
        }
        template
    }

    /// Does what the scenario is about, until the process ends.
    pub(super) async fn run(self, session: &mut Session, template: &Template, sandbox: &Sandbox) -> Result<(), Died> {
        session.initialize().await?;
        let thread_id = if self == Self::FirstStart {
            session.request::<ThreadStart>(&ThreadStartParams::default()).await?.thread.id
        } else {
            template.thread_id.clone()
        };
        if !matches!(self, Self::FirstStart | Self::DeleteThread) {
            session.request::<ThreadResume>(&resume_params(&thread_id)).await?;
        }
        if !self.counts_start() {
            session.start_counting();
        }
        match self {
            Self::FirstStart | Self::Draw | Self::HostedTool => {
                session.run_turn(&thread_id, vec![text("draw a")]).await
            }
            Self::Edit => session.run_turn(&thread_id, vec![text("edit it")]).await,
            Self::ParallelCalls => session.run_turn(&thread_id, vec![text("three images")]).await,
            Self::ToolCall | Self::Preserve => {
                let params = self.tool_call(template, &thread_id).expect("a call");
                session.request::<ToolCall>(&params).await?;
                session.await_turn_end().await
            }
            Self::Composite => {
                let image_id = template.images[1].id.clone();
                let params = ImageCompositeParams { image_id, ..ImageCompositeParams::default() };
                session.request::<ImageComposite>(&params).await.map(drop)
            }
            Self::Attachments => session.run_turn(&thread_id, attachments(sandbox)).await,
            Self::Fork => {
                session.request::<ThreadFork>(&fork_params(&thread_id)).await?;
                session.await_event(|event| matches!(event, Event::ThreadStarted(_))).await
            }
            Self::DeleteThread => session.request::<ThreadDelete>(&ThreadDeleteParams { thread_id }).await.map(drop),
            Self::DeleteImage => {
                let image_id = template.images[0].id.clone();
                session.request::<ImageDelete>(&ImageDeleteParams { image_id, thread_id: None }).await.map(drop)
            }
            Self::Compaction => {
                session.request::<ThreadCompactStart>(&ThreadCompactStartParams { thread_id }).await?;
                session.await_turn_end().await
            }
            Self::Export => {
                let (image_id, path) = (template.images[0].id.clone(), sandbox.project().join("copy.png"));
                let path = path.display().to_string();
                let params = ImageExportParams { image_id, path, ..ImageExportParams::default() };
                session.request::<ImageExport>(&params).await.map(drop)
            }
            Self::ExportSet => {
                let params = ImageExportSetParams {
                    image_id: template.images[0].id.clone(),
                    folder: sandbox.project().display().to_string(),
                    set: ExportSet::Sizes,
                    sizes: Some(vec![16, 24]),
                    image_ids: None,
                    name: None,
                    fit: None,
                    background: None,
                    overwrite: None,
                };
                session.request::<ImageExportSet>(&params).await.map(drop)
            }
            Self::ConfigWrite => {
                let (key, _, value) = CHANGED_KEY;
                let params = ConfigValueWriteParams {
                    key_path: key.to_owned(),
                    value: value.into(),
                    merge_strategy: MergeStrategy::Replace,
                    file_path: None,
                    expected_version: None,
                };
                session.request::<ConfigValueWrite>(&params).await.map(drop)
            }
            Self::Recovery => Ok(()),
        }
    }
}

impl Template {
    pub(super) fn arguments(&self) -> Vec<&str> {
        self.arguments.iter().map(String::as_str).collect()
    }

    /// The edit of the first image with the mask.
    fn edit_params(&self, thread_id: &str, preserve: bool) -> ToolCallParams {
        let (base, mask) = (&self.images[0].id, self.sandbox.project().join("mask.png"));
        let arguments = json!({ "prompt": "another square", "images": [base], "mask": mask, "preserve": preserve });
        tool_call_params(thread_id, arguments)
    }

    async fn draw(&mut self, server: &mut Server) {
        let events = server.run_turn(&self.thread_id, vec![text("draw one")]).await;
        self.images.extend(completed_image(&events).images.iter().cloned());
    }

    /// Kills a turn with three calls after the first of its images has its name, so that the calls are in different
    /// states.
    async fn kill_parallel_calls(&mut self, tracer: &Tracer) {
        let mut kill = Kill::Never;
        loop {
            let copy = self.sandbox.copy();
            let before = self.provider.requests().len();
            let options = TraceOptions { kill, counts_start: false, with_data: false };
            let mut session = Session::start(tracer, &copy, STANDALONE, options);
            // The trace shows whether it was killed.
            let _ = Scenario::ParallelCalls.run(&mut session, self, &copy).await;
            let trace = Trace::read(&copy, options, session.end().await.0);
            let names: Vec<&str> = trace.points().iter().map(|point| point.name()).collect();
            let named = names.iter().position(|name| *name == IMAGE_NAMED).map(|index| index + 1);
            kill = match (kill, named) {
                (Kill::Before(number), Some(named)) if number > named => {
                    self.sandbox = copy;
                    self.open_requests = count_billable(&self.provider.requests()[before..]);
                    return;
                }
                (Kill::Before(number), _) => Kill::Before(number + 1),
                (Kill::Never | Kill::Half(_), Some(named)) => Kill::Before(named + 2),
                (Kill::Never | Kill::Half(_), None) => panic!("no image has its name in {names:?}"),
            };
        }
    }
}

fn tool_call_params(thread_id: &str, arguments: Value) -> ToolCallParams {
    let Value::Object(arguments) = arguments else { panic!("an object: {arguments}") };
    ToolCallParams {
        thread_id: thread_id.into(),
        call_id: CALL_ID.into(),
        namespace: None,
        tool: "imagegen".to_owned(),
        arguments: ToolArguments::Object(arguments),
        turn_id: None,
        format: None,
        pictures: None,
    }
}

/// A mask of the size of the provider's images, whose left half is transparent.
fn mask() -> Vec<u8> {
    let row: Vec<u8> = (0..8).flat_map(|x| [0, 0, 0, if x < 4 { 0 } else { 255 }]).collect();
    Picture { width: 8, height: 8, rgba: row.repeat(8), icc_profile: None }.to_png().expect("a PNG")
}

/// The settings of the provider, one for each argument.
fn provider_settings(base_url: &str) -> Vec<String> {
    let settings = ["preset=openai".to_owned(), format!("base_url={base_url}"), "env_key=MOCK_KEY".to_owned()];
    let provider = settings.into_iter().map(|setting| format!("model_providers.mock.{setting}"));
    provider.chain(["model_provider=mock".to_owned(), "wire.turn_event_delay_ms=0".to_owned()]).collect()
}

fn attachments(sandbox: &Sandbox) -> Vec<UserInput> {
    let file = sandbox.write_file("photo.png", &solid_png(9, 9, BLUE));
    let url = data_url(&solid_png(7, 7, BLUE));
    vec![text("describe these"), UserInput::Image { url, detail: None }, local_image(&file)]
}
