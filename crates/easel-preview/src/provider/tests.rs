use std::collections::HashMap;
use std::io::{self, Cursor, Write};
use std::sync::Mutex;

use easel_imagegen::model_copy::{ModelCopies, ModelCopy};
use easel_imagegen::port::{GeneratedImage, Provenance, Reasoning, Reference, StagedImage};
use easel_protocol::record::{AppliedImage, ImageAction, ImageFacts, MediaType, RequestedImage};
use easel_protocol::response_item::{ContentItem, MessageRole, ResponseItem};
use easel_protocol::tool::ToolExposure;

use super::*;

/// References in memory; a staged image is a temporary file.
#[derive(Default)]
struct Memory {
    files: HashMap<String, Vec<u8>>,
    full: bool,
    opened: Mutex<Vec<String>>,
}

impl Files for Memory {
    type Reader = Cursor<Vec<u8>>;
    type Writer = Vec<u8>;

    fn open(&self, image: &Reference) -> io::Result<Self::Reader> {
        let id = image.id.clone().unwrap_or_default();
        self.opened.lock().unwrap().push(id.to_string());
        self.files.get(&*id).cloned().map(Cursor::new).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn open_copy(&self, copy: &ModelCopy) -> io::Result<Self::Reader> {
        panic!("the preview provider sends no images, and not {copy:?}")
    }

    fn create(&self) -> io::Result<Self::Writer> {
        if self.full { Err(io::ErrorKind::StorageFull.into()) } else { Ok(Vec::new()) }
    }

    fn stage(&self, writer: Self::Writer) -> io::Result<StagedImage> {
        let mut file = tempfile::NamedTempFile::new()?;
        file.write_all(&writer)?;
        let file = file.into_temp_path();
        Ok(StagedImage::new(file.to_path_buf(), reference("").facts, move |_| drop(file)))
    }

    fn stage_preview(&self, writer: Self::Writer) -> io::Result<StagedImage> {
        self.stage(writer)
    }
}

fn content(staged: &StagedImage) -> Vec<u8> {
    std::fs::read(staged.path()).unwrap()
}

fn reference(id: &str) -> Reference {
    let facts = ImageFacts {
        sha256: String::new(),
        media_type: MediaType::Png,
        width: 1,
        height: 1,
        bytes: 1,
        has_alpha: false,
    };
    Reference { id: Some(id.into()), path: "/home/x.png".into(), facts, provenance: Provenance::User }
}

fn job(prompt: &str, parameters: AppliedImage, references: &[&str]) -> ImageJob {
    let action = if references.is_empty() { ImageAction::Generate } else { ImageAction::Edit };
    ImageJob {
        idempotency_key: String::new(),
        originator: String::new(),
        item_id: "call_1".into(),
        requested: RequestedImage { action, prompt: prompt.to_owned(), parameters },
        references: references.iter().map(|id| reference(id)).collect(),
        mask: None,
        deadline: Duration::from_secs(60),
        partial_images: 0,
        gate: easel_imagegen::port::SendGate::open(),
    }
}

fn sized(size: &str) -> AppliedImage {
    AppliedImage { size: Some(size.to_owned()), ..AppliedImage::default() }
}

fn user(text: &str) -> ResponseItem {
    let content = vec![ContentItem::InputText { text: text.into() }];
    ResponseItem::Message { role: MessageRole::User, content }
}

fn request(exposure: ToolExposure, text: &str) -> ModelRequest {
    ModelRequest {
        thread_id: "thread".into(),
        model: MODEL.to_owned(),
        instructions: String::new(),
        reasoning: Reasoning::default(),
        output_schema: None,
        originator: String::new(),
        input: vec![user(text)],
        history: easel_imagegen::history::History { items: vec![user(text)], images: Vec::new() },
        copies: ModelCopies::new(),
        images: Vec::new(),
        exposure,
        tools: Vec::new(),
        partial_images: 0,
        gate: easel_imagegen::port::SendGate::open(),
    }
}

async fn events(provider: &PreviewProvider, request: ModelRequest) -> Vec<ModelEvent> {
    provider.respond(request, Arc::new(Memory::default()), CancellationToken::new()).map(Result::unwrap).collect().await
}

fn header(png: &[u8]) -> (u32, u32, png::ColorType) {
    let reader = png::Decoder::new(Cursor::new(png)).read_info().unwrap();
    (reader.info().width, reader.info().height, reader.info().color_type)
}

#[tokio::test]
async fn call_draws_the_requested_size() {
    let made = PreviewProvider::default()
        .make(job("a fox", sized("128x96"), &[]), Arc::new(Memory::default()), Arc::new(drop), CancellationToken::new())
        .await;
    let made = made.unwrap();
    let [GeneratedImage { staged, applied, .. }] = made.images.as_slice() else { panic!("not one image") };
    assert_eq!(header(&content(staged)), (128, 96, png::ColorType::Rgb));
    assert_eq!(applied.size.as_deref(), Some("128x96"));
    assert_eq!(applied.background.as_deref(), Some("opaque"));
    assert_eq!(made.attempts, 1);
}

#[tokio::test]
async fn ignored_parameters_are_not_applied() {
    let parameters = AppliedImage { quality: Some("high".to_owned()), ..sized("64x64") };
    let made = PreviewProvider::default()
        .make(job("a fox", parameters, &[]), Arc::new(Memory::default()), Arc::new(drop), CancellationToken::new())
        .await;
    assert_eq!(made.unwrap().images[0].applied.quality, None);
}

#[tokio::test]
async fn pictures_of_one_call_differ() {
    let parameters = AppliedImage { n: Some(3), background: Some("transparent".to_owned()), ..sized("64x64") };
    let made = PreviewProvider::default()
        .make(job("a thing", parameters, &[]), Arc::new(Memory::default()), Arc::new(drop), CancellationToken::new())
        .await;
    let images = made.unwrap().images;
    assert_eq!(images.len(), 3);
    assert_ne!(content(&images[0].staged), content(&images[1].staged));
    assert_eq!(header(&content(&images[2].staged)).2, png::ColorType::Rgba);
}

#[tokio::test]
async fn references_are_read_in_order() {
    let provider = PreviewProvider::default();
    let made = provider
        .make(
            job("a red car", sized("64x64"), &[]),
            Arc::new(Memory::default()),
            Arc::new(drop),
            CancellationToken::new(),
        )
        .await
        .unwrap();
    let png = content(&made.images[0].staged);
    let files =
        Memory { files: [("a".to_owned(), png.clone()), ("b".to_owned(), png.clone())].into(), ..Memory::default() };
    let files = Arc::new(files);
    let edited = provider
        .make(
            job("make it blue", sized("64x64"), &["b", "a"]),
            Arc::clone(&files),
            Arc::new(drop),
            CancellationToken::new(),
        )
        .await
        .unwrap();
    assert_ne!(content(&edited.images[0].staged), png);
    assert_eq!(*files.opened.lock().unwrap(), ["b", "a"]);
}

#[tokio::test]
async fn each_failure_has_its_kind() {
    let provider = PreviewProvider::default();
    let fault = async |job: ImageJob, files: Memory| {
        provider.make(job, Arc::new(files), Arc::new(drop), CancellationToken::new()).await.unwrap_err().kind
    };
    let missing = fault(job("x", sized("64x64"), &["gone"]), Memory::default()).await;
    assert_eq!(missing, ImageErrorKind::ReferenceNotFound);
    let full = Memory { full: true, ..Memory::default() };
    assert_eq!(fault(job("x", sized("64x64"), &[]), full).await, ImageErrorKind::Storage);
    for size in ["32x32", "5000x5000", "big"] {
        assert_eq!(fault(job("x", sized(size), &[]), Memory::default()).await, ImageErrorKind::InvalidArguments);
    }
}

#[tokio::test(start_paused = true)]
async fn picture_takes_the_configured_delay() {
    let options = PreviewOptions { delay: Duration::from_secs(30), ..PreviewOptions::default() };
    let before = tokio::time::Instant::now();
    let provider = PreviewProvider::new(options);
    provider
        .make(job("x", sized("64x64"), &[]), Arc::new(Memory::default()), Arc::new(drop), CancellationToken::new())
        .await
        .unwrap();
    assert!(before.elapsed() >= Duration::from_secs(30));
}

#[tokio::test(start_paused = true)]
async fn timeout_is_uncertain_with_rehearsed_billing() {
    for (billing, billed) in [(Billing::Free, Billed::No), (Billing::Rehearsed, Billed::Uncertain)] {
        let options = PreviewOptions { delay: Duration::from_secs(90), billing, ..PreviewOptions::default() };
        let provider = PreviewProvider::new(options);
        assert_eq!(provider.info().capabilities.bills, billing == Billing::Rehearsed);
        let error = provider
            .make(job("x", sized("64x64"), &[]), Arc::new(Memory::default()), Arc::new(drop), CancellationToken::new())
            .await
            .unwrap_err();
        assert_eq!((error.kind, error.billed, error.elapsed_ms), (ImageErrorKind::Timeout, billed, 60_000));
    }
}

#[tokio::test(start_paused = true)]
async fn stopped_call_ends_at_once() {
    let options = PreviewOptions { delay: Duration::from_secs(50), ..PreviewOptions::default() };
    let (provider, stop, before) =
        (PreviewProvider::new(options), CancellationToken::new(), tokio::time::Instant::now());
    stop.cancel();
    let made = provider.make(job("x", sized("64x64"), &[]), Arc::new(Memory::default()), Arc::new(drop), stop.clone());
    assert_eq!(made.await.unwrap_err().kind, ImageErrorKind::Interrupted);
    let hosted = provider.respond(request(ToolExposure::Hosted, "a cat"), Arc::new(Memory::default()), stop);
    let events: Vec<_> = hosted.map(Result::unwrap).collect().await;
    let ended = events.iter().find_map(|event| match event {
        ModelEvent::HostedEnded { outcome, .. } => Some(outcome),
        ModelEvent::RequestId { .. }
        | ModelEvent::Reasoning { .. }
        | ModelEvent::TextDelta { .. }
        | ModelEvent::Message { .. }
        | ModelEvent::FunctionCall(_)
        | ModelEvent::HostedStarted { .. }
        | ModelEvent::HostedPreview { .. }
        | ModelEvent::Completed { .. } => None,
    });
    assert_eq!(ended.unwrap().as_ref().unwrap_err().kind, ImageErrorKind::Interrupted);
    assert_eq!(before.elapsed(), Duration::ZERO);
}

#[tokio::test]
async fn hosted_tool_sends_picture_and_sentence() {
    let provider = PreviewProvider::default();
    let events = events(&provider, request(ToolExposure::Hosted, "a blue cat, 64x64")).await;
    let ModelEvent::HostedStarted { call_id: started, .. } = &events[0] else { panic!("{:?}", events[0]) };
    let ModelEvent::HostedEnded { call_id: ended, outcome: Ok(made) } = &events[1] else { panic!("{:?}", events[1]) };
    assert_eq!(started, ended);
    assert_eq!(header(&content(&made.images[0].staged)), (64, 64, png::ColorType::Rgb));
    let sentence = events.iter().find_map(|event| match event {
        ModelEvent::Message { text, .. } => Some(text.as_str()),
        ModelEvent::RequestId { .. }
        | ModelEvent::Reasoning { .. }
        | ModelEvent::TextDelta { .. }
        | ModelEvent::FunctionCall(_)
        | ModelEvent::HostedStarted { .. }
        | ModelEvent::HostedPreview { .. }
        | ModelEvent::HostedEnded { .. }
        | ModelEvent::Completed { .. } => None,
    });
    assert_eq!(sentence, Some(r#"Here is your picture: "a blue cat, 64x64" (64x64, preview)."#));
    assert!(matches!(events.last(), Some(ModelEvent::Completed { .. })));
}

#[tokio::test]
async fn both_tools_draw_the_same_picture() {
    let provider = PreviewProvider::default();
    let hosted = events(&provider, request(ToolExposure::Hosted, "a blue cat, 64x64")).await;
    let ModelEvent::HostedEnded { outcome: Ok(hosted), .. } = &hosted[1] else { panic!("{:?}", hosted[1]) };
    let made = provider
        .make(
            job("a blue cat, 64x64", sized("64x64"), &[]),
            Arc::new(Memory::default()),
            Arc::new(drop),
            CancellationToken::new(),
        )
        .await
        .unwrap();
    assert_eq!(content(&hosted.images[0].staged), content(&made.images[0].staged));
}

#[tokio::test]
async fn repeated_request_gets_another_call_id() {
    let provider = PreviewProvider::default();
    let id = async || {
        let event = events(&provider, request(ToolExposure::Standalone, "a fox")).await.swap_remove(0);
        let ModelEvent::FunctionCall(call) = event else { panic!("{event:?}") };
        call.call_id
    };
    assert_ne!(id().await, id().await);
}

/// Colors of the picture's first row, without repeats side by side.
fn runs(png: &[u8]) -> usize {
    let mut reader = png::Decoder::new(Cursor::new(png)).read_info().unwrap();
    let row = reader.next_row().unwrap().unwrap();
    let mut colors: Vec<&[u8]> = row.data().chunks_exact(3).collect();
    colors.dedup();
    colors.len()
}

#[tokio::test]
async fn previews_become_finer() {
    let provider = PreviewProvider::default();
    let job = ImageJob { partial_images: 3, ..job("a red fox", sized("256x256"), &[]) };
    let shown = Arc::new(Mutex::new(Vec::new()));
    let show = Arc::clone(&shown);
    let previews = Arc::new(move |preview: Preview| show.lock().unwrap().push(preview));
    let made =
        provider.make(job.clone(), Arc::new(Memory::default()), previews, CancellationToken::new()).await.unwrap();
    let shown = std::mem::take(&mut *shown.lock().unwrap());
    assert_eq!(shown.iter().map(|preview| preview.index).collect::<Vec<_>>(), [0, 1, 2]);
    let grains = shown.iter().map(|preview| &preview.staged).chain([&made.images[0].staged]);
    let grains: Vec<usize> = grains.map(|staged| runs(&content(staged))).collect();
    assert!(grains.is_sorted_by(|coarse, fine| coarse < fine) && grains[0] <= 16, "{grains:?}");
    assert!(shown.iter().all(|preview| header(&content(&preview.staged)) == (256, 256, png::ColorType::Rgb)));
    // The picture itself is the same, shown or not.
    let unseen = ImageJob { partial_images: 0, ..job };
    let unseen = provider
        .make(unseen, Arc::new(Memory::default()), Arc::new(|_| panic!("nobody asked")), CancellationToken::new())
        .await
        .unwrap();
    assert_eq!(content(&unseen.images[0].staged), content(&made.images[0].staged));
}

#[tokio::test]
async fn hosted_previews_are_between_start_and_end() {
    let request = ModelRequest { partial_images: 2, ..request(ToolExposure::Hosted, "a fox, 64x64") };
    let events = events(&PreviewProvider::default(), request).await;
    let kinds = events.iter().map_while(|event| match event {
        ModelEvent::HostedStarted { call_id, .. } => Some((call_id.clone(), "started".to_owned())),
        ModelEvent::HostedPreview { call_id, preview } => Some((call_id.clone(), format!("preview {}", preview.index))),
        ModelEvent::HostedEnded { call_id, .. } => Some((call_id.clone(), "ended".to_owned())),
        ModelEvent::RequestId { .. }
        | ModelEvent::Reasoning { .. }
        | ModelEvent::TextDelta { .. }
        | ModelEvent::Message { .. }
        | ModelEvent::FunctionCall(_)
        | ModelEvent::Completed { .. } => None,
    });
    let (ids, kinds): (Vec<_>, Vec<String>) = kinds.unzip();
    assert_eq!(kinds, ["started", "preview 0", "preview 1", "ended"]);
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
}
