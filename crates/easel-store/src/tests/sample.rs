//! Sample threads, turns and images.

use std::io::Write;
use std::path::{Path, PathBuf};

use easel_imagegen::port::{
    Admission, CallEnd, CallStart, Files, GeneratedImage, GeneratedImages, ImageSource, Reference, RequestStart,
    StagedImage, Store,
};
use easel_imagegen::spending::{Limits, Quote};
use easel_protocol::event::{
    Event, ItemCompletedNotification, ItemStartedNotification, RawResponseItemCompletedNotification,
    TurnCompletedNotification, TurnStartedNotification,
};
use easel_protocol::input::UserInput;
use easel_protocol::item::{AgentMessageItem, ImageGenerationItem, ThreadItem, UserMessageItem};
use easel_protocol::record::{AppliedImage, Attachment, ImageAction, ImageError, ImageUsage, RequestedImage};
use easel_protocol::response_item::{ContentItem, MessageRole, ResponseItem};
use easel_protocol::thread::{HistoryMode, SessionSource, Thread, ThreadItemsListParams, ThreadStatus};
use easel_protocol::turn::{Turn, TurnItemsView, TurnStatus};

use crate::EaselStore;
use crate::ImportLimits;
use crate::files::thread_files::ThreadFiles;

pub(super) const THREAD: &str = "thread-1";
pub(super) const TURN: &str = "turn-1";

pub(super) fn open(home: &Path) -> EaselStore {
    EaselStore::open(home.to_path_buf(), ImportLimits::default())
}

/// Returns a store with [`THREAD`].
pub(super) async fn store(home: &Path) -> EaselStore {
    let store = open(home);
    store.save_thread(thread(THREAD), None).await.unwrap();
    store
}

pub(super) fn thread(id: &str) -> Thread {
    Thread {
        id: id.into(),
        session_id: id.into(),
        forked_from_id: None,
        preview: String::new(),
        ephemeral: false,
        model_provider: "preview".into(),
        model: Some("preview".into()),
        reasoning_effort: None,
        reasoning_summary: None,
        created_at: 1_000,
        updated_at: 1_000,
        status: ThreadStatus::Idle {},
        path: None,
        cwd: "/project".into(),
        cli_version: "0.1.0".into(),
        originator: None,
        source: SessionSource::AppServer,
        name: None,
        project_id: None,
        git_info: None,
        history_mode: HistoryMode::Paginated,
        turns: Vec::new(),
    }
}

pub(super) fn turn(id: &str, status: TurnStatus) -> Turn {
    let completed_at = (status != TurnStatus::InProgress).then_some(1_007);
    Turn {
        id: id.into(),
        root_turn_id: id.into(),
        items: Vec::new(),
        items_view: TurnItemsView::NotLoaded,
        status,
        error: None,
        started_at: Some(1_005),
        completed_at,
        duration_ms: completed_at.map(|_| 2_000),
    }
}

pub(super) fn turn_started(id: &str) -> Event {
    let turn = turn(id, TurnStatus::InProgress);
    Event::TurnStarted(TurnStartedNotification { thread_id: THREAD.into(), turn })
}

pub(super) fn turn_completed(id: &str) -> Event {
    let turn = turn(id, TurnStatus::Completed);
    Event::TurnCompleted(TurnCompletedNotification { thread_id: THREAD.into(), turn })
}

pub(super) fn item_started(turn_id: &str, item: ThreadItem) -> Event {
    let (started_at_ms, _) = item.times();
    let (thread_id, turn_id) = (THREAD.into(), turn_id.into());
    Event::ItemStarted(ItemStartedNotification { thread_id, turn_id, item, started_at_ms })
}

pub(super) fn item_completed(turn_id: &str, item: ThreadItem) -> Event {
    let completed_at_ms = item.times().1.unwrap_or_default();
    let (thread_id, turn_id) = (THREAD.into(), turn_id.into());
    Event::ItemCompleted(ItemCompletedNotification { thread_id, turn_id, item, completed_at_ms })
}

pub(super) fn model_item(item: ResponseItem) -> Event {
    let (thread_id, turn_id) = (THREAD.into(), TURN.into());
    Event::RawResponseItemCompleted(RawResponseItemCompletedNotification { thread_id, turn_id, item })
}

pub(super) fn user(id: &str, text: &str) -> ThreadItem {
    ThreadItem::UserMessage(UserMessageItem {
        id: id.into(),
        client_id: None,
        content: vec![UserInput::Text { text: text.into(), text_elements: Vec::new() }],
        started_at_ms: 1_005_000,
        completed_at_ms: Some(1_005_000),
    })
}

pub(super) fn agent(id: &str, text: &str) -> ThreadItem {
    ThreadItem::AgentMessage(AgentMessageItem {
        id: id.into(),
        text: text.into(),
        phase: None,
        started_at_ms: 1_006_000,
        completed_at_ms: Some(1_007_000),
    })
}

/// Returns the item of a running image call.
pub(super) fn drawing(id: &str) -> ImageGenerationItem {
    ImageGenerationItem::new(id.into(), 1_005_500)
}

/// Returns a user message as the model reads it, with images by handle.
pub(super) fn shown_by_user(handles: &[&str]) -> ResponseItem {
    ResponseItem::Message { role: MessageRole::User, content: pictures(handles) }
}

