//! Server-sent events, parsed from bytes that may be split anywhere. The parser looks at each byte once and keeps
//! nothing but the name of the current event.

use memchr::memchr2;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Bytes of an event's name that are kept. The names that matter are shorter.
const MAX_NAME: usize = 64;

/// A piece of the stream, in order.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Frame<'a> {
    /// A part of an event's data. `event` is its name as far as it is known: servers send the name first, but need not.
    Data { event: &'a [u8], part: &'a [u8] },
    /// The end of an event that had data.
    End { event: &'a [u8] },
}

/// An incremental parser of the `text/event-stream` format. It reports names and data; other fields, comments, and
/// events without data are skipped.
#[derive(Debug)]
pub(crate) struct Parser {
    place: Place,
    /// A line feed right after a carriage return ends no second line.
    after_return: bool,
    /// This event has a line of data.
    line: bool,
    /// It has data that is more than an empty line.
    data: bool,
    /// The value of its `event` field.
    event: Vec<u8>,
}

/// Where in a line the next byte stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// After so many bytes of a byte order mark, before the first line.
    Mark(usize),
    Start,
    /// After so many bytes of the name of a field.
    Name(Field, usize),
    /// After the colon, where one space belongs to the field and not to the value.
    Space(Field),
    Value(Field),
    /// In a comment or another field, up to the end of the line.
    Other,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Data,
    Event,
}

impl Field {
    const fn name(self) -> &'static [u8] {
        match self {
            Self::Data => b"data",
            Self::Event => b"event",
        }
    }
}

impl Parser {
    pub(crate) const fn new() -> Self {
        Self { place: Place::Mark(0), after_return: false, line: false, data: false, event: Vec::new() }
    }

    /// Parses more of the stream. Stops at the first error of `on` and returns it.
    pub(crate) fn read<E>(
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

    /// Ends the last event where the stream ended without an empty line. Whether such an event counts is up to the
    /// caller: the format itself drops it.
    pub(crate) fn finish<E>(&mut self, on: &mut impl FnMut(Frame<'_>) -> Result<(), E>) -> Result<(), E> {
        self.end_line(on)?;
        self.end_line(on)
    }

    /// Parses a part of a line.
    fn part<E>(&mut self, mut bytes: &[u8], on: &mut impl FnMut(Frame<'_>) -> Result<(), E>) -> Result<(), E> {
        while let Some((&first, rest)) = bytes.split_first() {
            self.place = match self.place {
                Place::Mark(read) if BYTE_ORDER_MARK.get(read) == Some(&first) => {
                    if read == 2 {
                        Place::Start
                    } else {
                        Place::Mark(read + 1)
                    }
                }
                // Half a mark begins the name of some unknown field.
                Place::Mark(read) => {
                    self.place = if read == 0 { Place::Start } else { Place::Other };
                    continue;
                }
                Place::Start => match first {
                    b'd' => Place::Name(Field::Data, 1),
                    b'e' => Place::Name(Field::Event, 1),
                    _ => Place::Other,
                },
                Place::Name(field, read) if field.name().get(read) == Some(&first) => Place::Name(field, read + 1),
                Place::Name(field, read) if read == field.name().len() && first == b':' => {
                    self.begin_value(field, on)?;
                    Place::Space(field)
                }
                Place::Name(..) => Place::Other,
                Place::Space(field) => {
                    self.place = Place::Value(field);
                    if first != b' ' {
                        continue;
                    }
                    Place::Value(field)
                }
                Place::Value(field) => return self.value(field, bytes, on),
                Place::Other => return Ok(()),
            };
            bytes = rest;
        }
        Ok(())
    }

    fn begin_value<E>(&mut self, field: Field, on: &mut impl FnMut(Frame<'_>) -> Result<(), E>) -> Result<(), E> {
        match field {
            // The last line with a name counts.
            Field::Event => self.event.clear(),
            // Lines of data are joined by a line feed.
            Field::Data if std::mem::replace(&mut self.line, true) => {
                self.data = true;
                on(Frame::Data { event: &self.event, part: b"\n" })?;
            }
            Field::Data => {}
        }
        Ok(())
    }

    fn value<E>(
        &mut self,
        field: Field,
        part: &[u8],
        on: &mut impl FnMut(Frame<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        match field {
            Field::Event => {
                let room = MAX_NAME - self.event.len();
                self.event.extend_from_slice(&part[..part.len().min(room)]);
                Ok(())
            }
            Field::Data => {
                self.data = true;
                on(Frame::Data { event: &self.event, part })
            }
        }
    }

    fn end_line<E>(&mut self, on: &mut impl FnMut(Frame<'_>) -> Result<(), E>) -> Result<(), E> {
        match std::mem::replace(&mut self.place, Place::Start) {
            // An empty line.
            Place::Start | Place::Mark(0) => {
                self.line = false;
                let ended = if std::mem::take(&mut self.data) { on(Frame::End { event: &self.event }) } else { Ok(()) };
                self.event.clear();
                ended
            }
            // A field without a colon has an empty value.
            Place::Name(field, read) if read == field.name().len() => self.begin_value(field, on),
            Place::Name(..) | Place::Mark(_) | Place::Space(_) | Place::Value(_) | Place::Other => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
