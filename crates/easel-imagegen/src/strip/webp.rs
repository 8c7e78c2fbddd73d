//! WebP (RFC 9649): keeps the RIFF chunks of the image.

use std::io::{self, Read, Seek};

use super::segments::Segments;
use super::source::Source;
use super::{malformed_error, orientation};

const SENT_CHUNKS: [&[u8; 4]; 5] = [b"VP8 ", b"VP8L", b"ALPH", b"ICCP", b"ANIM"];
/// The chunks of an animation frame that are sent.
const SENT_IN_FRAME: [&[u8; 4]; 3] = [b"VP8 ", b"VP8L", b"ALPH"];
/// Size of position, size, duration and blending of a frame, before its chunks, in bytes.
const FRAME_HEADER: u64 = 16;
/// Maximum number of sent chunks of a frame. Ordinary frames have one for pixels and perhaps one for transparency.
const MAX_CHUNKS_IN_FRAME: usize = 16;
/// Flags of VP8X.
const HAS_EXIF: u8 = 0x08;
const HAS_XMP: u8 = 0x04;

pub(super) fn collect_segments<R: Read + Seek>(source: &mut Source<R>, segments: &mut Segments) -> io::Result<()> {
    let [.., s0, s1, s2, s3]: [u8; 8] = source.read_array()?;
    let end = (8 + u64::from(u32::from_le_bytes([s0, s1, s2, s3]))).min(source.length());
    source.skip(4)?;
    let mut extended: Option<[u8; 10]> = None;
    let mut orientation = None;
    while source.position() + 8 <= end {
        let start = source.position();
        let [k0, k1, k2, k3, s0, s1, s2, s3]: [u8; 8] = source.read_array()?;
        let (kind, size) = ([k0, k1, k2, k3], u64::from(u32::from_le_bytes([s0, s1, s2, s3])));
        // Chunks are padded to an even length; the last one may be truncated.
        let available = (size + size % 2).min(end - source.position());
        match &kind {
            b"VP8X" if extended.is_none() && segments.bytes() == 0 && size == 10 => {
                extended = Some(source.read_array()?);
            }
            // The specification requires it once, with ten bytes, as the first chunk.
            b"VP8X" => return Err(malformed_error()),
            b"EXIF" if orientation.is_none() => {
                orientation = orientation::read(source, available.min(size))?;
            }
            b"ANMF" => keep_frame(source, segments, start, available.min(size))?,
            kind if SENT_CHUNKS.contains(&kind) => segments.keep(start, 8 + available)?,
            _ => {}
        }
        source.seek_to(start + 8 + available)?;
    }
    // Decoders read Exif only with the extended header. An odd length means that a chunk is truncated.
    let orientation = orientation.filter(|_| extended.is_some() && segments.bytes().is_multiple_of(2));
    if let Some(orientation) = orientation {
        let tiff = orientation::build_tiff(orientation);
        segments.put([b"EXIF\x1a\0\0\0".as_slice(), &tiff].concat())?;
    }
    let mut head = b"WEBP".to_vec();
    if let Some([flags, rest @ ..]) = extended {
        let exif = if orientation.is_some() { HAS_EXIF } else { 0 };
        head.extend(b"VP8X\x0a\0\0\0");
        head.push(flags & !(HAS_EXIF | HAS_XMP) | exif);
        head.extend(rest);
    }
    let size = u32::try_from(head.len() as u64 + segments.bytes()).map_err(|_| malformed_error())?;
    segments.put_first([b"RIFF".as_slice(), &size.to_le_bytes(), &head].concat());
    Ok(())
}

/// Keeps the frame at `start`, without its unknown chunks: a frame may contain any chunk. The source is behind
/// the header of the frame's chunk; `length` is the size of the content in bytes.
fn keep_frame<R: Read + Seek>(
    source: &mut Source<R>,
    segments: &mut Segments,
    start: u64,
    length: u64,
) -> io::Result<()> {
    let end = source.position() + length;
    if length < FRAME_HEADER {
        return Ok(());
    }
    let header: [u8; FRAME_HEADER as usize] = source.read_array()?;
    let (mut sent, mut kept) = (Vec::new(), FRAME_HEADER);
    while source.position() + 8 <= end {
        let chunk = source.position();
        let [k0, k1, k2, k3, s0, s1, s2, s3]: [u8; 8] = source.read_array()?;
        let size = u64::from(u32::from_le_bytes([s0, s1, s2, s3]));
        let available = 8 + (size + size % 2).min(end - source.position());
        if SENT_IN_FRAME.contains(&&[k0, k1, k2, k3]) {
            if sent.len() == MAX_CHUNKS_IN_FRAME {
                return Err(malformed_error());
            }
            sent.push((chunk, available));
            kept += available;
        }
        source.seek_to(chunk + available)?;
    }
    let padding = kept % 2;
    if kept == length {
        return segments.keep(start, 8 + length + padding.min(source.length() - end));
    }
    let size = u32::try_from(kept).map_err(|_| malformed_error())?;
    segments.put([b"ANMF".as_slice(), &size.to_le_bytes(), &header].concat())?;
    for (chunk, length) in sent {
        segments.keep(chunk, length)?;
    }
    if padding == 1 { segments.put(vec![0]) } else { Ok(()) }
}
