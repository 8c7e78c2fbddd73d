//! The format of a response's body. Its first bytes decide, because servers send JSON with the header of an event
//! stream, and events with any header or none.

use super::sse::BYTE_ORDER_MARK;

/// The format of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyFormat {
    Json,
    Events,
    /// A web page, which no API sends.
    Page,
}

/// Detects the format of a body while it arrives.
#[derive(Debug, Default)]
pub(crate) struct FormatDetector {
    /// Bytes of a byte order mark so far.
    mark: usize,
    format: Option<BodyFormat>,
}

impl FormatDetector {
    /// Returns the format, if enough of the body has arrived.
    pub(crate) fn format(&self) -> Option<BodyFormat> {
        self.format
    }

    /// Returns the format with the next bytes of the body. Removes a byte order mark and blanks before the first other
    /// byte, which decides.
    pub(crate) fn feed(&mut self, bytes: &mut &[u8]) -> Option<BodyFormat> {
        while let (None, [first, rest @ ..]) = (self.format, *bytes) {
            if BYTE_ORDER_MARK.get(self.mark) == Some(first) {
                self.mark += 1;
            } else if !first.is_ascii_whitespace() {
                self.format = Some(match first {
                    b'{' | b'[' => BodyFormat::Json,
                    b'<' => BodyFormat::Page,
                    _ => BodyFormat::Events,
                });
                break;
            }
            *bytes = rest;
        }
        self.format
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_byte_decides_wherever_the_body_is_split() {
        for (body, format, rest) in [
            (&b"{\"a\":1}"[..], Some(BodyFormat::Json), &b"{\"a\":1}"[..]),
            (b"\xef\xbb\xbf\r\n [1]", Some(BodyFormat::Json), b"[1]"),
            (b"\xef\xbb\xbfdata: {}\n\n", Some(BodyFormat::Events), b"data: {}\n\n"),
            (b"\n\n: ping\n\n", Some(BodyFormat::Events), b": ping\n\n"),
            (b"\t<html>", Some(BodyFormat::Page), b"<html>"),
            (b"\xef\xbb\xbf  ", None, b""),
        ] {
            for size in 1..=body.len() {
                let (mut detector, mut seen) = (FormatDetector::default(), Vec::new());
                for mut chunk in body.chunks(size) {
                    detector.feed(&mut chunk);
                    seen.extend_from_slice(chunk);
                }
                assert_eq!((detector.format(), seen.as_slice()), (format, rest), "{size}");
            }
        }
    }
}
