//! Server-sent events: the parser agrees with a simple one that has the whole stream, wherever the stream is cut.

#![no_main]

use arbitrary::Arbitrary;
use easel_fuzz::chunks::cut;
use easel_fuzz::memory::with_limit;
use easel_provider::fuzzing::{SseEvent, parse_event_stream};
use libfuzzer_sys::fuzz_target;

/// Bytes that are kept of a name.
const MAX_NAME: usize = 64;

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    sizes: [u8; 3],
    text: &'a [u8],
}

fuzz_target!(|input: Input<'_>| {
    let expected = parse_whole(input.text);
    let limit = 64 * 1024 + 64 * input.text.len();
    assert_eq!(with_limit(limit, || parse_event_stream([input.text])), expected);
    assert_eq!(with_limit(limit, || parse_event_stream(cut(input.text, &input.sizes))), expected);
});

/// Parses a stream line by line, as the format's text describes it. Unlike there, an event with one empty line of data
/// counts as an event without data.
fn parse_whole(text: &[u8]) -> Vec<SseEvent> {
    let (mut events, mut event, mut lines) = (Vec::new(), SseEvent::default(), Vec::new());
    for line in lines_of(text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text)) {
        if line.is_empty() {
            let data = std::mem::take(&mut lines).join(&b'\n');
            let event = std::mem::take(&mut event);
            if !data.is_empty() {
                events.push(SseEvent { data, ..event });
            }
            continue;
        }
        let colon = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
        let value = line.get(colon + 1..).unwrap_or_default();
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match &line[..colon] {
            b"data" => lines.push(value.to_vec()),
            b"event" => event.name = value[..value.len().min(MAX_NAME)].to_vec(),
            _ => {}
        }
    }
    events
}

/// Returns the lines that have an end.
fn lines_of(mut text: &[u8]) -> Vec<&[u8]> {
    let mut lines = Vec::new();
    while let Some(end) = text.iter().position(|byte| matches!(byte, b'\r' | b'\n')) {
        lines.push(&text[..end]);
        text = text[end..].strip_prefix(b"\r\n").unwrap_or(&text[end + 1..]);
    }
    lines
}
