//! Edits of a provider that does not keep to its mask: what the report says, and what a composite puts back.

mod bases;
mod calls;
mod composites;
mod faces;
mod hosted;
mod opinions;
mod reports;

use std::io::Cursor;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use easel_picture::{Bounds, Limits, Picture};
use easel_protocol::id::{ImageId, ThreadId};
use easel_protocol::item::ImageStatus;
use easel_protocol::method::ToolCall;
use easel_protocol::record::{EditReport, ImageRecord};
use easel_protocol::thread::ThreadStartParams;
use easel_protocol::tool::{ToolArguments, ToolCallParams, ToolCallPictures, ToolCallResponse};
use easel_testkit::http::{MockServer, Request, Response};
use serde_json::{Value, json};

use crate::harness::{STANDALONE, Sandbox, Server, mock_provider_config, read_file};

/// The size of the picture that is edited.
const SIDE: u32 = 256;
/// The columns that the mask leaves to the edit.
pub(crate) const EDITABLE: std::ops::Range<u32> = 96..160;

/// A picture with a large pattern that does not repeat, moved to the right.
fn scene(width: u32, height: u32, right: i32) -> Picture {
    let pixel = |x: i32, y: i32| {
        let (x, y) = (f64::from(x - right), f64::from(y));
        let wave = (x * 0.043 + (y * 0.023).sin() * 4.0).sin() + (x * y * 0.000_9).cos() + 2.0;
        let block =
            if ((x / 37.0).floor() * 7.0 + (y / 29.0).floor() * 13.0).rem_euclid(5.0) < 2.0 { 50.0 } else { 0.0 };
        [wave * 50.0 + block, wave * 40.0, 250.0 - wave * 60.0].map(|channel| channel.clamp(0.0, 255.0) as u8)
    };
    let places = (0..height as i32).flat_map(|y| (0..width as i32).map(move |x| (x, y)));
    let rgba = places.flat_map(|(x, y)| {
        let [r, g, b] = pixel(x, y);
        [r, g, b, 255]
    });
    Picture { width, height, rgba: rgba.collect(), icc_profile: None }
}

/// A mask whose pixels in some columns are transparent.
pub(crate) fn mask(columns: std::ops::Range<u32>) -> Picture {
    let alpha = |x| if columns.contains(&x) { 0 } else { 255 };
    let row: Vec<u8> = (0..SIDE).flat_map(|x| [255, 255, 255, alpha(x)]).collect();
    Picture { width: SIDE, height: SIDE, rgba: row.repeat(SIDE as usize), icc_profile: None }
}

/// Paints the part of a picture that the mask leaves to the edit.
fn paint(mut picture: Picture) -> Picture {
    let width = picture.width as usize;
    for row in picture.rgba.chunks_exact_mut(width * 4) {
        for pixel in row[EDITABLE.start as usize * 4..EDITABLE.end as usize * 4].chunks_exact_mut(4) {
            pixel.copy_from_slice(&[20, 220, 30, 255]);
        }
    }
    picture
}

/// What the provider does when the prompt of an edit has this word.
fn edited(prompt: &str) -> Vec<u8> {
    let whole = || paint(scene(SIDE, SIDE, 0));
    let has = |word: &str| prompt.contains(word);
    let picture = if has("repaint") {
        Picture { rgba: scene(SIDE, SIDE, 0).rgba.iter().map(|value| value ^ 0x40 | 3).collect(), ..whole() }
    } else if has("shift") {
        paint(scene(SIDE, SIDE, 12))
    } else if has("larger") {
        whole().stretch(SIDE + 16, SIDE + 16).expect("a larger picture")
    } else if has("wide") {
        whole().stretch(SIDE * 3 / 2, SIDE).expect("a wide picture")
    } else if has("pixel") {
        let mut picture = whole();
        picture.rgba[(10 * SIDE as usize + 20) * 4] ^= 0x80;
        picture
    } else {
        whole()
    };
    if has("cut") {
        let mut file = picture.to_png().expect("a PNG");
        let middle = file.len() / 2;
        file[middle..middle + 8].fill(0xff);
        return file;
    }
    if has("jpeg") { picture.to_jpeg(90).expect("a JPEG") } else { picture.to_png().expect("a PNG") }
}

/// A provider that draws [`scene`], and edits it as the prompt says.
pub(crate) fn provider() -> MockServer {
    MockServer::respond(respond)
}

