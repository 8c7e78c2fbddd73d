//! The orientation in Exif metadata (Exif 2.32, 4.6.4, tag 274), turned into pixels.

use crate::Picture;

/// Which way a stored picture is turned and mirrored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Orientation(u8);

impl Orientation {
    /// Reads the orientation from a TIFF structure, with or without the `Exif` marker of JPEG. Anything unreadable is
    /// upright, as in every viewer.
    pub(crate) fn from_exif(exif: &[u8]) -> Self {
        let tiff = exif.strip_prefix(b"Exif\0\0").unwrap_or(exif);
        let value = exif::Reader::new().read_raw(tiff.to_vec()).ok().and_then(|exif| {
            exif.get_field(exif::Tag::Orientation, exif::In::PRIMARY).and_then(|field| field.value.get_uint(0))
        });
        Self(value.and_then(|value| u8::try_from(value).ok()).filter(|value| (2..=8).contains(value)).unwrap_or(1))
    }

    fn swaps_sides(self) -> bool {
        self.0 >= 5
    }

    /// Returns the picture as a viewer shows it.
    pub(crate) fn upright(self, picture: Picture) -> Picture {
        if !(2..=8).contains(&self.0) {
            return picture;
        }
        let (stored_width, stored_height) = (picture.width as usize, picture.height as usize);
        let (width, height) =
            if self.swaps_sides() { (stored_height, stored_width) } else { (stored_width, stored_height) };
        let mut rgba = Vec::with_capacity(picture.rgba.len());
        for y in 0..height {
            for x in 0..width {
                let (left, top) = (x, y);
                let (right, bottom) = (width - 1 - x, height - 1 - y);
                // Where the upright pixel is stored.
                let (column, row) = match self.0 {
                    2 => (right, top),
                    3 => (right, bottom),
                    4 => (left, bottom),
                    5 => (top, left),
                    6 => (top, right),
                    7 => (bottom, right),
                    _ => (bottom, left),
                };
                let at = (row * stored_width + column) * 4;
                rgba.extend_from_slice(&picture.rgba[at..at + 4]);
            }
        }
        let (width, height) =
            if self.swaps_sides() { (picture.height, picture.width) } else { (picture.width, picture.height) };
        Picture { width, height, rgba, icc_profile: picture.icc_profile }
    }
}
