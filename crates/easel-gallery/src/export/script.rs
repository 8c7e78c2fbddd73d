//! Writes data into `script` elements.

use std::io::{self, Write};

use serde::Serialize;

/// Writes an element with a value as JSON, which the script of the page finds by its id.
pub(super) fn write_element(out: &mut impl Write, id: &str, value: &impl Serialize) -> io::Result<()> {
    write!(out, "<script type=\"application/json\" id=\"{id}\">")?;
    serde_json::to_writer(Escaping(&mut *out), value)?;
    out.write_all(b"</script>\n")
}

/// Replaces every `<` of JSON by an escape: without it, nothing can end the element or begin a comment.
struct Escaping<W>(W);

impl<W: Write> Write for Escaping<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        for (index, part) in buffer.split(|byte| *byte == b'<').enumerate() {
            if index > 0 {
                self.0.write_all(b"\\u003c")?;
            }
            self.0.write_all(part)?;
        }
        Ok(buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Counts what it writes.
pub(super) struct Counting<W> {
    pub(super) out: W,
    pub(super) bytes: u64,
}

impl<W: Write> Write for Counting<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let written = self.out.write(buffer)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_cannot_end_its_element() {
        let hostile = ["</script><script>alert(1)</script>", "<!--", "<SCRIPT", "]]>\u{2028}", "<<"];
        let mut out = Vec::new();
        write_element(&mut out, "data", &hostile).unwrap();
        let element = String::from_utf8(out).unwrap();
        let json = element.strip_prefix("<script type=\"application/json\" id=\"data\">").unwrap();
        let json = json.strip_suffix("</script>\n").unwrap();
        assert!(!json.contains('<'));
        assert_eq!(serde_json::from_str::<Vec<String>>(json).unwrap(), hostile);
    }
}
