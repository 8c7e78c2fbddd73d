//! Icon files, which have one picture in several sizes.

use crate::{Error, Picture};

/// The types of the pictures in an ICNS file, with the side in pixels. The types from `ic11` on are for screens with
/// two pixels in place of one. From them macOS scales the sizes of 16 and 32 pixels on other screens: the types `icp4`
/// to `icp6` are left out, since it does not show every PNG in them.
const ICNS_TYPES: [(&[u8; 4], u32); 8] = [
    (b"ic07", 128),
    (b"ic08", 256),
    (b"ic09", 512),
    (b"ic10", 1_024),
    (b"ic11", 32),
    (b"ic12", 64),
    (b"ic13", 256),
    (b"ic14", 512),
];
/// Bytes before each part of an ICNS file: its type and its length.
const ICNS_HEADER: usize = 8;
/// Bytes before the list of pictures in an ICO file.
const ICO_HEADER: usize = 6;
/// Bytes of a picture's entry in this list.
const ICO_ENTRY: usize = 16;
/// The largest side of a picture that is a bitmap in an ICO file. Windows knows PNG in icons since Vista.
const MAX_BITMAP: u32 = 64;

/// Encodes square pictures of 1 to 256 pixels as an icon of Windows, all with alpha: up to 64 pixels as bitmaps, which
/// old programs read, and larger ones as PNG. A bitmap has no color profile.
///
/// # Errors
///
/// [`Error::Encode`] for a picture of another size.
pub fn to_ico(pictures: &[Picture]) -> Result<Vec<u8>, Error> {
    let too_long = |error: std::num::TryFromIntError| Error::Encode(error.into());
    let count = u16::try_from(pictures.len()).map_err(too_long)?;
    let mut header = [&[0, 0, 1, 0], &count.to_le_bytes()[..]].concat();
    let mut contents = Vec::new();
    for picture in pictures {
        if !(1..=256).contains(&picture.width) || picture.width != picture.height {
            return Err(Error::Encode("an icon has 1x1 to 256x256 pixels".into()));
        }
        let content = if picture.width <= MAX_BITMAP { to_bitmap(picture) } else { picture.to_rgba_png()? };
        let length = u32::try_from(content.len()).map_err(too_long)?.to_le_bytes();
        let offset = ICO_HEADER + pictures.len() * ICO_ENTRY + contents.len();
        let offset = u32::try_from(offset).map_err(too_long)?.to_le_bytes();
        // A side of 256 pixels is written as 0.
        let side = u8::try_from(picture.width).unwrap_or(0);
        // No palette, one plane, 32 bits a pixel.
        header.extend([side, side, 0, 0, 1, 0, 32, 0]);
        header.extend([length, offset].concat());
        contents.extend(content);
    }
    header.extend(contents);
    Ok(header)
}

/// Encodes a picture as a bitmap without a file header: blue, green, red and alpha of each pixel, then one bit for each
/// that is set if the pixel is transparent, both from the lowest row on.
fn to_bitmap(picture: &Picture) -> Vec<u8> {
    let (width, height) = (picture.width, picture.height);
    let mut bytes = Vec::new();
    // The size of the header, and the size of the bitmap with its bits for transparency.
    bytes.extend([40, width, 2 * height].map(u32::to_le_bytes).concat());
    // One plane, 32 bits a pixel, and zeros for no compression and default values.
    bytes.extend([1, 0, 32, 0]);
    bytes.extend([0; 24]);
    let rows = || picture.rgba.chunks_exact(width as usize * 4).rev();
    for [red, green, blue, alpha] in rows().flat_map(|row| row.as_chunks::<4>().0) {
        bytes.extend([blue, green, red, alpha]);
    }
    for row in rows() {
        // Each row is filled up to 32 bits.
        let mut mask = vec![0_u8; (width as usize).div_ceil(32) * 4];
        for (column, _) in row.as_chunks::<4>().0.iter().enumerate().filter(|(_, pixel)| pixel[3] == 0) {
            mask[column / 8] |= 0x80 >> (column % 8);
        }
        bytes.extend(mask);
    }
    bytes
}

