//! The layers of nature.

use super::{LAMP, LEAF, SNOW, WOOD};
use crate::shapes::Layer;
use crate::shapes::Tone::{Fixed, Light, Main, Shade};

pub(in crate::shapes) const MOON: &[Layer] = &[
    (Main, "M 64 7 C 38 6 18 26 18 50 C 18 74 38 94 64 93 C 49 84 41 68 41 50 C 41 32 49 16 64 7 Z"),
    (Light, "S 76 30 9 3.4 4"),
    (Light, "S 86 60 6 2.2 4"),
    (Light, "S 66 66 5 1.9 4"),
];

pub(in crate::shapes) const CLOUD: &[Layer] = &[
    (Shade, "R 9 60 84 22 11"),
    (Main, "O 30 57 20"),
    (Main, "O 54 45 27"),
    (Main, "O 76 59 18"),
    (Main, "R 10 56 84 22 11"),
];

pub(in crate::shapes) const RAINBOW: &[Layer] = &[
    (Fixed(0xe8_4a_50), "M 4 80 C 4 18 96 18 96 80 L 88 80 C 88 28 12 28 12 80 Z"),
    (Fixed(0xf5_a0_3c), "M 11 80 C 11 27 89 27 89 80 L 81 80 C 81 37 19 37 19 80 Z"),
    (Fixed(0xf8_d8_4a), "M 18 80 C 18 36 82 36 82 80 L 74 80 C 74 46 26 46 26 80 Z"),
    (Fixed(0x4f_b0_62), "M 25 80 C 25 45 75 45 75 80 L 67 80 C 67 55 33 55 33 80 Z"),
    (Fixed(0x4a_7f_dc), "M 32 80 C 32 54 68 54 68 80 L 60 80 C 60 64 40 64 40 80 Z"),
    (SNOW, "O 10 80 9"),
    (SNOW, "O 22 79 11"),
    (SNOW, "O 34 82 8"),
    (SNOW, "O 66 82 8"),
    (SNOW, "O 78 79 11"),
    (SNOW, "O 90 80 9"),
];

pub(in crate::shapes) const TREE: &[Layer] = &[
    (WOOD, "P 45 56 55 56 58 94 42 94"),
    (Shade, "O 34 52 19"),
    (Shade, "O 67 52 19"),
    (Main, "O 50 34 28"),
    (Main, "O 33 46 16"),
    (Main, "O 67 46 16"),
    (Light, "O 42 26 7"),
    (Light, "O 60 36 4.5"),
];

pub(in crate::shapes) const FIR: &[Layer] = &[
    (WOOD, "R 45 80 10 15 1"),
    (Shade, "P 50 42 84 84 16 84"),
    (Main, "P 50 24 78 62 22 62"),
    (Shade, "P 50 24 78 62 50 62"),
    (Main, "P 50 42 84 84 16 84"),
    (Shade, "P 50 62 66 84 34 84"),
    (Main, "P 50 5 71 40 29 40"),
    (Light, "P 50 5 50 40 29 40"),
];

pub(in crate::shapes) const FLOWER: &[Layer] = &[
    (LEAF, "R 48 50 4 46 2"),
    (LEAF, "M 50 84 C 60 66 72 66 80 68 C 78 78 66 86 50 84 Z"),
    (LEAF, "M 50 90 C 40 74 30 73 22 75 C 25 85 36 92 50 90 Z"),
    (Main, "O 69 36 13"),
    (Main, "O 59.5 52.5 13"),
    (Main, "O 40.5 52.5 13"),
    (Main, "O 31 36 13"),
    (Main, "O 40.5 19.5 13"),
    (Main, "O 59.5 19.5 13"),
    (LAMP, "O 50 36 12"),
];

pub(in crate::shapes) const MUSHROOM: &[Layer] = &[
    (SNOW, "M 38 52 C 40 66 36 78 33 90 C 40 96 60 96 67 90 C 64 78 60 66 62 52 Z"),
    (Fixed(0xe6_dc_c8), "M 54 54 C 54 70 56 84 56 94 C 62 93 66 92 67 90 C 64 78 60 66 62 52 Z"),
    (Main, "M 6 54 C 8 18 32 7 50 7 C 68 7 92 18 94 54 C 80 62 20 62 6 54 Z"),
    (SNOW, "E 33 29 8 7"),
    (SNOW, "E 60 22 7 6"),
    (SNOW, "E 74 42 8 7"),
    (SNOW, "E 48 45 7 5.5"),
    (SNOW, "E 20 47 5 5"),
];

pub(in crate::shapes) const APPLE: &[Layer] = &[
    (
        Main,
        "M 50 28 C 38 17 12 20 10 48 C 9 74 30 96 41 94 C 46 93 47 91 50 91 C 53 91 54 93 59 94 C 70 96 91 74 90 48 C 88 20 62 17 50 28 Z",
    ),
    (Light, "M 22 40 C 25 31 32 29 35 31 C 28 36 25 46 25 54 C 21 50 20 46 22 40 Z"),
    (WOOD, "L 4 50 30 53 11"),
    (LEAF, "M 54 20 C 60 6 76 5 84 9 C 82 20 68 27 54 20 Z"),
];

pub(in crate::shapes) const MOUNTAIN: &[Layer] = &[
    (Shade, "P 98 86 68 34 36 86"),
    (SNOW, "P 68 34 76 48 71.5 46 67 51 63 46 59.4 48"),
    (Main, "P 2 86 40 16 80 86"),
    (Light, "P 2 86 40 16 34 50 38 62 28 86"),
    (SNOW, "P 40 16 53 38.8 46.5 35.5 41 43 35 36 28 38.1"),
];
