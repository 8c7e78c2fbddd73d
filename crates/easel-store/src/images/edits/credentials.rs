//! Finds Content Credentials, which a new encoding of the pixels cannot have.

use std::io::{self, BufRead, ErrorKind, Read, Seek};

/// How much of a PNG or JPEG is searched: there, Content Credentials come before the pixels.
const PREFIX_BYTES: u64 = 1 << 20;
/// The type of a box with Content Credentials (C2PA 2.1, 11.1.4.2).
const BOX_TYPE: [u8; 16] = *b"c2pa\x00\x11\x00\x10\x80\x00\x00\xaa\x00\x38\x9b\x71";
/// The name of their chunk in a RIFF file, such as a WebP, where it may be the last one (C2PA 2.1, appendix A).
const CHUNK_NAME: [u8; 4] = *b"C2PA";
/// Bytes of the header of a RIFF file: `RIFF`, its length, and the format.
const RIFF_HEADER_BYTES: usize = 12;
/// The most chunks of a RIFF file that are looked at. An animation has one for each of its frames.
const MAX_CHUNKS: usize = 100_000;

/// Returns whether a file has Content Credentials.
pub(super) fn has_content_credentials(mut file: impl BufRead + Seek) -> io::Result<bool> {
    let mut header = Vec::new();
    file.by_ref().take(RIFF_HEADER_BYTES as u64).read_to_end(&mut header)?;
    if header.len() == RIFF_HEADER_BYTES && header.starts_with(b"RIFF") {
        return has_chunk(file);
    }
    file.take(PREFIX_BYTES - RIFF_HEADER_BYTES as u64).read_to_end(&mut header)?;
    Ok(header.windows(BOX_TYPE.len()).any(|bytes| bytes == BOX_TYPE))
}

/// Walks over the chunks of a RIFF file behind its header. Only their own headers are read.
fn has_chunk(mut file: impl BufRead + Seek) -> io::Result<bool> {
    for _ in 0..MAX_CHUNKS {
        let mut header = [0; 8];
        match file.read_exact(&mut header) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(false),
            Err(error) => return Err(error),
        }
        let [a, b, c, d, length @ ..] = header;
        if [a, b, c, d] == CHUNK_NAME {
            return Ok(true);
        }
        // A chunk of odd length has a byte of padding.
        let length = i64::from(u32::from_le_bytes(length));
        file.seek_relative(length + length % 2)?;
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn webp(chunks: &[([u8; 4], usize)]) -> Vec<u8> {
        let mut bytes = b"RIFF\0\0\0\0WEBP".to_vec();
        for (name, length) in chunks {
            bytes.extend_from_slice(name);
            bytes.extend_from_slice(&u32::try_from(*length).unwrap().to_le_bytes());
            bytes.resize(bytes.len() + length + length % 2, 7);
        }
        bytes
    }

    fn has(bytes: Vec<u8>) -> bool {
        has_content_credentials(Cursor::new(bytes)).unwrap()
    }

    #[test]
    fn last_chunk_of_a_large_webp_is_found() {
        assert!(has(webp(&[(*b"VP8L", (2 << 20) + 1), (*b"EXIF", 3), (*b"C2PA", 100)])));
        assert!(!has(webp(&[(*b"VP8L", (2 << 20) + 1), (*b"EXIF", 3)])));
        assert!(!has(webp(&[])));
        let cut_off = webp(&[(*b"VP8L", 100), (*b"C2PA", 100)]);
        assert!(!has(cut_off[..cut_off.len() - 106].to_vec()));
    }

    #[test]
    fn start_of_other_formats_is_searched() {
        let png = |before: usize| [&b"\x89PNG"[..], &vec![0; before], &BOX_TYPE, &[0; 100]].concat();
        assert!(has(png(0)));
        assert!(has(png(500_000)));
        assert!(!has(png(2 << 20)));
        assert!(!has(b"RIFF".to_vec()));
    }
}