/// Encodes square pictures as an icon of macOS 10.7 and later, with a PNG for each type of their sizes.
///
/// # Errors
///
/// [`Error::Encode`] for a side that is not a power of two from 32 to 1,024.
pub fn to_icns(pictures: &[Picture]) -> Result<Vec<u8>, Error> {
    let too_long = |error: std::num::TryFromIntError| Error::Encode(error.into());
    let mut parts = Vec::new();
    for picture in pictures {
        let types = ICNS_TYPES.iter().filter(|(_, side)| (*side, *side) == (picture.width, picture.height));
        let png = picture.to_png()?;
        let length = u32::try_from(png.len() + ICNS_HEADER).map_err(too_long)?.to_be_bytes();
        let before = parts.len();
        for (name, _) in types {
            parts.extend([name.as_slice(), &length, &png].concat());
        }
        if parts.len() == before {
            return Err(Error::Encode("an icon of macOS has 32x32 to 1024x1024 pixels".into()));
        }
    }
    let length = u32::try_from(parts.len() + ICNS_HEADER).map_err(too_long)?.to_be_bytes();
    Ok([b"icns".as_slice(), &length, &parts].concat())
}

#[cfg(test)]
mod tests {
    use ico::IconDir;

    use super::*;
    use crate::Color;

    fn square(side: u32) -> Picture {
        Picture::blank(side, side, Some(Color([200, 0, 0])))
    }

    #[test]
    fn ico_has_every_size_with_alpha() {
        let mut clear = square(48);
        clear.rgba[..4].copy_from_slice(&[1, 2, 3, 0]);
        clear.rgba[4..8].copy_from_slice(&[1, 2, 3, 128]);
        let pictures = [square(16), square(17), clear, square(64), square(128), square(256)];
        let bytes = to_ico(&pictures).unwrap();
        let icon = IconDir::read(std::io::Cursor::new(&bytes)).unwrap();
        let kinds: Vec<_> = icon.entries().iter().map(|entry| (entry.width(), entry.is_png())).collect();
        assert_eq!(kinds, [(16, false), (17, false), (48, false), (64, false), (128, true), (256, true)]);
        for (entry, picture) in icon.entries().iter().zip(&pictures) {
            assert_eq!(entry.bits_per_pixel(), 32, "{}", entry.width());
            // Color type 6 of a PNG is RGBA; a bitmap has 32 bits a pixel.
            let (at, expected) = if entry.is_png() { (25, 6) } else { (14, 32) };
            assert_eq!(entry.data()[at], expected, "{}", entry.width());
            assert_eq!(entry.decode().unwrap().rgba_data(), picture.rgba);
        }
        assert!(to_ico(&[square(257)]).is_err() && to_ico(&[Picture::blank(16, 15, None)]).is_err());
    }

    #[test]
    fn transparent_pixels_of_an_icon_are_masked() {
        let mut picture = square(17);
        picture.rgba[3] = 0;
        let bitmap = to_bitmap(&picture);
        let mask = &bitmap[40 + 17 * 17 * 4..];
        assert_eq!((mask.len(), &mask[16 * 4..]), (17 * 4, &[0x80, 0, 0, 0][..]));
        assert!(mask[..16 * 4].iter().all(|bits| *bits == 0));
    }

    #[test]
    fn icns_lengths_add_up() {
        let bytes = to_icns(&[32, 64, 256, 1_024].map(square)).unwrap();
        let length = |at: usize| u32::from_be_bytes(bytes[at + 4..at + 8].try_into().unwrap()) as usize;
        assert_eq!((&bytes[..4], length(0)), (&b"icns"[..], bytes.len()));
        let (mut at, mut types) = (ICNS_HEADER, Vec::new());
        while at < bytes.len() {
            types.push(std::str::from_utf8(&bytes[at..at + 4]).unwrap());
            assert_eq!(&bytes[at + 8..at + 12], b"\x89PNG");
            at += length(at);
        }
        assert_eq!((at, types), (bytes.len(), vec!["ic11", "ic12", "ic08", "ic13", "ic10"]));
        assert!(to_icns(&[square(48)]).is_err() && to_icns(&[square(16)]).is_err());
    }
}
