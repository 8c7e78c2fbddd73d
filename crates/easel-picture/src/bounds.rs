//! The maximum size of a scaled picture.

/// The maximum size of a scaled picture. A picture that fits is not scaled, and none is enlarged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// The longest edge, in pixels.
    pub edge: u32,
    /// Patches of [`PATCH`](Self::PATCH) by [`PATCH`](Self::PATCH) pixels that cover the picture, the unit in which
    /// vision models count.
    pub patches: u32,
}

impl Bounds {
    /// The edge of a patch, in pixels.
    pub const PATCH: u32 = 32;

    /// Bounds for the longest edge only.
    pub const fn edge(edge: u32) -> Self {
        Self { edge, patches: u32::MAX }
    }

    /// Returns the largest size with the aspect of `width` by `height` that fits, at least 1 by 1.
    pub fn fit(self, width: u32, height: u32) -> (u32, u32) {
        let longest = width.max(height).max(1);
        let scaled = |edge: u32, longest_scaled: u32| {
            let exact = u64::from(edge) * u64::from(longest_scaled);
            let rounded = (exact + u64::from(longest) / 2) / u64::from(longest);
            u32::try_from(rounded).unwrap_or(u32::MAX).max(1)
        };
        let size = |longest_scaled: u32| (scaled(width, longest_scaled), scaled(height, longest_scaled));
        let fits = |longest_scaled: u32| Self::patches(size(longest_scaled)) <= u64::from(self.patches.max(1));
        // The number of patches never falls as the edge grows, so bisection finds the largest edge that fits.
        let (mut low, mut high) = (1, longest.min(self.edge.max(1)));
        if fits(high) {
            return size(high);
        }
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if fits(middle) { low = middle } else { high = middle }
        }
        size(low)
    }

    fn patches((width, height): (u32, u32)) -> u64 {
        u64::from(width.div_ceil(Self::PATCH)) * u64::from(height.div_ceil(Self::PATCH))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The bounds of `detail: high` of the newest models.
    const HIGH: Bounds = Bounds { edge: 2_048, patches: 2_500 };

    #[test]
    fn keeps_a_size_that_fits() {
        for size in [(1, 1), (1024, 1024), (1536, 1024), (2048, 1024), (1600, 1600)] {
            assert_eq!(HIGH.fit(size.0, size.1), size);
        }
    }

    #[test]
    fn scales_to_the_tighter_bound() {
        assert_eq!(HIGH.fit(8_000, 1_000), (2_048, 256));
        assert_eq!(HIGH.fit(4_000, 4_000), (1_600, 1_600));
        assert_eq!(Bounds::edge(512).fit(3_000, 2_000), (512, 341));
    }

    #[test]
    fn keeps_at_least_one_pixel() {
        assert_eq!(Bounds::edge(16).fit(60_000, 1), (16, 1));
        assert_eq!(Bounds { edge: 0, patches: 0 }.fit(100, 100), (1, 1));
    }

    proptest! {
        #[test]
        fn the_result_is_the_largest_that_fits(width in 1_u32..70_000, height in 1_u32..70_000) {
            let (w, h) = HIGH.fit(width, height);
            prop_assert!(w <= width && h <= height);
            prop_assert!(w.max(h) <= 2_048);
            prop_assert!(Bounds::patches((w, h)) <= 2_500);
            if (w, h) != (width, height) && w.max(h) < 2_048 {
                let next = Bounds { edge: w.max(h) + 1, patches: u32::MAX }.fit(width, height);
                prop_assert!(Bounds::patches(next) > 2_500);
            }
        }
    }
}
