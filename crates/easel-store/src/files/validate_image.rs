//! Whether an image file is what its header promises to its end: a text file with a PNG's first bytes is not.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};

use easel_imagegen::strip::StrippedImage;
use easel_protocol::record::MediaType;

/// Cheap: decodes no pixels. The end of a JPEG or GIF may be missing, as it often is.
pub(crate) fn is_whole(mut file: &File, media_type: MediaType) -> io::Result<bool> {
    // An image that could not be sent without its metadata would stand in the way of every later turn.
    match StrippedImage::stripped(&mut file, media_type) {
        Err(error) if error.kind() == io::ErrorKind::InvalidData => return Ok(false),
        stripped => stripped?,
    };
    let size = file.metadata()?.len();
    let mut reader = BufReader::new(file);
    reader.rewind()?;
    let result = match media_type {
        MediaType::Png => png(&mut reader, size),
        MediaType::Webp => webp(&mut reader, size),
        MediaType::Jpeg | MediaType::Gif => Ok(true),
    };
    match result {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        result => result,
    }
}

/// Whether an image was written to its end, which also a JPEG and a GIF have then.
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

/// Chunks up to IEND, with pixels among them. What follows IEND is nobody's business.
fn png<R: Read + Seek>(reader: &mut BufReader<R>, size: u64) -> io::Result<bool> {
    let mut at: u64 = 8;
    let mut has_pixels = false;
    reader.seek_relative(8)?;
    loop {
        let mut head = [0; 8];
        reader.read_exact(&mut head)?;
        let [l0, l1, l2, l3, kind @ ..] = head;
        let length = u32::from_be_bytes([l0, l1, l2, l3]);
        at += 12 + u64::from(length);
        if at > size || !kind.iter().all(u8::is_ascii_alphabetic) {
            return Ok(false);
        }
        has_pixels |= &kind == b"IDAT";
        if &kind == b"IEND" {
            return Ok(has_pixels);
        }
        // With the checksum. What is in the buffer stays in it.
        reader.seek_relative(i64::from(length) + 4)?;
    }
}

/// The RIFF chunk must lie within the file.
fn webp(reader: &mut BufReader<&File>, size: u64) -> io::Result<bool> {
    let mut head = [0; 8];
    reader.read_exact(&mut head)?;
    let [_, _, _, _, length @ ..] = head;
    Ok(8 + u64::from(u32::from_le_bytes(length)) <= size)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    /// Counts what would be calls of the system.
    struct Counted {
        bytes: Cursor<Vec<u8>>,
        calls: usize,
    }

    impl Read for Counted {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.calls += 1;
            self.bytes.read(buffer)
        }
    }

    impl Seek for Counted {
        fn seek(&mut self, place: SeekFrom) -> io::Result<u64> {
            self.calls += 1;
            self.bytes.seek(place)
        }
    }

    #[test]
    fn a_png_is_read_in_one_pass_however_many_chunks_it_has() {
        let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
        let empty = std::iter::repeat_n(b"teSt", 100_000);
        for kind in [b"IHDR", b"IDAT"].into_iter().chain(empty).chain([b"IEND"]) {
            bytes.extend([0; 4]);
            bytes.extend(kind);
            bytes.extend([0; 4]);
        }
        let size = bytes.len();
        let mut reader = BufReader::new(Counted { bytes: Cursor::new(bytes), calls: 0 });
        assert!(png(&mut reader, size as u64).unwrap());
        let calls = reader.get_ref().calls;
        assert!(calls <= size / 2_048, "{calls} calls for {size} bytes");
    }
}
