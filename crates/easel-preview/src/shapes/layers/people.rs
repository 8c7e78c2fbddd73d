//! The layers of people, and what looks like them.

use super::{FLAME, GLASS, HAIR, INK, LAMP, SKIN, WOOD};
use crate::shapes::Layer;
use crate::shapes::Tone::{Accent, Fixed, Light, Main, Shade};

pub(in crate::shapes) const PERSON: &[Layer] = &[
    (Fixed(0x3d_43_58), "R 37 66 11 29 4"),
    (Fixed(0x3d_43_58), "R 52 66 11 29 4"),
    (INK, "R 33 90 16 6 3"),
    (INK, "R 51 90 16 6 3"),
    (Shade, "L 8 36 46 25 66"),
    (Shade, "L 8 64 46 75 66"),
    (SKIN, "O 24.5 68 5"),
    (SKIN, "O 75.5 68 5"),
    (Main, "R 32 38 36 36 10"),
    (SKIN, "R 45 30 10 12 4"),
    (SKIN, "O 50 21 15"),
    (HAIR, "M 34 22 C 32 4 68 4 66 22 C 62 14 56 13 50 13 C 44 13 38 14 34 22 Z"),
    (INK, "O 44.5 22 1.7"),
    (INK, "O 55.5 22 1.7"),
    (INK, "L 1.2 46 28.5 50 30"),
    (INK, "L 1.2 50 30 54 28.5"),
];

pub(in crate::shapes) const SNOWMAN: &[Layer] = &[
    (WOOD, "L 2 30 52 10 42"),
    (WOOD, "L 2 70 52 90 42"),
    (Main, "O 50 74 22"),
    (Main, "O 50 48 17"),
    (Main, "O 50 25 13"),
    (Shade, "M 62 56 C 66 50 67 44 65 40 C 69 48 68 54 62 56 Z"),
    (INK, "O 45.5 22 1.8"),
    (INK, "O 54.5 22 1.8"),
    (FLAME, "P 49 25 66 28 49 29.5"),
    (INK, "O 50 46 1.7"),
    (INK, "O 50 54 1.7"),
    (INK, "O 50 68 1.9"),
    (Fixed(0xd8_3a_44), "R 37 34 26 6 3"),
    (Fixed(0xd8_3a_44), "R 56 36 6 15 2"),
];

pub(in crate::shapes) const ROBOT: &[Layer] = &[
    (Shade, "L 3 50 16 50 6"),
    (Accent, "O 50 6 4.5"),
    (Shade, "R 44 50 12 8 0"),
    (Shade, "R 6 59 10 27 5"),
    (Shade, "R 84 59 10 27 5"),
    (Main, "R 23 15 54 38 9"),
    (INK, "R 30 22 40 22 7"),
    (GLASS, "O 41 32 5"),
    (GLASS, "O 59 32 5"),
    (GLASS, "L 2 45 40 55 40"),
    (Main, "R 19 57 62 36 8"),
    (Light, "R 32 65 36 18 4"),
    (Accent, "O 40 74 3.6"),
    (LAMP, "O 50 74 3.6"),
    (Shade, "O 60 74 3.6"),
];
