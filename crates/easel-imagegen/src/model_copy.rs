//! Which images a model sees as smaller copies, and how large those are.
//!
//! A request repeats the images of the conversation, so their bytes are most of what a turn sends. Models scale images
//! down before they look at them. A copy of the size that they keep shows them the same, with a tenth of the bytes.
//!
//! Copies are for the model's eyes only. Edits, the hosted tool, `image/read`, exports and events use the file.

use std::collections::HashMap;
use std::path::PathBuf;

use easel_protocol::id::ImageId;
use easel_protocol::input::ImageDetail;
use easel_protocol::record::{ImageFacts, MediaType};
use easel_protocol::tool::ToolExposure;

/// A file of at most this many bytes is sent as it is, unless it has too many pixels.
const SMALL_FILE_BYTES: u64 = 192 << 10;

/// What a model sees of the images in its conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pictures {
    /// Copies, where they are smaller.
    Copy,
    /// The files.
    Original,
}

/// The maximum size of a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CopySize {
    /// For the detail `low`.
    Low,
    /// For the details `high` and `auto`.
    High,
}

impl CopySize {
    /// The edge of a patch in pixels. Vision models count images in patches.
    const PATCH: u32 = 32;

    /// Returns the longest edge in pixels. OpenAI's models scale images of these details to the same edge.
    pub const fn edge(self) -> u32 {
        match self {
            Self::Low => 512,
            Self::High => 2_048,
        }
    }

    /// Returns the largest number of patches of 32 by 32 pixels. That of [`High`](Self::High) is the limit of OpenAI's
    /// newest models; older models keep less.
    pub const fn patches(self) -> u32 {
        match self {
            Self::Low => (512 / Self::PATCH).pow(2),
            Self::High => 2_500,
        }
    }

    fn fits(self, width: u32, height: u32) -> bool {
        let patches = u64::from(width.div_ceil(Self::PATCH)) * u64::from(height.div_ceil(Self::PATCH));
        width.max(height) <= self.edge() && patches <= self.patches().into()
    }
}

/// A smaller copy of an image. It has no metadata except a color profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelCopy {
    /// The absolute path.
    pub path: PathBuf,
    /// The format.
    pub media_type: MediaType,
    /// The size of the file in bytes.
    pub bytes: u64,
}

/// The copies that a request sends in place of files, by the handles of the images.
pub type ModelCopies = HashMap<ImageId, ModelCopy>;

/// Returns the size of the copy that a model sees of an image, or `None` if it sees the file.
///
/// The hosted tool edits the images of the conversation, so it always gets the files.
pub fn choose_size(facts: &ImageFacts, detail: ImageDetail, exposure: ToolExposure) -> Option<CopySize> {
    let size = match (exposure, detail) {
        (ToolExposure::Hosted | ToolExposure::None, _) | (_, ImageDetail::Original) => return None,
        (ToolExposure::Standalone, ImageDetail::Low) => CopySize::Low,
        (ToolExposure::Standalone, ImageDetail::High | ImageDetail::Auto) => CopySize::High,
    };
    let is_small = facts.bytes <= SMALL_FILE_BYTES && size.fits(facts.width, facts.height);
    (!is_small).then_some(size)
}

/// Returns whether a copy is so much smaller than its file that it is sent: three quarters at most.
pub const fn is_smaller(copy_bytes: u64, file_bytes: u64) -> bool {
    copy_bytes <= file_bytes - file_bytes.div_ceil(4)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STANDALONE: ToolExposure = ToolExposure::Standalone;

    fn facts(width: u32, height: u32, bytes: u64) -> ImageFacts {
        ImageFacts { sha256: String::new(), media_type: MediaType::Png, width, height, bytes, has_alpha: false }
    }

    #[test]
    fn size_of_a_copy_depends_on_the_detail() {
        let photo = facts(1536, 1024, 2_000_000);
        for (detail, size) in [
            (ImageDetail::Low, Some(CopySize::Low)),
            (ImageDetail::High, Some(CopySize::High)),
            (ImageDetail::Auto, Some(CopySize::High)),
            (ImageDetail::Original, None),
        ] {
            assert_eq!(choose_size(&photo, detail, STANDALONE), size, "{detail:?}");
        }
    }

    #[test]
    fn only_the_standalone_tool_gets_copies() {
        for exposure in [ToolExposure::Hosted, ToolExposure::None] {
            for detail in [ImageDetail::Low, ImageDetail::High, ImageDetail::Auto, ImageDetail::Original] {
                assert_eq!(choose_size(&facts(9_000, 9_000, 1 << 30), detail, exposure), None);
            }
        }
    }

    #[test]
    fn small_file_is_sent_as_it_is_if_it_fits() {
        let high = |width, height, bytes| choose_size(&facts(width, height, bytes), ImageDetail::High, STANDALONE);
        assert_eq!(high(1_600, 1_600, 192 << 10), None);
        assert_eq!(high(2_048, 1_248, 192 << 10), None);
        assert_eq!(high(1_600, 1_600, (192 << 10) + 1), Some(CopySize::High));
        assert_eq!(high(1_601, 1_600, 1), Some(CopySize::High), "2,550 patches");
        assert_eq!(high(2_049, 1, 1), Some(CopySize::High));
        let low = |edge| choose_size(&facts(edge, 16, 1), ImageDetail::Low, STANDALONE);
        assert_eq!((low(512), low(513)), (None, Some(CopySize::Low)));
        assert_eq!((CopySize::Low.patches(), CopySize::High.patches()), (16 * 16, 2_500));
    }

    #[test]
    fn copy_is_sent_if_it_is_a_quarter_smaller() {
        assert!(is_smaller(75, 100));
        assert!(!is_smaller(76, 100));
        assert!(!is_smaller(1, 0));
    }
}
