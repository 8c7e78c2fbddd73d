//! The layers of buildings.

use super::{INK, LAMP, SNOW, WOOD};
use crate::shapes::Layer;
use crate::shapes::Tone::{Accent, Fixed, Main, Shade};

pub(in crate::shapes) const HOUSE: &[Layer] = &[
    (Shade, "R 67 17 10 26 1"),
    (Main, "R 17 45 66 46 1"),
    (Fixed(0xb5_4a_3c), "P 6 49 50 10 94 49 87 53 13 53"),
    (WOOD, "R 43 63 15 28 2"),
    (LAMP, "O 54.5 77 1.4"),
    (LAMP, "R 24 60 13 13 1.5"),
    (LAMP, "R 64 60 13 13 1.5"),
    (SNOW, "L 1.3 30.5 60 30.5 73"),
    (SNOW, "L 1.3 24 66.5 37 66.5"),
    (SNOW, "L 1.3 70.5 60 70.5 73"),
    (SNOW, "L 1.3 64 66.5 77 66.5"),
];

pub(in crate::shapes) const CASTLE: &[Layer] = &[
    (Shade, "P 30 22 30 92 70 92 70 22 64 22 64 28 57 28 57 22 43 22 43 28 36 28 36 22"),
    (Main, "P 6 40 6 92 32 92 32 40 27 40 27 46 22 46 22 40 16 40 16 46 11 46 11 40"),
    (Main, "P 68 40 68 92 94 92 94 40 89 40 89 46 84 46 84 40 78 40 78 46 73 46 73 40"),
    (Main, "P 30 62 30 92 70 92 70 62 65 62 65 67 59 67 59 62 53 62 53 67 47 67 47 62 41 62 41 67 35 67 35 62"),
    (WOOD, "M 42 92 L 42 80 C 42 70 58 70 58 80 L 58 92 Z"),
    (LAMP, "R 16.5 56 5.5 10 2.7"),
    (LAMP, "R 78 56 5.5 10 2.7"),
    (LAMP, "R 47 38 6 11 3"),
    (INK, "L 1.2 50 23 50 5"),
    (Accent, "P 50.6 5 66 9.5 50.6 14"),
];

pub(in crate::shapes) const LIGHTHOUSE: &[Layer] = &[
    (Shade, "M 14 92 C 22 80 78 80 86 92 Z"),
    (SNOW, "P 39 34 61 34 68 86 32 86"),
    (Main, "P 37.6 44 62.4 44 64 56 36 56"),
    (Main, "P 34.4 68 65.6 68 67.2 80 32.8 80"),
    (INK, "R 34 31 32 4 1"),
    (LAMP, "R 42 18 16 13 1"),
    (Main, "P 39 18 61 18 50 6"),
    (INK, "R 46.5 48 6 9 3"),
    (WOOD, "R 45 76 10 10 2"),
    (LAMP, "P 40 21 4 12 4 34 40 28"),
    (LAMP, "P 60 21 96 12 96 34 60 28"),
];
