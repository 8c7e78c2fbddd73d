//! The subjects as data: each has a few layers on a grid of 100 by 100, painted from bottom to top.
//!
//! A layer is one letter and its numbers: `O cx cy r` circle, `E cx cy rx ry` ellipse, `R x y w h r` rounded
//! rectangle, `P x y …` polygon, `S cx cy outer inner n` star of n points, `L width x1 y1 x2 y2` line with round ends,
//! and `M …` an outline in the manner of SVG with absolute `M`, `L`, `Q`, `C` and `Z`.

mod layers;

use layers::{BOAT, CAR, CAT, CLOUD, DOG, FISH, FLOWER, HAT, HOUSE, MOON, MOUNTAIN, ROBOT, ROCKET, TREE};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Square,
    Rectangle,
    Circle,
    Triangle,
    Diamond,
    Hexagon,
    Star,
    Heart,
    Sun,
    Moon,
    Cloud,
    Tree,
    Flower,
    Mountain,
    House,
    Cat,
    Dog,
    Fish,
    Robot,
    Hat,
    Boat,
    Rocket,
    Car,
}

/// The color of a layer: relative to the color of the subject, or fixed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    Main,
    Shade,
    Light,
    Accent,
    Fixed(u32),
}

use Tone::{Light, Main};

pub(crate) type Layer = (Tone, &'static str);

impl Shape {
    /// Returns the usual color of the subject; `None` if it has none.
    pub(crate) fn usual_color(self) -> Option<u32> {
        match self {
            Self::Heart => Some(0xe0_3a_4c),
            Self::Sun | Self::Star => Some(0xf9_b9_2e),
            Self::Moon => Some(0xf6_e7_b4),
            Self::Cloud => Some(0xf4_f7_fc),
            Self::Tree => Some(0x34_95_55),
            Self::Flower => Some(0xe8_6a_a0),
            Self::Mountain => Some(0x60_77_99),
            Self::House => Some(0xe8_c4_98),
            Self::Cat => Some(0xe0_8f_45),
            Self::Dog => Some(0xb8_83_52),
            Self::Robot => Some(0x8b_9d_b5),
            Self::Hat => Some(0x34_3a_52),
            Self::Rocket => Some(0xe9_ec_f2),
            Self::Square
            | Self::Rectangle
            | Self::Circle
            | Self::Triangle
            | Self::Diamond
            | Self::Hexagon
            | Self::Fish
            | Self::Boat
            | Self::Car => None,
        }
    }

    /// Returns whether the subject belongs in the sky and casts no shadow.
    pub(crate) fn is_in_sky(self) -> bool {
        matches!(self, Self::Sun | Self::Moon | Self::Star | Self::Cloud | Self::Heart | Self::Fish | Self::Rocket)
    }

    /// Returns the center and width of a hat's brim on this subject, in units of the grid; `None` if it has no head.
    pub(crate) fn head(self) -> Option<(f32, f32, f32)> {
        match self {
            Self::Cat => Some((50.0, 29.0, 54.0)),
            Self::Dog => Some((50.0, 26.0, 54.0)),
            Self::Robot => Some((50.0, 17.0, 52.0)),
            Self::Square
            | Self::Rectangle
            | Self::Circle
            | Self::Triangle
            | Self::Diamond
            | Self::Hexagon
            | Self::Star
            | Self::Heart
            | Self::Sun
            | Self::Moon
            | Self::Cloud
            | Self::Tree
            | Self::Flower
            | Self::Mountain
            | Self::House
            | Self::Fish
            | Self::Hat
            | Self::Boat
            | Self::Rocket
            | Self::Car => None,
        }
    }

    pub(crate) fn layers(self) -> &'static [Layer] {
        match self {
            Self::Square => &[(Main, "R 11 11 78 78 3")],
            Self::Rectangle => &[(Main, "R 4 24 92 52 3")],
            Self::Circle => &[(Main, "O 50 50 42")],
            Self::Triangle => &[(Main, "P 50 10 94 86 6 86")],
            Self::Diamond => &[(Main, "P 50 5 92 50 50 95 8 50"), (Light, "P 50 5 64 50 50 95 36 50")],
            Self::Hexagon => &[(Main, "P 50 6 88 28 88 72 50 94 12 72 12 28")],
            Self::Star => &[(Main, "S 50 52 47 20 5")],
            Self::Heart => &[(
                Main,
                "M 50 90 C 20 68 5 50 5 33 C 5 17 16 8 28 8 C 38 8 46 14 50 23 C 54 14 62 8 72 8 C 84 8 95 17 95 33 C 95 50 80 68 50 90 Z",
            )],
            Self::Sun => &[(Light, "S 50 50 48 35 14"), (Main, "O 50 50 30")],
            Self::Moon => MOON,
            Self::Cloud => CLOUD,
            Self::Tree => TREE,
            Self::Flower => FLOWER,
            Self::Mountain => MOUNTAIN,
            Self::House => HOUSE,
            Self::Cat => CAT,
            Self::Dog => DOG,
            Self::Fish => FISH,
            Self::Robot => ROBOT,
            Self::Hat => HAT,
            Self::Boat => BOAT,
            Self::Rocket => ROCKET,
            Self::Car => CAR,
        }
    }
}
