//! Reads lines of bounded length from any blocking `Read`.

use std::io::{self, Read};

use crate::inbound::long_lines::LongLineGate;
use crate::inbound::source::{Line, Source};
use crate::os::HangUpProbe;

/// Initial capacity of the buffer in bytes, restored after a long line.
const BUFFER_SIZE: usize = 64 * 1024;

/// Reads messages as lines: each JSON-RPC message ends with a newline.
///
/// `buffer[start..end]` was read from the input and not returned yet. `buffer[start..scanned]` has no newline.
pub struct LineReader<R> {
    input: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    scanned: usize,
    max: usize,
    probe: Option<HangUpProbe>,
    gate: Option<LongLineGate>,
}

impl<R: Read + Send + 'static> Source for LineReader<R> {
    fn has_line(&self) -> bool {
        memchr::memchr(b'\n', &self.buffer[self.start..self.end]).is_some()
    }

    fn next_line(&mut self) -> io::Result<Line<'_>> {
        self.read_line()
    }

    fn set_gate(&mut self, gate: LongLineGate) {
        self.gate = Some(gate);
    }

    fn is_hung_up(&self) -> bool {
        self.probe.as_ref().is_some_and(HangUpProbe::is_hung_up)
    }
}

impl<R: Read> LineReader<R> {
    /// Creates a reader. `max` is the longest line in bytes without its newline, see [`crate::Limits::max_line_bytes`].
    pub fn new(input: R, max: usize) -> Self {
        Self { input, buffer: vec![0; BUFFER_SIZE], start: 0, end: 0, scanned: 0, max, probe: None, gate: None }
    }

    /// Adds a probe, with which the reader sees that the client has closed its end before all lines are read.
    #[must_use]
    pub fn with_probe(self, probe: HangUpProbe) -> Self {
        Self { probe: Some(probe), ..self }
    }

