//! Checks an image file beyond its header, so that a text file with the first bytes of a PNG is refused.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};

use easel_imagegen::strip::StrippedImage;
use easel_protocol::record::MediaType;

/// Returns whether the file has the structure that its header promises. Decodes no pixels.
///
/// A JPEG or GIF may lack its end, as many such files do.
pub(crate) fn is_whole(mut file: &File, media_type: MediaType) -> io::Result<bool> {
    // If the metadata could not be stripped, the image could not be sent, and every later turn would fail.
    match StrippedImage::strip(&mut file, media_type) {
        Err(error) if error.kind() == io::ErrorKind::InvalidData => return Ok(false),
        stripped => stripped?,
    };
    let size = file.metadata()?.len();
    let mut reader = BufReader::new(file);
    reader.rewind()?;
    let result = match media_type {
        MediaType::Png => is_whole_png(&mut reader, size),
        MediaType::Webp => is_whole_webp(&mut reader, size),
        MediaType::Jpeg | MediaType::Gif => Ok(true),
    };
    match result {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        result => result,
    }
}

/// Returns whether an image was written to its end. A JPEG or GIF must have its end marker too.
pub(crate) fn is_finished(mut file: &File, media_type: MediaType) -> io::Result<bool> {
    let end: &[u8] = match media_type {
        MediaType::Png | MediaType::Webp => return is_whole(file, media_type),
        MediaType::Jpeg => &[0xff, 0xd9],
        MediaType::Gif => &[0x3b],
    };
    let size = file.metadata()?.len();
    file.seek(SeekFrom::Start(size.saturating_sub(end.len() as u64)))?;
    let mut last = Vec::new();
    file.take(end.len() as u64).read_to_end(&mut last)?;
    Ok(last == end)
}

/// Walks the chunks up to IEND and requires an IDAT among them. Bytes after IEND are ignored.
fn is_whole_png<R: Read + Seek>(reader: &mut BufReader<R>, size: u64) -> io::Result<bool> {
    let mut chunk_end: u64 = 8;
    let mut has_pixels = false;
    reader.seek_relative(8)?;
    loop {
        let mut head = [0; 8];
        reader.read_exact(&mut head)?;
        let [l0, l1, l2, l3, kind @ ..] = head;
        let length = u32::from_be_bytes([l0, l1, l2, l3]);
        chunk_end += 12 + u64::from(length);
        if chunk_end > size || !kind.iter().all(u8::is_ascii_alphabetic) {
            return Ok(false);
        }
        has_pixels |= &kind == b"IDAT";
        if &kind == b"IEND" {
            return Ok(has_pixels);
        }
        // Four more bytes for the checksum. Unlike `seek`, this keeps the buffer if the target is in it.
        reader.seek_relative(i64::from(length) + 4)?;
    }
}

/// Checks that the RIFF chunk lies within the file.
fn is_whole_webp(reader: &mut BufReader<&File>, size: u64) -> io::Result<bool> {
    let mut head = [0; 8];
    reader.read_exact(&mut head)?;
    let [_, _, _, _, length @ ..] = head;
    Ok(8 + u64::from(u32::from_le_bytes(length)) <= size)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    /// Counts the reads and seeks, since each would be a system call.
    struct CountingReader {
        bytes: Cursor<Vec<u8>>,
        calls: usize,
    }

    impl Read for CountingReader {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.calls += 1;
            self.bytes.read(buffer)
        }
    }

    impl Seek for CountingReader {
        fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
            self.calls += 1;
            self.bytes.seek(position)
        }
    }

    #[test]
    fn png_with_many_chunks_is_read_in_one_pass() {
        let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
        let empty = std::iter::repeat_n(b"teSt", 100_000);
        for kind in [b"IHDR", b"IDAT"].into_iter().chain(empty).chain([b"IEND"]) {
            bytes.extend([0; 4]);
            bytes.extend(kind);
            bytes.extend([0; 4]);
        }
        let size = bytes.len();
        let mut reader = BufReader::new(CountingReader { bytes: Cursor::new(bytes), calls: 0 });
        assert!(is_whole_png(&mut reader, size as u64).unwrap());
        let calls = reader.get_ref().calls;
        assert!(calls <= size / 2_048, "{calls} calls for {size} bytes");
    }
}
