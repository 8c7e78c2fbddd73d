//! Server-sent events out of bytes that may be split anywhere. Each byte is looked at once, and none is held.

use memchr::memchr2;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
const DATA: &[u8] = b"data";

/// What the stream says, in order.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Frame<'a> {
    /// A part of an event's data.
    Data(&'a [u8]),
    /// The event is whole, and had data.
    End,
}

/// Only the data of events is kept: their kind stands in the data too. An event without its closing empty line was cut,
/// and never comes out.
#[derive(Debug)]
pub(super) struct Parser {
    place: Place,
    /// A line feed right after a carriage return ends no second line.
    after_return: bool,
    /// This event has a line of data.
    line: bool,
    /// It has data that is more than an empty line.
    data: bool,
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
    pub(super) const fn new() -> Self {
        Self { place: Place::Mark(0), after_return: false, line: false, data: false }
    }

    /// Reads on, and stops where `on` says so.
    pub(super) fn read<E>(
        &mut self,
        mut bytes: &[u8],
        on: &mut impl FnMut(Frame<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        while let Some((&first, rest)) = bytes.split_first() {
            if std::mem::take(&mut self.after_return) && first == b'\n' {
                bytes = rest;
                continue;
            }
            match memchr2(b'\r', b'\n', bytes) {
                None => return self.part(bytes, on),
                Some(end) => {
                    self.part(&bytes[..end], on)?;
                    self.after_return = bytes[end] == b'\r';
                    bytes = &bytes[end + 1..];
                    self.end_line(on)?;
                }
            }
        }
        Ok(())
    }

    /// Part of a line.
    fn part<E>(&mut self, mut bytes: &[u8], on: &mut impl FnMut(Frame<'_>) -> Result<(), E>) -> Result<(), E> {
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
                    self.begin_value(on)?;
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
                    self.data = true;
                    return on(Frame::Data(bytes));
                }
            }
            bytes = rest;
        }
        Ok(())
    }

    fn begin_value<E>(&mut self, on: &mut impl FnMut(Frame<'_>) -> Result<(), E>) -> Result<(), E> {
        if !std::mem::replace(&mut self.line, true) {
            return Ok(());
        }
        self.data = true;
        on(Frame::Data(b"\n"))
    }

    fn end_line<E>(&mut self, on: &mut impl FnMut(Frame<'_>) -> Result<(), E>) -> Result<(), E> {
        match std::mem::replace(&mut self.place, Place::Name(0)) {
            // An empty line.
            Place::Name(0) | Place::Mark(0) => {
                self.line = false;
                if std::mem::take(&mut self.data) { on(Frame::End) } else { Ok(()) }
            }
            // The field without a colon has an empty value.
            Place::Name(read) if read == DATA.len() => self.begin_value(on),
            Place::Name(_) | Place::Mark(_) | Place::Space | Place::Value | Place::Other => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use proptest::prelude::*;

    fn parse(pieces: &[&[u8]]) -> Vec<String> {
        let (mut parser, mut events, mut data) = (Parser::new(), Vec::new(), Vec::new());
        let mut on = |frame: Frame<'_>| {
            match frame {
                Frame::Data(part) => data.extend_from_slice(part),
                Frame::End => events.push(String::from_utf8_lossy(&std::mem::take(&mut data)).into_owned()),
            }
            Ok::<_, Infallible>(())
        };
        for piece in pieces {
            parser.read(piece, &mut on).unwrap();
        }
        events
    }

    fn events(text: &str) -> Vec<String> {
        parse(&[text.as_bytes()])
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
    fn reading_stops_where_the_reader_has_enough() {
        let mut parser = Parser::new();
        let refused = parser.read(b"data: 1\n\ndata: 2\n\n", &mut |frame| match frame {
            Frame::Data(data) => Err(data.to_vec()),
            Frame::End => Ok(()),
        });
        assert_eq!(refused, Err(b"1".to_vec()));
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
            prop_assert_eq!(parse(&pieces), parse(&[bytes]));
        }
    }
}
