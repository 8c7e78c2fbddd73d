//! The layers of the larger subjects.

use super::Layer;
use super::Tone::{self, Accent, Fixed, Light, Main, Shade};

const INK: Tone = Fixed(0x23_26_2f);
const SNOW: Tone = Fixed(0xfa_fb_fd);
const LEAF: Tone = Fixed(0x3c_9a_56);
const WOOD: Tone = Fixed(0x7d_55_38);
const GLASS: Tone = Fixed(0x9f_e3_f5);
const LAMP: Tone = Fixed(0xff_df_8a);
const ROSE: Tone = Fixed(0xf3_9a_a8);
const FLAME: Tone = Fixed(0xff_9a_2e);

pub(super) const MOON: &[Layer] = &[
    (Main, "M 64 7 C 38 6 18 26 18 50 C 18 74 38 94 64 93 C 49 84 41 68 41 50 C 41 32 49 16 64 7 Z"),
    (Light, "S 76 30 9 3.4 4"),
    (Light, "S 86 60 6 2.2 4"),
    (Light, "S 66 66 5 1.9 4"),
];

pub(super) const CLOUD: &[Layer] = &[
    (Shade, "R 9 60 84 22 11"),
    (Main, "O 30 57 20"),
    (Main, "O 54 45 27"),
    (Main, "O 76 59 18"),
    (Main, "R 10 56 84 22 11"),
];

pub(super) const TREE: &[Layer] = &[
    (WOOD, "P 45 56 55 56 58 94 42 94"),
    (Shade, "O 34 52 19"),
    (Shade, "O 67 52 19"),
    (Main, "O 50 34 28"),
    (Main, "O 33 46 16"),
    (Main, "O 67 46 16"),
    (Light, "O 42 26 7"),
    (Light, "O 60 36 4.5"),
];

pub(super) const FLOWER: &[Layer] = &[
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

pub(super) const MOUNTAIN: &[Layer] = &[
    (Shade, "P 98 86 68 34 36 86"),
    (SNOW, "P 68 34 76 48 71.5 46 67 51 63 46 59.4 48"),
    (Main, "P 2 86 40 16 80 86"),
    (Light, "P 2 86 40 16 34 50 38 62 28 86"),
    (SNOW, "P 40 16 53 38.8 46.5 35.5 41 43 35 36 28 38.1"),
];

pub(super) const HOUSE: &[Layer] = &[
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

pub(super) const CAT: &[Layer] = &[
    (Main, "P 17 14 47 34 19 54"),
    (Main, "P 83 14 53 34 81 54"),
    (ROSE, "P 22 22 37 33 23 43"),
    (ROSE, "P 78 22 63 33 77 43"),
    (Main, "E 50 58 37 33"),
    (Shade, "P 46 27 54 27 50 40"),
    (Light, "E 50 73 17 13"),
    (SNOW, "E 35 53 7.5 8.5"),
    (SNOW, "E 65 53 7.5 8.5"),
    (INK, "E 36 54 4 7"),
    (INK, "E 64 54 4 7"),
    (SNOW, "O 34.6 51 1.5"),
    (SNOW, "O 62.6 51 1.5"),
    (ROSE, "P 45 65 55 65 50 71"),
    (INK, "L 1.3 50 70 50 75"),
    (INK, "L 1.3 50 75 46 78"),
    (INK, "L 1.3 46 78 42 75.5"),
    (INK, "L 1.3 50 75 54 78"),
    (INK, "L 1.3 54 78 58 75.5"),
    (INK, "L 0.9 30 70 6 65"),
    (INK, "L 0.9 30 74 7 77"),
    (INK, "L 0.9 70 70 94 65"),
    (INK, "L 0.9 70 74 93 77"),
];

pub(super) const DOG: &[Layer] = &[
    (Main, "E 50 54 32 36"),
    (Shade, "M 26 22 C 10 18 4 36 7 56 C 9 68 20 68 24 56 C 27 46 30 34 26 22 Z"),
    (Shade, "M 74 22 C 90 18 96 36 93 56 C 91 68 80 68 76 56 C 73 46 70 34 74 22 Z"),
    (Light, "E 50 70 20 18"),
    (INK, "O 38 47 5"),
    (INK, "O 62 47 5"),
    (SNOW, "O 36.5 45.5 1.6"),
    (SNOW, "O 60.5 45.5 1.6"),
    (INK, "E 50 62 7 5"),
    (INK, "L 1.6 50 66 50 74"),
    (ROSE, "M 46 76 C 45 89 55 89 54 76 Z"),
    (INK, "L 1.6 50 74 45 77"),
    (INK, "L 1.6 45 77 40 74.5"),
    (INK, "L 1.6 50 74 55 77"),
    (INK, "L 1.6 55 77 60 74.5"),
];

pub(super) const FISH: &[Layer] = &[
    (Shade, "P 70 50 97 26 92 50 97 74"),
    (Shade, "M 34 32 C 44 12 60 12 66 18 C 62 26 62 30 60 36 Z"),
    (Main, "E 43 50 36 23"),
    (Light, "M 30 54 C 40 72 60 68 72 58 C 62 72 46 76 32 70 Z"),
    (Shade, "M 44 50 C 52 44 60 48 62 54 C 56 60 48 58 44 50 Z"),
    (SNOW, "O 24 45 5.5"),
    (INK, "O 23 45 2.8"),
];

pub(super) const ROBOT: &[Layer] = &[
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

pub(super) const HAT: &[Layer] = &[
    (Shade, "E 50 80 48 10"),
    (Main, "E 50 77.5 48 9"),
    (Main, "M 24 78 L 27 22 C 36 14 64 14 73 22 L 76 78 C 62 84 38 84 24 78 Z"),
    (Accent, "M 24.2 74 L 25 58 C 40 63 60 63 75 58 L 75.8 74 C 60 80 40 80 24.2 74 Z"),
    (Light, "E 50 21 23 5.5"),
];

pub(super) const BOAT: &[Layer] = &[
    (WOOD, "L 2.4 50 8 50 66"),
    (SNOW, "P 53 12 53 60 88 60"),
    (Accent, "P 47 20 47 60 18 60"),
    (Main, "M 6 66 L 94 66 C 90 80 84 88 74 90 L 26 90 C 16 88 10 80 6 66 Z"),
    (Light, "R 8 66 84 5 1"),
];

pub(super) const ROCKET: &[Layer] = &[
    (FLAME, "M 40 76 C 38 88 46 94 50 99 C 54 94 62 88 60 76 Z"),
    (LAMP, "M 45 76 C 44 84 48 88 50 91 C 52 88 56 84 55 76 Z"),
    (Accent, "P 36 50 18 74 20 84 38 74"),
    (Accent, "P 64 50 82 74 80 84 62 74"),
    (Main, "M 50 2 C 68 18 71 48 63 77 L 37 77 C 29 48 32 18 50 2 Z"),
    (Accent, "M 50 2 C 57 8 61 15 63.4 23 L 36.6 23 C 39 15 43 8 50 2 Z"),
    (SNOW, "O 50 40 9.5"),
    (GLASS, "O 50 40 6.5"),
];

pub(super) const CAR: &[Layer] = &[
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