pub(super) fn pictures(handles: &[&str]) -> Vec<ContentItem> {
    let picture = |handle: &&str| ContentItem::InputImage { image_url: format!("easel:{handle}"), detail: None };
    handles.iter().map(picture).collect()
}

pub(super) fn function_call(call_id: &str) -> ResponseItem {
    ResponseItem::FunctionCall {
        call_id: call_id.into(),
        namespace: Some("image_gen".into()),
        name: "imagegen".into(),
        arguments: "{}".into(),
    }
}

pub(super) fn call(call_id: &str) -> CallStart {
    CallStart {
        thread_id: THREAD.into(),
        turn_id: TURN.into(),
        item_id: call_id.into(),
        provider: "openai".into(),
        model: "gpt-image-2".into(),
        synthetic: false,
        bills: true,
        requested: RequestedImage {
            action: ImageAction::Generate,
            prompt: "a cat".into(),
            parameters: AppliedImage::default(),
        },
        inputs: Vec::<Reference>::new(),
        mask: None,
        quote: quote(),
        limits: Limits::default(),
        admission: Admission::WithinLimits,
        started_at_ms: 1_005_500,
    }
}

/// Returns a request that offers the hosted tool.
pub(super) fn hosted_request(turn_id: &str) -> RequestStart {
    RequestStart {
        thread_id: THREAD.into(),
        turn_id: turn_id.into(),
        provider: "openai".into(),
        synthetic: false,
        quote: quote(),
        limits: Limits::default(),
        started_at_ms: 1_005_000,
    }
}

/// Returns the quote of one image whose price is unknown.
pub(super) fn quote() -> Quote {
    Quote { model: "gpt-image-2".into(), images: 1, cost: None, price: None }
}

/// Creates a file that blocks whoever opens it.
#[cfg(unix)]
pub(crate) fn make_fifo(path: &Path) {
    assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
}

/// Returns the smallest file with the structure of a PNG. `content` makes it unique.
pub(super) fn png(width: u32, height: u32, content: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut chunk = |kind: &[u8; 4], data: &[u8]| {
        bytes.extend_from_slice(&u32::try_from(data.len()).unwrap().to_be_bytes());
        bytes.extend_from_slice(kind);
        bytes.extend_from_slice(data);
        bytes.extend_from_slice(&[0; 4]);
    };
    let header: Vec<u8> = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 6, 0, 0, 0]].concat();
    chunk(b"IHDR", &header);
    chunk(b"IDAT", content);
    chunk(b"IEND", b"");
    bytes
}

/// Stages an image without a call, as for the hosted tool.
pub(super) fn stage(store: &EaselStore, bytes: &[u8]) -> StagedImage {
    write_and_stage(&store.files(THREAD), bytes)
}

/// Stages an image of a call.
pub(super) fn stage_for(store: &EaselStore, call_id: &str, bytes: &[u8]) -> StagedImage {
    write_and_stage(&store.call_files(THREAD, call_id), bytes)
}

pub(super) fn write_and_stage(files: &ThreadFiles, bytes: &[u8]) -> StagedImage {
    let mut writer = files.create().unwrap();
    writer.write_all(bytes).unwrap();
    files.stage(writer).unwrap()
}

pub(super) fn made(images: Vec<StagedImage>) -> GeneratedImages {
    let image = |staged| GeneratedImage {
        staged,
        revised_prompt: Some("a fat cat".into()),
        applied: AppliedImage::default(),
        edit: None,
    };
    GeneratedImages {
        images: images.into_iter().map(image).collect(),
        usage: Some(ImageUsage { input_tokens: 1, output_tokens: 2, total_tokens: 3 }),
        request_id: Some("req_1".into()),
        generation_id: Some("ig_1".into()),
        attempts: 1,
        missing: None,
    }
}

/// Returns the end of a call with one attempt.
pub(super) fn end_with(error: ImageError) -> CallEnd {
    CallEnd::Failed { last_attempt: error.billed, error }
}

/// Attaches an image to a thread. Its bytes are always the same.
pub(super) async fn attach(store: &EaselStore, thread_id: &str) -> Attachment {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("attached.png");
    std::fs::write(&file, png(4, 4, b"attached")).unwrap();
    store.import_image(thread_id, ImageSource::ClientPath(file)).await.unwrap()
}

/// Returns all items of [`THREAD`].
pub(super) async fn items(store: &EaselStore) -> Vec<ThreadItem> {
    let params = ThreadItemsListParams {
        thread_id: THREAD.into(),
        turn_id: None,
        cursor: None,
        limit: Some(100),
        sort_direction: None,
    };
    store.list_items(params).await.unwrap().data.into_iter().map(|entry| entry.item).collect()
}

/// The texts of an error and its sources, as the log shows them.
pub(super) fn error_chain(error: &dyn std::error::Error) -> String {
    let sources = std::iter::successors(Some(error), |error| error.source());
    sources.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Returns the names of the files in a folder, including hidden ones.
pub(super) fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// The path of an image of the thread, with the separators that the system writes.
pub(crate) fn image_path(home: &Path, name: &str) -> PathBuf {
    home.join("generated_images").join(THREAD).join(name)
}

pub(crate) fn file_name(path: &str) -> String {
    Path::new(path).file_name().unwrap().to_str().unwrap().to_owned()
}