    /// Reads the next line. The last line may lack a newline.
    fn read_line(&mut self) -> io::Result<Line<'_>> {
        loop {
            if let Some(found) = memchr::memchr(b'\n', &self.buffer[self.scanned..self.end]) {
                let (from, to) = (self.start, self.scanned + found);
                self.start = to + 1;
                self.scanned = self.start;
                if to - from > self.max {
                    return Ok(Line::TooLong);
                }
                let line = &self.buffer[from..to];
                return Ok(if is_blank(line) { Line::Blank } else { Line::Data(line) });
            }
            self.scanned = self.end;
            if self.end - self.start > self.max {
                self.skip_line()?;
                return Ok(Line::TooLong);
            }
            if self.fill()? == 0 {
                return Ok(self.last_line());
            }
        }
    }

    fn last_line(&mut self) -> Line<'_> {
        let (from, to) = (self.start, self.end);
        self.start = to;
        if is_blank(&self.buffer[from..to]) { Line::End } else { Line::Data(&self.buffer[from..to]) }
    }

    /// Drops the buffer and everything up to the next newline or the end.
    fn skip_line(&mut self) -> io::Result<()> {
        loop {
            self.reset();
            if self.fill()? == 0 {
                return Ok(());
            }
            if let Some(found) = memchr::memchr(b'\n', &self.buffer[..self.end]) {
                self.start = found + 1;
                self.scanned = self.start;
                return Ok(());
            }
        }
    }

    fn reset(&mut self) {
        (self.start, self.end, self.scanned) = (0, 0, 0);
        if self.buffer.len() > BUFFER_SIZE {
            self.buffer = vec![0; BUFFER_SIZE];
            if let Some(gate) = &mut self.gate {
                gate.on_release();
            }
        }
    }

    /// Makes room and reads once. Returns 0 at the end of input.
    fn fill(&mut self) -> io::Result<usize> {
        if self.start == self.end {
            self.reset();
        } else if self.end == self.buffer.len() {
            if self.start == 0
                && let Some(gate) = &mut self.gate
            {
                gate.on_received(2 * self.buffer.len());
            }
            self.make_room();
        }
        loop {
            match self.input.read(&mut self.buffer[self.end..]) {
                Ok(n) => {
                    self.end += n;
                    if let Some(gate) = &mut self.gate {
                        gate.on_progress();
                    }
                    return Ok(n);
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
    }

    fn make_room(&mut self) {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.scanned -= self.start;
            self.start = 0;
        } else {
            let doubled = (self.buffer.len() * 2).min(self.max.saturating_add(BUFFER_SIZE));
            self.buffer.reserve_exact(doubled - self.buffer.len());
            self.buffer.resize(doubled, 0);
        }
    }
}

fn is_blank(line: &[u8]) -> bool {
    line.iter().all(u8::is_ascii_whitespace)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use proptest::prelude::*;

    use super::*;

    /// Returns `left` bytes of `z`, then the tail, at most `piece` bytes per read. Records the largest buffer offered.
    struct Endless<'a> {
        left: usize,
        tail: &'a [u8],
        piece: usize,
        offered: &'a Cell<usize>,
    }

    impl Read for Endless<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            self.offered.set(self.offered.get().max(out.len()));
            if self.left == 0 {
                let n = self.tail.len().min(out.len()).min(self.piece);
                return (&mut self.tail).take(n as u64).read(out);
            }
            let n = out.len().min(self.left).min(self.piece);
            out[..n].fill(b'z');
            self.left -= n;
            Ok(n)
        }
    }

    fn lines(reader: &mut LineReader<impl Read>) -> Vec<String> {
        let mut seen = Vec::new();
        loop {
            match reader.read_line().unwrap() {
                Line::Data(line) => seen.push(String::from_utf8(line.to_vec()).unwrap()),
                Line::Blank => {}
                Line::TooLong => seen.push("TOO LONG".to_owned()),
                Line::End => return seen,
            }
        }
    }

    #[test]
    fn blank_lines_are_skipped_and_last_needs_no_newline() {
        let input: &[u8] = b"\n{\"a\":1}\r\n \t \n\r\nxy\n\nlast";
        assert_eq!(lines(&mut LineReader::new(input, 8)), ["{\"a\":1}\r", "xy", "last"]);
    }

    #[test]
    fn whole_line_of_the_buffer_is_announced() {
        let mut reader = LineReader::new(&b"a\nb\nc"[..], 8);
        for (line, is_next_whole) in [("a", true), ("b", false), ("c", false)] {
            assert_eq!(reader.read_line().unwrap(), Line::Data(line.as_bytes()));
            assert_eq!(reader.has_line(), is_next_whole, "after {line}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn closed_end_is_seen_before_the_lines_are_read() {
        let (input, mut output) = io::pipe().unwrap();
        let probe = std::fs::File::from(std::os::fd::OwnedFd::from(input.try_clone().unwrap()));
        let reader = LineReader::new(input, 8).with_probe(probe.into());
        io::Write::write_all(&mut output, b"a\n").unwrap();
        assert!(!reader.is_hung_up());
        drop(output);
        assert!(reader.is_hung_up());
    }

    /// Returns at most as many bytes as the next piece says, and is interrupted where it says 0.
    struct Pieces<'a> {
        input: &'a [u8],
        sizes: std::iter::Cycle<std::slice::Iter<'a, usize>>,
    }

    impl Read for Pieces<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            match *self.sizes.next().unwrap() {
                0 => Err(io::ErrorKind::Interrupted.into()),
                size => (&mut self.input).take(size as u64).read(out),
            }
        }
    }

    /// Any byte of a line, or the end of one.
    fn any_line() -> impl Strategy<Value = Vec<u8>> {
        let length = prop_oneof![0..20_usize, (BUFFER_SIZE - 3)..(BUFFER_SIZE + 3), Just(2 * BUFFER_SIZE)];
        (length, prop_oneof![Just(b'z'), Just(b' ')]).prop_map(|(length, byte)| vec![byte; length])
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn lines_do_not_depend_on_the_reads(
            content in proptest::collection::vec(any_line(), 0..6),
            max in prop_oneof![0..20_usize, (BUFFER_SIZE - 3)..(BUFFER_SIZE + 3), Just(3 * BUFFER_SIZE)],
            mut sizes in proptest::collection::vec(prop_oneof![0..3_usize, 1_000..200_000_usize], 1..5),
            has_last_newline: bool,
        ) {
            sizes.push(40_000);
            let mut input = content.join(&b'\n');
            if has_last_newline {
                input.push(b'\n');
            }
            let is_content = |line: &&Vec<u8>| line.len() > max || !is_blank(line);
            let expected: Vec<String> = content.iter().filter(is_content).map(|line| {
                if line.len() > max { "TOO LONG".to_owned() } else { String::from_utf8(line.clone()).unwrap() }
            }).collect();
            let mut reader = LineReader::new(Pieces { input: &input, sizes: sizes.iter().cycle() }, max);
            let seen = lines(&mut reader);
            prop_assert!(seen == expected, "{} lines instead of {}", seen.len(), expected.len());
            prop_assert!(reader.buffer.len() <= max.max(BUFFER_SIZE) + BUFFER_SIZE);
        }
    }

    #[test]
    fn failure_of_the_input_is_returned() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::ErrorKind::ConnectionReset.into())
            }
        }
        let error = LineReader::new(Broken, 8).read_line().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    }

    #[test]
    fn too_long_line_is_skipped() {
        let input: &[u8] = b"12345678\n123456789\nok\n";
        assert_eq!(lines(&mut LineReader::new(input, 8)), ["12345678", "TOO LONG", "ok"]);
        for piece in [1, 7, 4096, usize::MAX] {
            let input = Endless { left: 300_000, tail: b"\nok\nlast", piece, offered: &Cell::default() };
            assert_eq!(lines(&mut LineReader::new(input, 100_000)), ["TOO LONG", "ok", "last"]);
        }
        let input = Endless { left: 300_000, tail: b"", piece: usize::MAX, offered: &Cell::default() };
        assert_eq!(lines(&mut LineReader::new(input, 100_000)), ["TOO LONG"]);
    }

    #[test]
    fn endless_line_needs_bounded_memory() {
        let max = 1024 * 1024;
        let offered = Cell::default();
        let input = Endless { left: 100_000_000, tail: b"\nok\n", piece: usize::MAX, offered: &offered };
        let mut reader = LineReader::new(input, max);
        assert_eq!(reader.read_line().unwrap(), Line::TooLong);
        assert!(reader.buffer.capacity() <= max + BUFFER_SIZE && offered.get() <= max + BUFFER_SIZE);
        assert_eq!(reader.read_line().unwrap(), Line::Data(b"ok"));
        assert_eq!(reader.read_line().unwrap(), Line::End);
        assert_eq!(reader.buffer.capacity(), BUFFER_SIZE);
    }

    /// Counts the reads of an input.
    struct Counted<'a>(&'a [u8], &'a Cell<usize>);

    impl Read for Counted<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            self.1.set(self.1.get() + 1);
            self.0.read(out)
        }
    }

    #[test]
    fn buffer_doubles_up_to_the_longest_line() {
        let (max, reads) = (4 * BUFFER_SIZE + 100, Cell::default());
        let input = [b"\n".to_vec(), vec![b'z'; max]].concat();
        let mut reader = LineReader::new(Counted(&input, &reads), max);
        assert_eq!(reader.read_line().unwrap(), Line::Blank);
        assert!(matches!(reader.read_line().unwrap(), Line::Data(line) if line.len() == max));
        assert!(reader.buffer.capacity() <= max + BUFFER_SIZE, "{}", reader.buffer.capacity());
        assert!(reads.get() <= 10, "{} reads", reads.get());
    }

    #[test]
    fn newline_at_the_end_of_the_buffer_is_found() {
        let long = "z".repeat(BUFFER_SIZE - 1);
        let input = format!("\n{long}\nok\n");
        assert_eq!(lines(&mut LineReader::new(input.as_bytes(), BUFFER_SIZE)), [&long, "ok"]);
    }

    #[test]
    fn short_lines_share_a_buffer() {
        let mut reader = LineReader::new(&[b'\n'; 3 * BUFFER_SIZE][..], 8);
        let buffer = reader.buffer.as_ptr();
        while reader.read_line().unwrap() == Line::Blank {
            assert_eq!(reader.buffer.as_ptr(), buffer);
        }
    }

    #[test]
    fn memory_of_long_line_is_released() {
        let input = Endless { left: 1_000_000, tail: b"\nok\n", piece: 10_000, offered: &Cell::default() };
        let mut reader = LineReader::new(input, 2_000_000);
        assert!(matches!(reader.read_line().unwrap(), Line::Data(line) if line.len() == 1_000_000));
        assert_eq!(reader.read_line().unwrap(), Line::Data(b"ok"));
        assert_eq!(reader.read_line().unwrap(), Line::End);
        assert_eq!(reader.buffer.capacity(), BUFFER_SIZE);
    }
}
