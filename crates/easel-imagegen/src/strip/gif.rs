//! GIF89a: blocks up to the trailer, without comments and what applications wrote for themselves.

use std::io::{self, Read, Seek};

use super::not_walkable;
use super::pieces::Pieces;
use super::source::Source;

/// How often an animation is shown, and a colour profile.
const SENT: [&[u8; 11]; 3] = [b"NETSCAPE2.0", b"ANIMEXTS1.0", b"ICCRGBG1012"];

pub(super) fn walk<R: Read + Seek>(source: &mut Source<R>, pieces: &mut Pieces) -> io::Result<()> {
    source.skip(10)?;
    let [flags]: [u8; 1] = source.bytes()?;
    source.skip(2 + colours(flags))?;
    pieces.keep(0, source.at())?;
    loop {
        let start = source.at();
        let [introducer]: [u8; 1] = source.bytes()?;
        let is_sent = match introducer {
            0x2c => {
                source.skip(8)?;
                let [flags]: [u8; 1] = source.bytes()?;
                // With the size of the codes.
                source.skip(colours(flags) + 1)?;
                true
            }
            0x21 => extension_is_sent(source)?,
            0x3b => return pieces.keep(start, 1),
            _ => return Err(not_walkable()),
        };
        skip_blocks(source)?;
        if is_sent {
            pieces.keep(start, source.at() - start)?;
        }
    }
}

/// Stands behind the label before, and before the blocks of the extension after.
fn extension_is_sent<R: Read + Seek>(source: &mut Source<R>) -> io::Result<bool> {
    let [label]: [u8; 1] = source.bytes()?;
    let blocks = source.at();
    let is_sent = match label {
        // Control of the next image, and text that is part of the picture.
        0xf9 | 0x01 => true,
        0xff => {
            let [size, name @ ..]: [u8; 12] = source.bytes()?;
            size == 11 && SENT.contains(&&name)
        }
        _ => false,
    };
    source.go_to(blocks)?;
    Ok(is_sent)
}

/// Bytes of the table of colours that the flags promise.
const fn colours(flags: u8) -> u64 {
    if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) }
}

/// Goes behind the empty block that ends a row of them, or to the end of the file.
fn skip_blocks<R: Read + Seek>(source: &mut Source<R>) -> io::Result<()> {
    while source.at() < source.length() {
        let [size]: [u8; 1] = source.bytes()?;
        if size == 0 {
            break;
        }
        source.skip(size.into())?;
    }
    Ok(())
}
