//! Colors: a hash of the prompt chooses the mood; a color in the prompt overrides it.

use serde::{Deserialize, Serialize};
use tiny_skia::Color;

use crate::scene::{Scene, Setting, Time, Weather};

/// A color without alpha. Each channel is between 0 and 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rgb(pub(crate) f32, pub(crate) f32, pub(crate) f32);

pub(crate) const WHITE: Rgb = Rgb(1.0, 1.0, 1.0);
pub(crate) const INK: Rgb = Rgb(0.10, 0.12, 0.17);

impl Rgb {
    /// Converts `0xRRGGBB`.
    pub(crate) fn from_hex(value: u32) -> Self {
        let channel = |shift: u32| ((value >> shift) & 0xff) as f32 / 255.0;
        Self(channel(16), channel(8), channel(0))
    }

    /// Converts a hue in degrees, of any number of turns, and saturation and lightness between 0 and 1.
    pub(crate) fn from_hsl(hue: f32, saturation: f32, lightness: f32) -> Self {
        let hue = hue.rem_euclid(360.0) / 60.0;
        let chroma = (1.0 - (2.0 * lightness - 1.0).abs()) * saturation;
        let second = chroma * (1.0 - (hue % 2.0 - 1.0).abs());
        let base = lightness - chroma / 2.0;
        let (r, g, b) = match hue as u32 {
            0 => (chroma, second, 0.0),
            1 => (second, chroma, 0.0),
            2 => (0.0, chroma, second),
            3 => (0.0, second, chroma),
            4 => (second, 0.0, chroma),
            _ => (chroma, 0.0, second),
        };
        Self(r + base, g + base, b + base)
    }

    pub(crate) fn mix(self, other: Self, share: f32) -> Self {
        let lerp = |a: f32, b: f32| a + (b - a) * share;
        Self(lerp(self.0, other.0), lerp(self.1, other.1), lerp(self.2, other.2))
    }

    pub(crate) fn luma(self) -> f32 {
        0.299 * self.0 + 0.587 * self.1 + 0.114 * self.2
    }

    /// Returns the sum of the differences of the channels.
    pub(crate) fn distance(self, other: Self) -> f32 {
        (self.0 - other.0).abs() + (self.1 - other.1).abs() + (self.2 - other.2).abs()
    }

    fn hue_and_saturation(self) -> (f32, f32) {
        let max = self.0.max(self.1).max(self.2);
        let min = self.0.min(self.1).min(self.2);
        let chroma = max - min;
        if chroma < 0.02 {
            return (0.0, 0.0);
        }
        let hue = if max == self.0 {
            (self.1 - self.2) / chroma
        } else if max == self.1 {
            (self.2 - self.0) / chroma + 2.0
        } else {
            (self.0 - self.1) / chroma + 4.0
        };
        (hue * 60.0, chroma / (1.0 - (max + min - 1.0).abs()).max(0.05))
    }

    pub(crate) fn with_alpha(self, alpha: f32) -> Color {
        let unit = |v: f32| v.clamp(0.0, 1.0);
        Color::from_rgba(unit(self.0), unit(self.1), unit(self.2), unit(alpha)).unwrap_or(Color::BLACK)
    }
}

/// A deterministic number generator: SplitMix64, seeded with the FNV-1a hash of a text and a number. Its numbers are
/// the same on every machine and in every release.
#[derive(Clone, Debug)]
pub(crate) struct Rng(u64);

impl Rng {
    pub(crate) fn new(prompt: &str, variant: u64) -> Self {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64 ^ variant.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        for byte in prompt.bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        Self(hash)
    }

    pub(crate) fn from_seed(seed: u64) -> Self {
        Self(seed)
    }

    /// Returns a seed for a generator of the same numbers.
    pub(crate) fn seed(&self) -> u64 {
        self.0
    }

    pub(crate) fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Returns a number from `low` to below `high`.
    pub(crate) fn random_range(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * ((self.next_u64() >> 40) as f32 / (1_u64 << 24) as f32)
    }

    /// Returns an integer below `end`.
    pub(crate) fn random_below(&mut self, end: u64) -> u64 {
        self.next_u64() % end.max(1)
    }
}

/// Hues in degrees for a light background, without olive and acid green.
const LIGHT_HUES: [f32; 12] = [8.0, 24.0, 38.0, 160.0, 176.0, 194.0, 208.0, 224.0, 246.0, 268.0, 308.0, 338.0];
/// Hues in degrees for a dark background, without oranges, which would look muddy.
const DARK_HUES: [f32; 9] = [172.0, 188.0, 202.0, 216.0, 232.0, 250.0, 270.0, 300.0, 330.0];

fn find_nearest(hue: f32, hues: &[f32]) -> f32 {
    let apart = |other: f32| {
        let turn = (hue - other).rem_euclid(360.0);
        turn.min(360.0 - turn)
    };
    hues.iter().copied().min_by(|a, b| apart(*a).total_cmp(&apart(*b))).unwrap_or(hue)
}

/// What the colors of a picture are derived from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Backdrop {
    /// The hue in degrees.
    pub(crate) hue: u16,
    /// The saturation in percent.
    pub(crate) saturation: u8,
    pub(crate) dark: bool,
    /// Whether the prompt names its color. Otherwise a landscape or weather may have its own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) painted: bool,
}

