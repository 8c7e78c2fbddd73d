//! Server-sent events out of bytes that may be split anywhere. Each byte is looked at once.

use std::collections::VecDeque;

use bytes::Bytes;
use memchr::memchr2;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
const DATA: &[u8] = b"data";

/// One event is larger than the bound.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooLarge;

/// Only the data of events is kept: their kind stands in the data too. An event without its closing empty line was cut,
/// and never comes out.
#[derive(Debug)]
pub(super) struct Parser {
    place: Place,
    /// A line feed right after a carriage return ends no second line.
    after_return: bool,
    data: Vec<u8>,
    /// Lines of data in this event so far.
    lines: usize,
    max_event_bytes: usize,
}

/// Where in a line the next byte stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// So many bytes of a byte order mark have been read, before the first line.
    Mark(usize),
    /// So many bytes of `data` have been read.
    Name(usize),
    /// After `data:`, where one space belongs to the field and not to the value.
    Space,
    Value,
    /// In a comment or another field, up to the end of the line.
    Other,
}

impl Parser {
    pub(super) const fn new(max_event_bytes: usize) -> Self {
        Self { place: Place::Mark(0), after_return: false, data: Vec::new(), lines: 0, max_event_bytes }
    }

    /// Reads on, and puts the data of whole events into `events`.
    pub(super) fn read(&mut self, mut bytes: &[u8], events: &mut VecDeque<Bytes>) -> Result<(), TooLarge> {
        while let Some((&first, rest)) = bytes.split_first() {
            if std::mem::take(&mut self.after_return) && first == b'\n' {
                bytes = rest;
                continue;
            }
            match memchr2(b'\r', b'\n', bytes) {
                None => return self.part(bytes),
                Some(end) => {
                    self.part(&bytes[..end])?;
                    self.after_return = bytes[end] == b'\r';
                    bytes = &bytes[end + 1..];
                    self.end_line(events);
                }
            }
        }
        Ok(())
    }

    /// Part of a line.
    fn part(&mut self, mut bytes: &[u8]) -> Result<(), TooLarge> {
        while let Some((&first, rest)) = bytes.split_first() {
            match self.place {
                Place::Mark(read) if BYTE_ORDER_MARK.get(read) == Some(&first) => {
                    self.place = if read == 2 { Place::Name(0) } else { Place::Mark(read + 1) };
                }
                // Half a mark begins the name of some unknown field.
                Place::Mark(read) => {
                    self.place = if read == 0 { Place::Name(0) } else { Place::Other };
                    continue;
                }
                Place::Name(read) if DATA.get(read) == Some(&first) => self.place = Place::Name(read + 1),
                Place::Name(read) if read == DATA.len() && first == b':' => {
                    self.begin_value();
                    self.place = Place::Space;
                }
                Place::Name(_) | Place::Other => {
                    self.place = Place::Other;
                    return Ok(());
                }
                Place::Space => {
                    self.place = Place::Value;
                    if first != b' ' {
                        continue;
                    }
                }
                Place::Value => {
                    if self.data.len() + bytes.len() > self.max_event_bytes {
                        return Err(TooLarge);
                    }
                    self.data.extend_from_slice(bytes);
                    return Ok(());
                }
            }
            bytes = rest;
        }
        Ok(())
    }

    fn begin_value(&mut self) {
        if self.lines > 0 {
            self.data.push(b'\n');
        }
        self.lines += 1;
    }

    fn end_line(&mut self, events: &mut VecDeque<Bytes>) {
        match std::mem::replace(&mut self.place, Place::Name(0)) {
            // An empty line.
            Place::Name(0) | Place::Mark(0) => {
                if self.lines > 0 && !self.data.is_empty() {
                    events.push_back(Bytes::from(std::mem::take(&mut self.data)));
                }
                self.data.clear();
                self.lines = 0;
            }
            // The field without a colon has an empty value.
            Place::Name(read) if read == DATA.len() => self.begin_value(),
            Place::Name(_) | Place::Mark(_) | Place::Space | Place::Value | Place::Other => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(pieces: &[&[u8]], max: usize) -> Result<Vec<String>, TooLarge> {
        let mut parser = Parser::new(max);
        let mut events = VecDeque::new();
        for piece in pieces {
            parser.read(piece, &mut events)?;
        }
        Ok(events.iter().map(|event| String::from_utf8_lossy(event).into_owned()).collect())
    }

    fn events(text: &str) -> Vec<String> {
        parse(&[text.as_bytes()], 1_000).unwrap()
    }

    #[test]
    fn lines_end_with_any_of_the_three_endings() {
        assert_eq!(events("data: 1\n\ndata: 2\r\n\r\ndata: 3\r\r"), ["1", "2", "3"]);
    }

    #[test]
    fn only_data_is_data() {
        assert_eq!(events(": comment\nevent: x\nid: 1\ndatum: no\ndat\ndata2: no\ndata: yes\nretry: 5\n\n"), ["yes"]);
    }

    #[test]
    fn lines_of_one_event_are_joined_and_one_space_is_dropped() {
        assert_eq!(events("data:a\ndata:  b\ndata\ndata: c\n\n"), ["a\n b\n\nc"]);
    }

    #[test]
    fn an_event_without_data_or_without_its_end_does_not_come_out() {
        assert!(events("event: ping\n\n: keep-alive\n\ndata:\n\ndata: cut\n").is_empty());
    }

    #[test]
    fn a_byte_order_mark_is_passed_over_at_the_start_and_only_there() {
        assert_eq!(events("\u{feff}data: 1\n\n\u{feff}data: 2\n\ndata: 3\n\n"), ["1", "3"]);
    }

    #[test]
    fn an_event_over_the_bound_is_refused_however_it_is_split() {
        assert_eq!(parse(&[b"data: 1234\n\n"], 4).unwrap(), ["1234"]);
        assert_eq!(parse(&[b"data: 12345\n\n"], 4), Err(TooLarge));
        assert_eq!(parse(&[b"data: 12", b"34", b"5"], 4), Err(TooLarge));
        assert_eq!(parse(&[b"data: 12\n", b"data: 34\n"], 4), Err(TooLarge));
    }

    #[test]
    fn an_endless_comment_takes_no_memory() {
        let mut parser = Parser::new(10);
        let mut events = VecDeque::new();
        for _ in 0..1_000 {
            parser.read(b": comment without an end", &mut events).unwrap();
        }
        assert_eq!((parser.data.capacity(), events.len()), (0, 0));
    }

    proptest! {
        #[test]
        fn where_the_bytes_are_split_makes_no_difference(
            text in "(\u{feff})?(data|data:|data: |event: |: |a|\\{\\}|é|\n|\r|\r\n){0,40}",
            cuts in proptest::collection::vec(0usize..200, 0..6),
        ) {
            let bytes = text.as_bytes();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|cut| &bytes[cut[0]..cut[1]]).collect();
            prop_assert_eq!(parse(&pieces, 1_000).unwrap(), parse(&[bytes], 1_000).unwrap());
        }
    }
}
