//! PNG (W3C, third edition): keeps known chunks up to IEND.

use std::io::{self, Read, Seek};

use super::segments::Segments;
use super::source::Source;
use super::{malformed_error, orientation};

/// The chunks that are sent: those of the image, its colors, its animation and its pixel dimensions.
const SENT_CHUNKS: [&[u8; 4]; 19] = [
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB", b"cICP", b"mDCV",
    b"cLLI", b"bKGD", b"hIST", b"pHYs", b"acTL", b"fcTL", b"fdAT",
];

/// Maximum number of chunks of a file. Encoders write some kilobytes into each.
const MAX_CHUNKS: u32 = 1 << 18;

pub(super) fn collect_segments<R: Read + Seek>(source: &mut Source<R>, segments: &mut Segments) -> io::Result<()> {
    segments.keep(0, source.skip(8)?)?;
    let mut has_orientation = false;
    for _ in 0..MAX_CHUNKS {
        let start = source.position();
        let [l0, l1, l2, l3, kind @ ..]: [u8; 8] = source.read_array()?;
        let length = u64::from(u32::from_be_bytes([l0, l1, l2, l3]));
        if SENT_CHUNKS.contains(&&kind) {
            // With its checksum.
            segments.keep(start, 8 + source.skip(length + 4)?)?;
        } else if &kind == b"eXIf" && !has_orientation {
            if let Some(orientation) = orientation::read(source, length)? {
                segments.put(build_chunk(*b"eXIf", &orientation::build_tiff(orientation)))?;
                has_orientation = true;
            }
            source.skip(4)?;
        } else if kind[0].is_ascii_lowercase() && kind.iter().all(u8::is_ascii_alphabetic) {
            source.skip(length + 4)?;
        } else {
            // A chunk that begins with a capital letter is required to decode the image, and this one is unknown.
            return Err(malformed_error());
        }
        if &kind == b"IEND" {
            return Ok(());
        }
    }
    Err(malformed_error())
}

fn build_chunk(kind: [u8; 4], data: &[u8; 26]) -> Vec<u8> {
    let mut chunk = vec![0, 0, 0, 26];
    chunk.extend(kind);
    chunk.extend(data);
    chunk.extend(compute_crc(&chunk[4..]).to_be_bytes());
    chunk
}

/// Computes the cyclic redundancy code of annex D bit by bit, because it covers only a few bytes.
fn compute_crc(bytes: &[u8]) -> u32 {
    let shift = |crc: u32, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
    !bytes.iter().fold(u32::MAX, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), shift))
}
