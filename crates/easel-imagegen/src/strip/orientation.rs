//! The orientation in Exif (Exif 2.32, 4.6.4, tag 274): the only Exif value that changes how an image is displayed.

use std::io::{self, Read, Seek};

use super::source::Source;

/// The prefix of the TIFF structure in JPEG. In other formats it is optional.
pub(super) const EXIF: [u8; 6] = *b"Exif\0\0";
const TAG: u16 = 0x0112;
const SHORT: u16 = 3;

#[derive(Clone, Copy)]
enum ByteOrder {
    Little,
    Big,
}

impl ByteOrder {
    fn read_u16(self, bytes: [u8; 2]) -> u16 {
        match self {
            Self::Little => u16::from_le_bytes(bytes),
            Self::Big => u16::from_be_bytes(bytes),
        }
    }

    fn read_u32(self, bytes: [u8; 4]) -> u32 {
        match self {
            Self::Little => u32::from_le_bytes(bytes),
            Self::Big => u32::from_be_bytes(bytes),
        }
    }
}

/// Reads the orientation from the next `length` bytes of Exif and skips them. Returns `None` for the normal
/// orientation.
pub(super) fn read<R: Read + Seek>(source: &mut Source<R>, length: u64) -> io::Result<Option<u8>> {
    let start = source.position();
    let end = (start + length).min(source.length());
    let found = match find_orientation(source, end) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => None,
        found => found?,
    };
    source.seek_to(end)?;
    Ok(found)
}

fn find_orientation<R: Read + Seek>(source: &mut Source<R>, end: u64) -> io::Result<Option<u8>> {
    let mut base = source.position();
    if source.read_array()? == EXIF {
        base += EXIF.len() as u64;
    }
    source.seek_to(base.min(end))?;
    let order = match &source.read_array::<2>()? {
        b"II" => ByteOrder::Little,
        b"MM" => ByteOrder::Big,
        _ => return Ok(None),
    };
    let magic = order.read_u16(source.read_array()?);
    let directory = base + u64::from(order.read_u32(source.read_array()?));
    if magic != 42 || directory >= end {
        return Ok(None);
    }
    source.seek_to(directory)?;
    let entries = order.read_u16(source.read_array()?);
    for _ in 0..entries {
        let [t0, t1, k0, k1, c0, c1, c2, c3, v0, v1, _, _]: [u8; 12] = source.read_array()?;
        if source.position() > end {
            return Ok(None);
        }
        if order.read_u16([t0, t1]) == TAG {
            let is_one_short = order.read_u16([k0, k1]) == SHORT && order.read_u32([c0, c1, c2, c3]) == 1;
            let value = u8::try_from(order.read_u16([v0, v1])).unwrap_or(0);
            return Ok((is_one_short && (2..=8).contains(&value)).then_some(value));
        }
    }
    Ok(None)
}

/// Builds a TIFF structure with this orientation and nothing else.
pub(super) fn build_tiff(orientation: u8) -> [u8; 26] {
    let mut tiff = *b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\0\0\0\0\0\0\0\0";
    tiff[18] = orientation;
    tiff
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the orientation of a TIFF structure of this length, which other bytes follow.
    fn orientation(tiff: &[u8], length: u64) -> Option<u8> {
        let mut source = Source::new(io::Cursor::new([tiff, &[0; 100]].concat())).unwrap();
        let found = read(&mut source, length).unwrap();
        assert_eq!(source.position(), length, "the source is behind the structure");
        found
    }

    #[test]
    fn entry_must_end_inside_its_structure() {
        let tiff = build_tiff(6);
        for (length, expected) in
            [(26, Some(6)), (22, Some(6)), (21, None), (18, None), (12, None), (8, None), (4, None)]
        {
            assert_eq!(orientation(&tiff, length), expected, "{length} bytes");
        }
    }

    #[test]
    fn damaged_structure_has_no_orientation() {
        let mut tiff = build_tiff(6);
        for length in 0..22 {
            let mut source = Source::new(io::Cursor::new(&tiff[..length])).unwrap();
            assert_eq!(read(&mut source, length as u64).unwrap(), None, "{length} bytes");
        }
        tiff[2] = 43;
        assert_eq!(orientation(&tiff, 26), None);
    }

    #[test]
    fn orientation_is_one_short_from_2_to_8() {
        assert_eq!(orientation(&build_tiff(8), 26), Some(8));
        for (at, byte, what) in [(18, 1, "upright"), (18, 9, "unknown"), (12, 4, "a long"), (14, 2, "two shorts")] {
            let mut tiff = build_tiff(6);
            tiff[at] = byte;
            assert_eq!(orientation(&tiff, 26), None, "{what}");
        }
    }
}
