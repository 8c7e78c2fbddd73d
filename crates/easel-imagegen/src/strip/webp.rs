//! WebP (RFC 9649): the chunks within RIFF that make up the picture.

use std::io::{self, Read, Seek};

use super::pieces::Pieces;
use super::source::Source;
use super::{not_walkable, orientation};

const SENT: [&[u8; 4]; 5] = [b"VP8 ", b"VP8L", b"ALPH", b"ICCP", b"ANIM"];
/// The chunks of one frame of an animation.
const SENT_OF_FRAME: [&[u8; 4]; 3] = [b"VP8 ", b"VP8L", b"ALPH"];
/// Place, size, duration and blending of a frame, before its chunks.
const FRAME_HEADER: u64 = 16;
/// Chunks of a frame that are sent: one of pixels, perhaps one of transparency.
const MOST_OF_FRAME: usize = 16;
/// Flags of VP8X.
const HAS_EXIF: u8 = 0x08;
const HAS_XMP: u8 = 0x04;

pub(super) fn walk<R: Read + Seek>(source: &mut Source<R>, pieces: &mut Pieces) -> io::Result<()> {
    let [.., s0, s1, s2, s3]: [u8; 8] = source.bytes()?;
    let end = (8 + u64::from(u32::from_le_bytes([s0, s1, s2, s3]))).min(source.length());
    source.skip(4)?;
    let mut extended: Option<[u8; 10]> = None;
    let mut orientation = None;
    while source.at() + 8 <= end {
        let start = source.at();
        let [k0, k1, k2, k3, s0, s1, s2, s3]: [u8; 8] = source.bytes()?;
        let (kind, size) = ([k0, k1, k2, k3], u64::from(u32::from_le_bytes([s0, s1, s2, s3])));
        // Chunks are filled up to an even length; the last may be cut off.
        let there = (size + size % 2).min(end - source.at());
        match &kind {
            b"VP8X" if extended.is_none() && pieces.bytes() == 0 && size == 10 => extended = Some(source.bytes()?),
            // The specification has it once, with ten bytes, and first.
            b"VP8X" => return Err(not_walkable()),
            b"EXIF" if orientation.is_none() => {
                orientation = orientation::read(source, there.min(size))?;
            }
            b"ANMF" => frame(source, pieces, start, there.min(size))?,
            kind if SENT.contains(&kind) => pieces.keep(start, 8 + there)?,
            _ => {}
        }
        source.go_to(start + 8 + there)?;
    }
    // Without the extended header nobody looks for Exif; an odd length is that of a chunk that is cut off.
    let orientation = orientation.filter(|_| extended.is_some() && pieces.bytes().is_multiple_of(2));
    if let Some(orientation) = orientation {
        let tiff = orientation::tiff(orientation);
        pieces.put([b"EXIF\x1a\0\0\0".as_slice(), &tiff].concat())?;
    }
    let mut head = b"WEBP".to_vec();
    if let Some([flags, rest @ ..]) = extended {
        let exif = if orientation.is_some() { HAS_EXIF } else { 0 };
        head.extend(b"VP8X\x0a\0\0\0");
        head.push(flags & !(HAS_EXIF | HAS_XMP) | exif);
        head.extend(rest);
    }
    let size = u32::try_from(head.len() as u64 + pieces.bytes()).map_err(|_| not_walkable())?;
    pieces.put_first([b"RIFF".as_slice(), &size.to_le_bytes(), &head].concat());
    Ok(())
}

/// Sends the frame at `start`, behind whose head the source stands and which has `length` bytes, without the chunks in it
/// that nobody knows: a frame may hold any.
fn frame<R: Read + Seek>(source: &mut Source<R>, pieces: &mut Pieces, start: u64, length: u64) -> io::Result<()> {
    let end = source.at() + length;
    if length < FRAME_HEADER {
        return Ok(());
    }
    let header: [u8; FRAME_HEADER as usize] = source.bytes()?;
    let (mut sent, mut kept) = (Vec::new(), FRAME_HEADER);
    while source.at() + 8 <= end {
        let chunk = source.at();
        let [k0, k1, k2, k3, s0, s1, s2, s3]: [u8; 8] = source.bytes()?;
        let size = u64::from(u32::from_le_bytes([s0, s1, s2, s3]));
        let there = 8 + (size + size % 2).min(end - source.at());
        if SENT_OF_FRAME.contains(&&[k0, k1, k2, k3]) {
            if sent.len() == MOST_OF_FRAME {
                return Err(not_walkable());
            }
            sent.push((chunk, there));
            kept += there;
        }
        source.go_to(chunk + there)?;
    }
    let padding = kept % 2;
    if kept == length {
        return pieces.keep(start, 8 + length + padding.min(source.length() - end));
    }
    let size = u32::try_from(kept).map_err(|_| not_walkable())?;
    pieces.put([b"ANMF".as_slice(), &size.to_le_bytes(), &header].concat())?;
    for (chunk, there) in sent {
        pieces.keep(chunk, there)?;
    }
    if padding == 1 { pieces.put(vec![0]) } else { Ok(()) }
}