impl Backdrop {
    /// Chooses a mood at random, adjusted to a color for the whole picture or to the color of the first subject.
    pub(crate) fn choose(rng: &mut Rng, mood: Option<Rgb>, subject: Option<Rgb>) -> Self {
        let own_hue = rng.random_range(0.0, 360.0);
        let turn = rng.random_range(150.0, 215.0);
        let dark = rng.random_below(5) < 2;

        if let Some(color) = mood {
            return Self::of_color(color);
        }
        let Some(subject) = subject else {
            return Self::near(own_hue, 56, dark);
        };
        let (hue, saturation) = subject.hue_and_saturation();
        let hue = if saturation < 0.1 { own_hue } else { hue + turn };
        Self::near(hue, 52, Self::contrast(subject).unwrap_or(dark))
    }

    /// Returns a backdrop of this color.
    pub(crate) fn of_color(color: Rgb) -> Self {
        let (hue, saturation) = color.hue_and_saturation();
        let saturation = (saturation * 75.0).min(75.0) as u8;
        Self { hue: hue.rem_euclid(360.0) as u16, saturation, dark: color.luma() < 0.35, painted: true }
    }

    /// Returns whether a subject of this color requires a dark backdrop; `None` if both are fine.
    pub(crate) fn contrast(subject: Rgb) -> Option<bool> {
        match subject.luma() {
            luma if luma > 0.68 => Some(true),
            luma if luma < 0.45 => Some(false),
            _ => None,
        }
    }

    fn near(hue: f32, saturation: u8, dark: bool) -> Self {
        let hues: &[f32] = if dark { &DARK_HUES } else { &LIGHT_HUES };
        Self { hue: find_nearest(hue, hues) as u16, saturation, dark, painted: false }
    }
}

/// The colors of a picture.
#[derive(Clone, Debug)]
pub(crate) struct Palette {
    pub(crate) top: Rgb,
    pub(crate) bottom: Rgb,
    /// Colors of the soft shapes and the motif, ordered by contrast to the background.
    pub(crate) soft: [Rgb; 3],
    /// Color of a subject without a color in the prompt.
    pub(crate) main: Rgb,
    pub(crate) accent: Rgb,
}

impl Palette {
    /// Derives the colors of a scene from its backdrop, time, weather and setting.
    pub(crate) fn new(scene: &Scene) -> Self {
        let backdrop = scene.backdrop;
        let sky = |top: u32, bottom: u32, soft: [u32; 3]| {
            let own = Self::of_backdrop(backdrop);
            Self { top: Rgb::from_hex(top), bottom: Rgb::from_hex(bottom), soft: soft.map(Rgb::from_hex), ..own }
        };
        let is_outside = scene.setting.is_some() || scene.weather.is_some();
        match (scene.time, scene.weather, scene.setting) {
            _ if backdrop.painted && scene.time.is_none() => Self::of_backdrop(backdrop),
            (Some(Time::Night), ..) | (None, _, Some(Setting::Space)) => {
                sky(0x0a_10_2c, 0x24_2f_63, [0x1d_28_5a, 0x2b_35_70, 0x3a_3f_80])
            }
            (Some(Time::Dusk), ..) => sky(0x4a_35_7c, 0xff_a0_5c, [0xe8_5d_75, 0xf5_83_5f, 0xb4_4f_8c]),
            (_, Some(Weather::Storm), _) => sky(0x39_43_58, 0x8b_96_a8, [0x50_5c_72, 0x6c_78_8e, 0x7d_88_9c]),
            (_, Some(Weather::Rain | Weather::Fog), _) => {
                sky(0xa4_b2_c2, 0xd6_de_e6, [0xb4_c0_ce, 0xc4_ce_d8, 0xae_bc_cb])
            }
            _ if is_outside => sky(0x8c_c4_f0, 0xe2_f1_fb, [0xa9_d6_f5, 0xbf_e2_f8, 0x9a_cb_f2]),
            (Some(Time::Day), ..) => Self::of_backdrop(Backdrop { dark: false, ..backdrop }),
            _ => Self::of_backdrop(backdrop),
        }
    }

    fn of_backdrop(backdrop: Backdrop) -> Self {
        let (hue, saturation) = (f32::from(backdrop.hue), f32::from(backdrop.saturation) / 100.0);
        let near = |shift: f32, strength: f32, lightness: f32| {
            Rgb::from_hsl(hue + shift, (saturation * strength).min(0.95), lightness)
        };
        if backdrop.dark {
            return Self {
                top: near(-8.0, 0.9, 0.14),
                bottom: near(14.0, 0.9, 0.30),
                soft: [near(12.0, 0.9, 0.34), near(-16.0, 0.9, 0.46), near(22.0, 1.0, 0.60)],
                main: near(20.0, 1.3, 0.68),
                accent: near(185.0, 1.3, 0.68),
            };
        }
        Self {
            top: near(-10.0, 1.1, 0.92),
            bottom: near(12.0, 1.1, 0.80),
            soft: [near(10.0, 1.2, 0.82), near(-16.0, 1.1, 0.71), near(20.0, 1.05, 0.58)],
            main: near(4.0, 1.25, 0.52),
            accent: near(180.0, 1.25, 0.56),
        }
    }
}
