//! Whether an image file is what its header promises to its end: a text file with a PNG's first bytes is not.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};

use easel_imagegen::strip::Outgoing;
use easel_protocol::record::MediaType;

/// Cheap: decodes no pixels. The end of a JPEG or GIF may be missing, as it often is.
pub(crate) fn is_whole(mut file: &File, media_type: MediaType) -> io::Result<bool> {
    // An image that could not be sent without its metadata would stand in the way of every later turn.
    match Outgoing::stripped(&mut file, media_type) {
        Err(error) if error.kind() == io::ErrorKind::InvalidData => return Ok(false),
        stripped => stripped?,
    };
    let mut reader = BufReader::new(file);
    reader.rewind()?;
    let result = match media_type {
        MediaType::Png => png(&mut reader),
        MediaType::Webp => webp(&mut reader),
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
fn png(reader: &mut BufReader<&File>) -> io::Result<bool> {
    let size = reader.get_ref().metadata()?.len();
    let mut at: u64 = 8;
    let mut has_pixels = false;
    loop {
        reader.seek(SeekFrom::Start(at))?;
        let mut head = [0; 8];
        reader.read_exact(&mut head)?;
        let [l0, l1, l2, l3, kind @ ..] = head;
        at += 12 + u64::from(u32::from_be_bytes([l0, l1, l2, l3]));
        if at > size || !kind.iter().all(u8::is_ascii_alphabetic) {
            return Ok(false);
        }
        has_pixels |= &kind == b"IDAT";
        if &kind == b"IEND" {
            return Ok(has_pixels);
        }
    }
}

/// The RIFF chunk must lie within the file.
fn webp(reader: &mut BufReader<&File>) -> io::Result<bool> {
    let size = reader.get_ref().metadata()?.len();
    let mut head = [0; 8];
    reader.read_exact(&mut head)?;
    let [_, _, _, _, length @ ..] = head;
    Ok(8 + u64::from(u32::from_le_bytes(length)) <= size)
}
