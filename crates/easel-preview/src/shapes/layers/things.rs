//! The layers of things.

use super::{FLAME, GLASS, INK, LAMP, SNOW, WOOD};
use crate::shapes::Layer;
use crate::shapes::Tone::{Accent, Fixed, Light, Main, Shade};

pub(in crate::shapes) const HAT: &[Layer] = &[
    (Shade, "E 50 80 48 10"),
    (Main, "E 50 77.5 48 9"),
    (Main, "M 24 78 L 27 22 C 36 14 64 14 73 22 L 76 78 C 62 84 38 84 24 78 Z"),
    (Accent, "M 24.2 74 L 25 58 C 40 63 60 63 75 58 L 75.8 74 C 60 80 40 80 24.2 74 Z"),
    (Light, "E 50 21 23 5.5"),
];

pub(in crate::shapes) const BALLOON: &[Layer] = &[
    (INK, "L 0.9 50 72 48 97"),
    (Shade, "P 45 76 55 76 50 68"),
    (Main, "M 50 4 C 72 4 82 20 80 38 C 78 56 60 70 50 72 C 40 70 22 56 20 38 C 18 20 28 4 50 4 Z"),
    (Light, "E 38 24 5 10"),
];

pub(in crate::shapes) const UMBRELLA: &[Layer] = &[
    (WOOD, "L 3 50 46 50 84"),
    (WOOD, "L 3 50 84 54 90"),
    (WOOD, "L 3 54 90 60 88"),
    (WOOD, "L 3 60 88 62 82"),
    (
        Main,
        "M 4 52 C 8 20 32 10 50 10 C 68 10 92 20 96 52 C 88 45 76 45 70 52 C 64 45 56 45 50 52 C 44 45 36 45 30 52 C 24 45 12 45 4 52 Z",
    ),
    (Shade, "M 50 10 C 38 20 31 36 30 52 C 36 45 44 45 50 52 C 56 45 64 45 70 52 C 69 36 62 20 50 10 Z"),
    (Light, "M 50 10 C 46 22 44 40 44 48 C 46 49 48 50 50 52 C 52 50 54 49 56 48 C 56 40 54 22 50 10 Z"),
    (INK, "L 1.6 50 10 50 5"),
];

pub(in crate::shapes) const CUP: &[Layer] = &[
    (Shade, "E 46 88 40 7"),
    (Main, "M 74 44 C 100 38 98 76 66 74 L 66 67 C 86 68 88 48 74 52 Z"),
    (Main, "M 14 36 L 78 36 C 79 60 74 78 64 85 L 28 85 C 18 78 13 60 14 36 Z"),
    (Fixed(0x5a_3a_26), "E 46 37 32 6"),
    (Light, "L 3 24 48 27 68"),
    (SNOW, "L 2.4 34 26 37 12"),
    (SNOW, "L 2.4 47 26 50 9"),
    (SNOW, "L 2.4 60 26 63 12"),
];

pub(in crate::shapes) const BOAT: &[Layer] = &[
    (WOOD, "L 2.4 50 8 50 66"),
    (SNOW, "P 53 12 53 60 88 60"),
    (Accent, "P 47 20 47 60 18 60"),
    (Main, "M 6 66 L 94 66 C 90 80 84 88 74 90 L 26 90 C 16 88 10 80 6 66 Z"),
    (Light, "R 8 66 84 5 1"),
];

pub(in crate::shapes) const ROCKET: &[Layer] = &[
    (FLAME, "M 40 76 C 38 88 46 94 50 99 C 54 94 62 88 60 76 Z"),
    (LAMP, "M 45 76 C 44 84 48 88 50 91 C 52 88 56 84 55 76 Z"),
    (Accent, "P 36 50 18 74 20 84 38 74"),
    (Accent, "P 64 50 82 74 80 84 62 74"),
    (Main, "M 50 2 C 68 18 71 48 63 77 L 37 77 C 29 48 32 18 50 2 Z"),
    (Accent, "M 50 2 C 57 8 61 15 63.4 23 L 36.6 23 C 39 15 43 8 50 2 Z"),
    (SNOW, "O 50 40 9.5"),
    (GLASS, "O 50 40 6.5"),
];

pub(in crate::shapes) const PLANE: &[Layer] = &[
    (Shade, "P 44 46 62 18 70 18 62 46"),
    (Shade, "P 10 28 18 28 28 46 14 48"),
    (Main, "M 10 46 L 76 42 C 90 42 97 48 97 53 C 97 58 90 62 76 62 L 24 60 C 14 58 10 52 10 46 Z"),
    (Accent, "P 40 56 66 56 50 84 42 84"),
    (GLASS, "M 82 45 C 90 46 93 49 94 51 L 82 51 Z"),
    (GLASS, "O 34 51 2.6"),
    (GLASS, "O 44 51 2.6"),
    (GLASS, "O 54 51 2.6"),
    (GLASS, "O 64 51 2.6"),
    (GLASS, "O 74 51 2.6"),
];

pub(in crate::shapes) const CAR: &[Layer] = &[
    (Shade, "M 22 48 C 26 36 30 29 38 28 L 62 28 C 70 29 76 38 80 48 Z"),
    (GLASS, "M 29 47 C 31 39 34 34 39 33.5 L 48 33.5 L 48 47 Z"),
    (GLASS, "M 52 33.5 L 61 33.5 C 66 34 70 40 73 47 L 52 47 Z"),
    (Main, "M 6 70 C 4 56 10 49 22 47 L 78 47 C 90 49 97 54 95 70 C 95 73 93 74 90 74 L 11 74 C 8 74 6 73 6 70 Z"),
    (LAMP, "E 91 57 3 4"),
    (INK, "O 27 74 11"),
    (INK, "O 74 74 11"),
    (SNOW, "O 27 74 5"),
    (SNOW, "O 74 74 5"),
];
