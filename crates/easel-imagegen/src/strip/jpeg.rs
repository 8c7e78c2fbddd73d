//! JPEG (ITU-T T.81, annex B): keeps segments and scans up to the end of the image. Data after it, such as the
//! video or the second image that phones append, is not sent.

use std::io::{self, Read, Seek};

use super::segments::Segments;
use super::source::Source;
use super::{malformed_error, orientation};

/// Size of the `JFIF` header before its thumbnail, and of the whole `Adobe` header, in bytes.
const SHORT_HEADER: usize = 12;
const PROFILE: [u8; 12] = *b"ICC_PROFILE\0";

pub(super) fn collect_segments<R: Read + Seek>(source: &mut Source<R>, segments: &mut Segments) -> io::Result<()> {
    segments.keep(0, source.skip(2)?)?;
    let mut has_orientation = false;
    loop {
        let marker = next_marker(source)?;
        let start = source.position() - 2;
        match marker {
            0xd9 => return segments.keep(start, 2),
            // These markers have no content and no meaning outside a scan.
            0x01 | 0xd0..=0xd7 => continue,
            _ => {}
        }
        let length = u64::from(u16::from_be_bytes(source.read_array()?)).checked_sub(2).ok_or_else(malformed_error)?;
        match marker {
            // Frames, tables and related segments.
            0xc0..=0xc7 | 0xc9..=0xcf | 0xdb..=0xdf => segments.keep(start, 4 + source.skip(length)?)?,
            0xda => segments.keep(start, 4 + source.skip(length)? + skip_scan(source)?)?,
            0xe1 if !has_orientation => has_orientation = keep_orientation(source, segments, length)?,
            0xe0 | 0xe2 | 0xee => keep_application_data(source, segments, marker, length)?,
            0xe1 | 0xe3..=0xed | 0xef | 0xfe => {
                source.skip(length)?;
            }
            _ => return Err(malformed_error()),
        }
    }
}

/// Reads the next marker and the fill bytes before it.
fn next_marker<R: Read + Seek>(source: &mut Source<R>) -> io::Result<u8> {
    if source.read_array()? != [0xff] {
        return Err(malformed_error());
    }
    loop {
        match source.read_array()? {
            [0xff] => {}
            [marker] => return Ok(marker),
        }
    }
}

/// Skips a scan up to the marker that ends it, or to the end of the file. Returns the number of bytes.
fn skip_scan<R: Read + Seek>(source: &mut Source<R>) -> io::Result<u64> {
    let start = source.position();
    while source.skip_past(0xff)? {
        let mut next = 0xff;
        while next == 0xff && source.position() < source.length() {
            [next] = source.read_array()?;
        }
        // A stuffed byte and the restart markers belong to the scan.
        if !matches!(next, 0x00 | 0xd0..=0xd7 | 0xff) {
            source.seek_to(source.position() - 2)?;
            break;
        }
    }
    Ok(source.position() - start)
}

/// Replaces an Exif segment by one with only its orientation. Returns `false`, and keeps nothing, if it has none.
fn keep_orientation<R: Read + Seek>(source: &mut Source<R>, segments: &mut Segments, length: u64) -> io::Result<bool> {
    let end = (source.position() + length).min(source.length());
    let mut orientation = None;
    if length >= 6 && source.read_array()? == orientation::EXIF {
        orientation = orientation::read(source, length - 6)?;
    }
    source.seek_to(end)?;
    let Some(orientation) = orientation else { return Ok(false) };
    let content = [orientation::EXIF.as_slice(), &orientation::build_tiff(orientation)].concat();
    segments.put(build_segment(0xe1, &content))?;
    Ok(true)
}

/// Keeps color profiles and the headers that define colors and densities, without a thumbnail.
fn keep_application_data<R: Read + Seek>(
    source: &mut Source<R>,
    segments: &mut Segments,
    marker: u8,
    length: u64,
) -> io::Result<()> {
    let start = source.position();
    if length >= SHORT_HEADER as u64 {
        let header: [u8; SHORT_HEADER] = source.read_array()?;
        match marker {
            0xe0 if header.starts_with(b"JFIF\0") => {
                segments.put(build_segment(marker, &[header.as_slice(), &[0, 0]].concat()))?;
            }
            0xe2 if header == PROFILE => {
                source.seek_to(start)?;
                return segments.keep(start - 4, 4 + source.skip(length)?);
            }
            0xee if header.starts_with(b"Adobe") => segments.put(build_segment(marker, &header))?,
            _ => {}
        }
    }
    source.seek_to((start + length).min(source.length()))
}

/// Builds a segment with a few bytes of content.
fn build_segment(marker: u8, content: &[u8]) -> Vec<u8> {
    let length = u8::try_from(content.len() + 2).unwrap_or(u8::MAX);
    [&[0xff, marker, 0, length], content].concat()
}
