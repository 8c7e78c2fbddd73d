//! The lines of an event stream as they arrive, without holding any.

/// An event's name and a field's name are short; what is longer is none that matters.
const MAX_NAME: usize = 64;

/// What the lines say, in order.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Frame<'a> {
    /// The event's name, known before its data as servers send it.
    Name(&'a [u8]),
    /// A part of the event's data.
    Data(&'a [u8]),
    /// The event is whole.
    End,
}

#[derive(Debug, Default)]
pub(super) struct Lines {
    state: State,
    /// The name of the line's field, then the value of `event`.
    name: Vec<u8>,
    /// The last line ended with CR: an LF that follows belongs to it.
    after_return: bool,
    /// This event has data.
    data: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    Field,
    /// After the colon, where one space is no part of the value.
    Space(Field),
    Value(Field),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Data,
    Event,
    Other,
}

impl Lines {
    /// Takes more of the stream and stops where `on` says so.
    pub(super) fn feed<E>(
        &mut self,
        mut text: &[u8],
        on: &mut impl FnMut(Frame<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        while let [first, after @ ..] = text {
            if std::mem::take(&mut self.after_return) && *first == b'\n' {
                text = after;
                continue;
            }
            text = match (self.state, *first) {
                (_, b'\n' | b'\r') => {
                    self.after_return = *first == b'\r';
                    self.line(on)?;
                    after
                }
                (State::Field, b':') => {
                    self.state = State::Space(self.field());
                    self.name.clear();
                    after
                }
                (State::Field, byte) => {
                    self.keep(&[byte]);
                    after
                }
                (State::Space(field), byte) => {
                    self.state = State::Value(field);
                    self.start_of_value(field, on)?;
                    if byte == b' ' { after } else { text }
                }
                (State::Value(field), _) => self.value(field, text, on)?,
            };
        }
        Ok(())
    }

    /// The end of the stream ends the last event too: not every server sends the empty line.
    pub(super) fn finish<E>(&mut self, on: &mut impl FnMut(Frame<'_>) -> Result<(), E>) -> Result<(), E> {
        self.line(on)?;
        self.line(on)
    }

    fn field(&self) -> Field {
        match self.name.as_slice() {
            b"data" => Field::Data,
            b"event" => Field::Event,
            _ => Field::Other,
        }
    }

    fn start_of_value<E>(&mut self, field: Field, on: &mut impl FnMut(Frame<'_>) -> Result<(), E>) -> Result<(), E> {
        // Lines of data are joined by a line feed.
        if field == Field::Data && std::mem::replace(&mut self.data, true) {
            on(Frame::Data(b"\n"))?;
        }
        Ok(())
    }

    fn value<'a, E>(
        &mut self,
        field: Field,
        text: &'a [u8],
        on: &mut impl FnMut(Frame<'_>) -> Result<(), E>,
    ) -> Result<&'a [u8], E> {
        let end = memchr::memchr2(b'\n', b'\r', text).unwrap_or(text.len());
        let (value, after) = text.split_at(end);
        match field {
            Field::Data => on(Frame::Data(value))?,
            Field::Event => self.keep(value),
            Field::Other => {}
        }
        Ok(after)
    }

    fn line<E>(&mut self, on: &mut impl FnMut(Frame<'_>) -> Result<(), E>) -> Result<(), E> {
        let empty = self.state == State::Field && self.name.is_empty();
        if matches!(self.state, State::Value(Field::Event)) {
            on(Frame::Name(&self.name))?;
        }
        self.name.clear();
        self.state = State::Field;
        if empty && std::mem::take(&mut self.data) { on(Frame::End) } else { Ok(()) }
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = MAX_NAME.saturating_sub(self.name.len());
        self.name.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    fn events(pieces: &[&[u8]]) -> Vec<(String, String)> {
        let (mut lines, mut events, mut event) = (Lines::default(), Vec::new(), (String::new(), String::new()));
        let mut on = |frame: Frame<'_>| {
            match frame {
                Frame::Name(name) => event.0 = String::from_utf8_lossy(name).into_owned(),
                Frame::Data(data) => event.1.push_str(&String::from_utf8_lossy(data)),
                Frame::End => events.push(std::mem::take(&mut event)),
            }
            Ok::<_, Infallible>(())
        };
        for piece in pieces {
            lines.feed(piece, &mut on).unwrap();
        }
        lines.finish(&mut on).unwrap();
        events
    }

    #[test]
    fn events_are_the_same_wherever_the_stream_is_split() {
        let text =
            b": ping\r\n\r\nevent: a\r\ndata: {\"x\":\r\ndata:1}\r\n\r\ndata:  two\n\nid: 7\n\nevent:b\rdata\rdata: \
            3\r\rretry: 1\n\ndata: last";
        let whole: Vec<(String, String)> = [("a", "{\"x\":\n1}"), ("", " two"), ("b", "3"), ("", "last")]
            .map(|(name, data)| (name.to_owned(), data.to_owned()))
            .into();
        assert_eq!(events(&[text]), whole);
        for at in 0..text.len() {
            let (before, after) = text.split_at(at);
            assert_eq!(events(&[before, after]), whole, "split at {at}");
        }
    }

    #[test]
    fn endless_names_and_comments_are_not_held() {
        let mut lines = Lines::default();
        for piece in [b": ".as_slice(), b"event: ", &[b'x'; 8], b"\n"] {
            for _ in 0..10_000 {
                lines.feed::<Infallible>(piece, &mut |_| Ok(())).unwrap();
            }
        }
        assert!(lines.name.capacity() <= 2 * MAX_NAME);
    }
}
