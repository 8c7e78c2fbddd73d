//! GIF89a: keeps the blocks up to the trailer, without comments and application data.

use std::io::{self, Read, Seek};

use super::malformed_error;
use super::segments::Segments;
use super::source::Source;

/// Application blocks that are sent: two for the number of loops of an animation, one for a color profile.
const SENT_APPLICATIONS: [&[u8; 11]; 3] = [b"NETSCAPE2.0", b"ANIMEXTS1.0", b"ICCRGBG1012"];

pub(super) fn collect_segments<R: Read + Seek>(source: &mut Source<R>, segments: &mut Segments) -> io::Result<()> {
    source.skip(10)?;
    let [flags]: [u8; 1] = source.read_array()?;
    source.skip(2 + color_table_size(flags))?;
    segments.keep(0, source.position())?;
    loop {
        let start = source.position();
        let [introducer]: [u8; 1] = source.read_array()?;
        let is_sent = match introducer {
            0x2c => {
                source.skip(8)?;
                let [flags]: [u8; 1] = source.read_array()?;
                // The color table, then one byte with the code size.
                source.skip(color_table_size(flags) + 1)?;
                true
            }
            0x21 => is_extension_sent(source)?,
            0x3b => return segments.keep(start, 1),
            _ => return Err(malformed_error()),
        };
        skip_blocks(source)?;
        if is_sent {
            segments.keep(start, source.position() - start)?;
        }
    }
}

/// Returns whether the extension at the current position is sent. Moves the source to its first block.
fn is_extension_sent<R: Read + Seek>(source: &mut Source<R>) -> io::Result<bool> {
    let [label]: [u8; 1] = source.read_array()?;
    let blocks = source.position();
    let is_sent = match label {
        // Graphic control of the next image, and plain text, which is part of the image.
        0xf9 | 0x01 => true,
        0xff => {
            let [size, name @ ..]: [u8; 12] = source.read_array()?;
            size == 11 && SENT_APPLICATIONS.contains(&&name)
        }
        _ => false,
    };
    source.seek_to(blocks)?;
    Ok(is_sent)
}

/// Returns the size of the color table that the flags announce, in bytes.
const fn color_table_size(flags: u8) -> u64 {
    if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) }
}

/// Skips blocks up to and including the empty one that ends them, or to the end of the file.
fn skip_blocks<R: Read + Seek>(source: &mut Source<R>) -> io::Result<()> {
    while source.position() < source.length() {
        let [size]: [u8; 1] = source.read_array()?;
        if size == 0 {
            break;
        }
        source.skip(size.into())?;
    }
    Ok(())
}
