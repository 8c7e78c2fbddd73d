//! Responses of the images endpoint: what is found does not depend on where the body is cut, and no more images are
//! kept than were requested.

#![no_main]

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use arbitrary::Arbitrary;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use easel_fuzz::chunks::cut;
use easel_fuzz::files::MemoryFiles;
use easel_fuzz::memory::with_limit;
use easel_imagegen::port::{Preview, PreviewSink};
use easel_provider::fuzzing::{Extracted, SECRET, read_images_response};
use libfuzzer_sys::fuzz_target;

const PNG: &[u8] = include_bytes!("../samples/still.png");
const KINDS: [&str; 7] = [
    "image_generation.partial_image",
    "image_generation.completed",
    "image_edit.partial_image",
    "image_edit.completed",
    "error",
    "other",
    "",
];
/// Members of an event or of an item, besides its image.
const MEMBERS: [&str; 10] = [
    r#""revised_prompt":"a canary-7f3a \u001b[31m b""#,
    r#""size":"1024x1024""#,
    r#""partial_image_index":1"#,
    r#""usage":{"input_tokens":5,"output_tokens":7,"total_tokens":12}"#,
    r#""error":{"code":"x","message":"no canary-7f3a"}"#,
    r#""respect_moderation":false"#,
    r#""generation_id":"canary-7f3a""#,
    r#""url":"https://example.com/a.png""#,
    r#""id":"1""#,
    r#""data":[]"#,
];

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    sizes: [u8; 3],
    limit: u8,
    has_previews: bool,
    body: Body<'a>,
}

#[derive(Arbitrary, Debug)]
enum Body<'a> {
    Raw(&'a [u8]),
    Json { items: Vec<Item<'a>>, members: u16 },
    Events(Vec<Event<'a>>),
}

#[derive(Arbitrary, Debug)]
struct Event<'a> {
    name: u8,
    kind: u8,
    item: Item<'a>,
    end: &'a str,
}

#[derive(Arbitrary, Debug)]
struct Item<'a> {
    image: Image<'a>,
    members: u16,
}

#[derive(Arbitrary, Debug)]
enum Image<'a> {
    None,
    Png,
    Url,
    Bytes(&'a [u8]),
    Text(&'a str),
}

fuzz_target!(|input: Input<'_>| {
    let body = input.body.to_bytes();
    let limit = usize::from(input.limit % 6).max(1);
    let read = |chunks: &[&[u8]]| {
        let previews = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&previews);
        let sink: PreviewSink = Arc::new(move |preview: Preview| sink.lock().expect("no panic").push(preview.index));
        let sink = input.has_previews.then_some(sink);
        let response = with_limit((512 << 10) + 256 * body.len(), || {
            let files = Arc::new(MemoryFiles::default());
            read_images_response(files, limit, sink, chunks.iter().copied())
        });
        (response, std::mem::take(&mut *previews.lock().expect("no panic")))
    };
    let (whole, previews) = read(&[&body]);
    let (cut, cut_previews) = read(&cut(&body, &input.sizes));
    assert_eq!((&cut, &cut_previews), (&whole, &previews), "{}", String::from_utf8_lossy(&body));
    assert!(input.has_previews || previews.is_empty());
    let complete = whole.images.iter().filter(|image| matches!(image, Extracted::Complete(_))).count();
    assert!(complete <= limit);
    assert!(whole.texts.iter().chain(&whole.error).all(|text| !text.contains(SECRET)), "{:?}", whole.texts);
});

impl Body<'_> {
    fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Raw(bytes) => bytes.to_vec(),
            Self::Json { items, members } => {
                let items: Vec<String> = items.iter().map(|item| format!("{{{}}}", item.to_members())).collect();
                let members = to_members(*members);
                let comma = if members.is_empty() { "" } else { "," };
                format!("{{\"data\":[{}]{comma}{members}}}", items.join(",")).into_bytes()
            }
            Self::Events(events) => events.iter().flat_map(|event| event.to_text().into_bytes()).collect(),
        }
    }
}

impl Event<'_> {
    fn to_text(&self) -> String {
        let (name, kind) = (KINDS[usize::from(self.name) % KINDS.len()], KINDS[usize::from(self.kind) % KINDS.len()]);
        let mut text = String::new();
        if !name.is_empty() {
            let _ = writeln!(text, "event: {name}");
        }
        let kind = if kind.is_empty() { String::new() } else { format!("\"type\":\"{kind}\",") };
        let members = self.item.to_members();
        let _ = write!(
            text,
            "data: {{{kind}\"x\":0{}{members}}}{}\n\n",
            if members.is_empty() { "" } else { "," },
            self.end
        );
        text
    }
}

impl Item<'_> {
    fn to_members(&self) -> String {
        let image = match self.image {
            Image::None => None,
            Image::Png => Some(format!("\"b64_json\":\"{}\"", STANDARD.encode(PNG))),
            Image::Url => Some(format!("\"url\":\"data:image/png;base64,{}\"", STANDARD.encode(PNG))),
            Image::Bytes(bytes) => Some(format!("\"b64_json\":\"{}\"", STANDARD.encode(bytes))),
            Image::Text(text) => Some(format!("\"b64_json\":{}", serde_json::Value::from(text))),
        };
        let members = Some(to_members(self.members)).filter(|members| !members.is_empty());
        image.into_iter().chain(members).collect::<Vec<_>>().join(",")
    }
}

/// Returns the members of a set.
fn to_members(set: u16) -> String {
    let members = MEMBERS.iter().enumerate().filter(|(at, _)| set & (1 << at) != 0);
    members.map(|(_, member)| *member).collect::<Vec<_>>().join(",")
}
