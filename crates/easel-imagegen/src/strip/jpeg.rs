//! JPEG (ITU-T T.81, annex B): keeps segments and scans up to the end of the image. What phones append after it, such
//! as a video or a second picture, is not sent.

use std::io::{self, Read, Seek};

use super::segments::Segments;
use super::source::Source;
use super::{malformed_error, orientation};

/// Size of the `JFIF` header before its thumbnail, and of the whole `Adobe` header, in bytes.
const SHORT_HEADER: usize = 12;
const PROFILE: [u8; 12] = *b"ICC_PROFILE\0";

pub(super) fn walk<R: Read + Seek>(source: &mut Source<R>, segments: &mut Segments) -> io::Result<()> {
    segments.keep(0, source.skip(2)?)?;
    let mut has_orientation = false;
    loop {
        let marker = next_marker(source)?;
        let start = source.at() - 2;
        match marker {
            0xd9 => return segments.keep(start, 2),
            // These markers have no content and no meaning outside a scan.
            0x01 | 0xd0..=0xd7 => continue,
            _ => {}
        }
        let length = u64::from(u16::from_be_bytes(source.bytes()?)).checked_sub(2).ok_or_else(malformed_error)?;
        match marker {
            // Frames, tables and related segments.
            0xc0..=0xc7 | 0xc9..=0xcf | 0xdb..=0xdf => segments.keep(start, 4 + source.skip(length)?)?,
            0xda => segments.keep(start, 4 + source.skip(length)? + scan(source)?)?,
            0xe1 if !has_orientation => has_orientation = exif(source, segments, length)?,
            0xe0 | 0xe2 | 0xee => application(source, segments, marker, length)?,
            0xe1 | 0xe3..=0xed | 0xef | 0xfe => {
                source.skip(length)?;
            }
            _ => return Err(malformed_error()),
        }
    }
}

/// Reads the next marker and the fill bytes before it.
fn next_marker<R: Read + Seek>(source: &mut Source<R>) -> io::Result<u8> {
    if source.bytes()? != [0xff] {
        return Err(malformed_error());
    }
    loop {
        match source.bytes()? {
            [0xff] => {}
            [marker] => return Ok(marker),
        }
    }
}

/// Skips a scan up to the marker that ends it, or to the end of the file. Returns the number of bytes.
fn scan<R: Read + Seek>(source: &mut Source<R>) -> io::Result<u64> {
    let start = source.at();
    while source.skip_past(0xff)? {
        let mut next = 0xff;
        while next == 0xff && source.at() < source.length() {
            [next] = source.bytes()?;
        }
        // A stuffed byte and the restart markers belong to the scan.
        if !matches!(next, 0x00 | 0xd0..=0xd7 | 0xff) {
            source.go_to(source.at() - 2)?;
            break;
        }
    }
    Ok(source.at() - start)
}

/// Replaces an Exif segment by its orientation, if it has one, and returns whether it has.
fn exif<R: Read + Seek>(source: &mut Source<R>, segments: &mut Segments, length: u64) -> io::Result<bool> {
    let end = (source.at() + length).min(source.length());
    let mut orientation = None;
    if length >= 6 && source.bytes()? == orientation::EXIF {
        orientation = orientation::read(source, length - 6)?;
    }
    source.go_to(end)?;
    let Some(orientation) = orientation else { return Ok(false) };
    let content = [orientation::EXIF.as_slice(), &orientation::tiff(orientation)].concat();
    segments.put(segment(0xe1, &content))?;
    Ok(true)
}

/// Keeps color profiles and the headers that define colors and densities, without a thumbnail.
fn application<R: Read + Seek>(
    source: &mut Source<R>,
    segments: &mut Segments,
    marker: u8,
    length: u64,
) -> io::Result<()> {
    let start = source.at();
    if length >= SHORT_HEADER as u64 {
        let header: [u8; SHORT_HEADER] = source.bytes()?;
        match marker {
            0xe0 if header.starts_with(b"JFIF\0") => {
                segments.put(segment(marker, &[header.as_slice(), &[0, 0]].concat()))?;
            }
            0xe2 if header == PROFILE => {
                source.go_to(start)?;
                return segments.keep(start - 4, 4 + source.skip(length)?);
            }
            0xee if header.starts_with(b"Adobe") => segments.put(segment(marker, &header))?,
            _ => {}
        }
    }
    source.go_to((start + length).min(source.length()))
}

/// Creates a segment with a few bytes of content.
fn segment(marker: u8, content: &[u8]) -> Vec<u8> {
    let length = u8::try_from(content.len() + 2).unwrap_or(u8::MAX);
    [&[0xff, marker, 0, length], content].concat()
}
