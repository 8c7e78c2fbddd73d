use super::*;
use proptest::prelude::*;

/// Name and data of each event; `ended` also ends the stream.
fn parse(pieces: &[&[u8]], ended: bool) -> Vec<(String, String)> {
    let (mut parser, mut events, mut data) = (Parser::default(), Vec::new(), Vec::new());
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let end: &[u8] = if ended { b"\n\n" } else { b"" };
    for mut bytes in pieces.iter().copied().chain([end]) {
        while let Some(frame) = parser.next(&mut bytes) {
            match frame {
                Frame::Data(part) => data.extend_from_slice(part),
                Frame::End => events.push((text(parser.event()), text(&std::mem::take(&mut data)))),
            }
        }
    }
    events
}

/// The data of each event.
fn events(text: &str) -> Vec<String> {
    parse(&[text.as_bytes()], false).into_iter().map(|(_, data)| data).collect()
}

/// The name of each event.
fn names(text: &str) -> Vec<String> {
    parse(&[text.as_bytes()], false).into_iter().map(|(name, _)| name).collect()
}

#[test]
fn all_line_endings_are_supported() {
    assert_eq!(events("data: 1\n\ndata: 2\r\n\r\ndata: 3\r\r"), ["1", "2", "3"]);
    for end in ["\n", "\r\n", "\r"] {
        let text = ["event: a", "data: 1", "data: 2", "", "data: 3", "", ""].join(end);
        let parsed = parse(&[text.as_bytes()], false);
        assert_eq!(parsed, [("a", "1\n2"), ("", "3")].map(|(name, data)| (name.to_owned(), data.to_owned())));
    }
}

#[test]
fn other_fields_are_ignored() {
    assert_eq!(
        events(": comment\nevent: x\nid: 1\ndatum: no\ndat\ndata2: no\nevents: no\ndata: yes\nretry: 5\n\n"),
        ["yes"]
    );
}

#[test]
fn data_lines_are_joined() {
    assert_eq!(events("data:a\ndata:  b\ndata\ndata: c\n\n"), ["a\n b\n\nc"]);
}

#[test]
fn event_without_data_or_end_is_skipped() {
    assert!(events("event: ping\n\n: keep-alive\n\ndata:\n\ndata: cut\n").is_empty());
}

#[test]
fn two_line_feeds_end_the_last_event() {
    for text in ["data: 1\n\nevent: b\ndata: 2", "data: 1\n\nevent: b\ndata: 2\n", "data: 1\n\nevent: b\ndata: 2\n\n"] {
        let [first, second] = parse(&[text.as_bytes()], true).try_into().unwrap();
        assert_eq!((first.1.as_str(), second.0.as_str(), second.1.as_str()), ("1", "b", "2"), "{text:?}");
    }
}

#[test]
fn name_belongs_to_its_own_event() {
    assert_eq!(
        names("event: a\ndata: 1\n\ndata: 2\n\nevent: lost\n\ndata: 3\n\ndata: 4\nevent:late\n\n"),
        ["a", "", "", "late"]
    );
    assert_eq!(names("event: first\nevent: last\ndata: 1\n\nevent: x\nevent\ndata: 2\n\n"), ["last", ""]);
}

#[test]
fn name_is_known_before_the_data() {
    let mut parser = Parser::default();
    let bytes = &mut &b"event: image\ndata: 1"[..];
    assert_eq!((parser.next(bytes), parser.event()), (Some(Frame::Data(b"1")), &b"image"[..]));
    assert_eq!(parser.next(bytes), None);
    let bytes = &mut &b"2\n\ndata: 3"[..];
    assert_eq!((parser.next(bytes), parser.event()), (Some(Frame::Data(b"2")), &b"image"[..]));
    assert_eq!((parser.next(bytes), parser.event()), (Some(Frame::End), &b"image"[..]));
    assert_eq!((parser.next(bytes), parser.event()), (Some(Frame::Data(b"3")), &b""[..]));
}

#[test]
fn byte_order_mark_is_skipped_only_at_the_start() {
    assert_eq!(events("\u{feff}data: 1\n\n\u{feff}data: 2\n\ndata: 3\n\n"), ["1", "3"]);
}

#[test]
fn endless_names_and_comments_are_not_kept() {
    let mut parser = Parser::default();
    for piece in [b": ".as_slice(), b"\nevent: ", b"\nother: ", b"\n"] {
        for mut bytes in std::iter::once(piece).chain(std::iter::repeat_n(&b"xxxxxxxx"[..], 10_000)) {
            assert_eq!(parser.next(&mut bytes), None);
        }
    }
    assert!(parser.event.capacity().max(parser.field.capacity()) <= 2 * MAX_NAME);
}

proptest! {
    #[test]
    fn result_does_not_depend_on_splits(
        text in "(\u{feff})?(data|data:|data: |event|event: |event:|: |a|\\{\\}|é|\n|\r|\r\n){0,40}",
        cuts in proptest::collection::vec(0usize..200, 0..6),
        ended: bool,
    ) {
        let bytes = text.as_bytes();
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let pieces: Vec<&[u8]> = cuts.windows(2).map(|cut| &bytes[cut[0]..cut[1]]).collect();
        prop_assert_eq!(parse(&pieces, ended), parse(&[bytes], ended));
    }
}