fn respond(request: &Request) -> Response {
    let body = String::from_utf8_lossy(&request.body);
    let image = match request.path.ends_with("/images/edits") {
        true => edited(&body),
        false => scene(SIDE, SIDE, 0).to_png().expect("a PNG"),
    };
    let count = if body.contains("twice") { 2 } else { 1 };
    let data: Vec<Value> = (0..count).map(|_| json!({"b64_json": BASE64.encode(&image)})).collect();
    Response::json(200, &json!({ "data": data }))
}

/// A thread with a picture, whose client makes the calls.
struct Studio {
    sandbox: Sandbox,
    server: Server,
    thread_id: ThreadId,
    base: ImageRecord,
    provider: MockServer,
    calls: u32,
}

impl Studio {
    async fn open(settings: &str) -> Self {
        let provider = provider();
        let config = format!("{settings}\n{}", mock_provider_config(&provider, "openai"));
        let sandbox = Sandbox::with_config(&config);
        std::fs::write(sandbox.project().join("mask.png"), mask(EDITABLE).to_png().expect("a PNG")).expect("a file");
        let mut server = sandbox.start_server_with(STANDALONE).await;
        let cwd = Some(sandbox.project().to_string_lossy().into_owned());
        let thread_id = server.start_thread_with(ThreadStartParams { cwd, ..ThreadStartParams::default() }).await.id;
        let params = params(&thread_id, 0, json!({ "prompt": "a scene" }));
        let base = call(&mut server, &params).await.images.remove(0);
        assert_eq!(base.edit, None, "a new image is no edit");
        Self { sandbox, server, thread_id, base, provider, calls: 1 }
    }

    /// Edits the picture with the mask.
    async fn edit(&mut self, prompt: &str) -> ImageRecord {
        self.edit_with(json!({ "prompt": prompt })).await.images.remove(0)
    }

    /// Edits the picture with the mask and further arguments.
    async fn edit_with(&mut self, arguments: Value) -> ToolCallResponse {
        let mut all = json!({ "images": [self.base.id], "mask": self.sandbox.project().join("mask.png") });
        all.as_object_mut().expect("an object").extend(arguments.as_object().expect("an object").clone());
        let params = params(&self.thread_id, self.calls, all);
        self.calls += 1;
        call(&mut self.server, &params).await
    }
}

fn params(thread_id: &str, number: u32, arguments: Value) -> ToolCallParams {
    let Value::Object(arguments) = arguments else { panic!("{arguments} is not an object") };
    ToolCallParams {
        thread_id: thread_id.into(),
        call_id: format!("call_{number}").into(),
        namespace: None,
        tool: "imagegen".to_owned(),
        arguments: ToolArguments::Object(arguments),
        turn_id: None,
        format: None,
        pictures: Some(ToolCallPictures::None),
    }
}

async fn call(server: &mut Server, params: &ToolCallParams) -> ToolCallResponse {
    let response = server.request::<ToolCall>(params).await;
    let events = server.events_until_turn_end().await;
    assert!(response.success, "{:?}", response.error);
    let item = crate::harness::events::completed_image(&events);
    assert_eq!((item.status, &item.images), (ImageStatus::Completed, &response.images), "the event has the records");
    response
}

fn report(record: &ImageRecord) -> &EditReport {
    record.edit.as_deref().expect("a report")
}

fn pixels(path: impl AsRef<Path>) -> Picture {
    easel_picture::read(Cursor::new(read_file(path)), Bounds::edge(u32::MAX), Limits::default()).expect("a picture")
}

/// Returns how many protected pixels of two pictures differ in any channel by any value.
fn protected_differences(base: &Picture, other: &Picture) -> usize {
    assert_eq!((base.width, base.height), (other.width, other.height));
    let pairs = base.rgba.chunks_exact(4).zip(other.rgba.chunks_exact(4)).enumerate();
    let is_protected = |at: usize| !EDITABLE.contains(&(at as u32 % base.width));
    pairs.filter(|(at, (a, b))| is_protected(*at) && a != b).count()
}

fn text_of(response: &ToolCallResponse) -> String {
    serde_json::to_string(&response.result).expect("JSON")
}

fn ids(records: &[ImageRecord]) -> Vec<ImageId> {
    records.iter().map(|record| record.id.clone()).collect()
}
