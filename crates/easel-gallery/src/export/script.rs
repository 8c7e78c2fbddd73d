//! Writes data into `script` elements.

use std::io::{self, Write};

use serde::Serialize;

/// Writes an element with a value as JSON, which the script of the page finds by its id.
pub(super) fn write_element(out: &mut impl Write, id: &str, value: &impl Serialize) -> io::Result<()> {
    write!(out, "<script type=\"application/json\" id=\"{id}\">")?;
    serde_json::to_writer(Escaping(&mut *out), value)?;
    out.write_all(b"</script>\n")
}

/// An element with a list or an object, which is written value by value.
pub(super) struct Parts<'a, W> {
    out: &'a mut Counting<W>,
    end: &'static str,
    is_empty: bool,
}

impl<'a, W: Write> Parts<'a, W> {
    /// Begins an element with a list.
    pub(super) fn list(out: &'a mut Counting<W>, id: &str) -> io::Result<Self> {
        Self::begin(out, id, "[", "]")
    }

    /// Begins an element with an object.
    pub(super) fn object(out: &'a mut Counting<W>, id: &str) -> io::Result<Self> {
        Self::begin(out, id, "{", "}")
    }

    fn begin(out: &'a mut Counting<W>, id: &str, start: &str, end: &'static str) -> io::Result<Self> {
        write!(out, "<script type=\"application/json\" id=\"{id}\">{start}")?;
        Ok(Self { out, end, is_empty: true })
    }

    /// Appends a value to a list.
    pub(super) fn push(&mut self, value: &impl Serialize) -> io::Result<()> {
        self.separate()?;
        Ok(serde_json::to_writer(Escaping(&mut *self.out), value)?)
    }

    /// Adds a value to an object.
    pub(super) fn insert(&mut self, key: &str, value: &impl Serialize) -> io::Result<()> {
        self.push(&key)?;
        self.out.write_all(b":")?;
        Ok(serde_json::to_writer(Escaping(&mut *self.out), value)?)
    }

    /// Returns the bytes of the file so far.
    pub(super) const fn bytes(&self) -> u64 {
        self.out.bytes
    }

    /// Ends the element.
    pub(super) fn end(self) -> io::Result<()> {
        writeln!(self.out, "{}</script>", self.end)
    }

    fn separate(&mut self) -> io::Result<()> {
        if !std::mem::take(&mut self.is_empty) {
            self.out.write_all(b",")?;
        }
        Ok(())
    }
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
    use serde_json::json;

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
    #[test]
    fn parts_are_one_value() {
        let mut out = Counting { out: Vec::new(), bytes: 0 };
        let mut list = Parts::list(&mut out, "list").unwrap();
        for value in [Some("</script>"), None] {
            list.push(&value).unwrap();
        }
        list.end().unwrap();
        Parts::list(&mut out, "none").unwrap().end().unwrap();
        let mut object = Parts::object(&mut out, "object").unwrap();
        object.insert("a<b", &1).unwrap();
        object.insert("c", &2).unwrap();
        assert!(object.bytes() > 0);
        object.end().unwrap();
        let written = String::from_utf8(out.out).unwrap();
        let values = written.lines().map(|line| {
            let json = line.split_once('>').unwrap().1.strip_suffix("</script>").unwrap();
            assert!(!json.contains('<'), "{json}");
            serde_json::from_str::<serde_json::Value>(json).unwrap()
        });
        let expected = [json!(["</script>", null]), json!([]), json!({ "a<b": 1, "c": 2 })];
        assert_eq!(values.collect::<Vec<_>>(), expected);
        assert_eq!(out.bytes, written.len() as u64);
    }
}
