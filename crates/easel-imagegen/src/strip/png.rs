//! PNG (W3C, third edition): chunks up to IEND.

use std::io::{self, Read, Seek};

use super::pieces::Pieces;
use super::source::Source;
use super::{not_walkable, orientation};

/// What makes up the picture and its colours, its animation, and the shape of its pixels.
const SENT: [&[u8; 4]; 19] = [
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB", b"cICP", b"mDCV",
    b"cLLI", b"bKGD", b"hIST", b"pHYs", b"acTL", b"fcTL", b"fdAT",
];

/// Chunks that a file may have: encoders write some kilobytes in each.
const MOST_CHUNKS: u32 = 1 << 18;

pub(super) fn walk<R: Read + Seek>(source: &mut Source<R>, pieces: &mut Pieces) -> io::Result<()> {
    pieces.keep(0, source.skip(8)?)?;
    let mut has_orientation = false;
    for _ in 0..MOST_CHUNKS {
        let start = source.at();
        let [l0, l1, l2, l3, kind @ ..]: [u8; 8] = source.bytes()?;
        let length = u64::from(u32::from_be_bytes([l0, l1, l2, l3]));
        if SENT.contains(&&kind) {
            // With the checksum behind it.
            pieces.keep(start, 8 + source.skip(length + 4)?)?;
        } else if &kind == b"eXIf" && !has_orientation {
            if let Some(orientation) = orientation::read(source, length)? {
                pieces.put(chunk(*b"eXIf", &orientation::tiff(orientation)))?;
                has_orientation = true;
            }
            source.skip(4)?;
        } else if kind[0].is_ascii_lowercase() && kind.iter().all(u8::is_ascii_alphabetic) {
            source.skip(length + 4)?;
        } else {
            // A picture cannot be decoded without a chunk that begins with a capital letter, and this one is unknown.
            return Err(not_walkable());
        }
        if &kind == b"IEND" {
            return Ok(());
        }
    }
    Err(not_walkable())
}

fn chunk(kind: [u8; 4], data: &[u8; 26]) -> Vec<u8> {
    let mut chunk = vec![0, 0, 0, 26];
    chunk.extend(kind);
    chunk.extend(data);
    chunk.extend(crc(&chunk[4..]).to_be_bytes());
    chunk
}

/// The cyclic redundancy code of annex D, bit by bit: it is never computed of more than a few bytes.
fn crc(bytes: &[u8]) -> u32 {
    let shift = |crc: u32, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
    !bytes.iter().fold(u32::MAX, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), shift))
}
