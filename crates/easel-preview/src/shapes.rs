//! The subjects as data: each has a few layers on a grid of 100 by 100, painted from bottom to top.
//!
//! A layer is one letter and its numbers: `O cx cy r` circle, `E cx cy rx ry` ellipse, `R x y w h r` rounded
//! rectangle, `P x y …` polygon, `S cx cy outer inner n` star of n points, `L width x1 y1 x2 y2` line with round ends,
//! and `M …` an outline in the manner of SVG with absolute `M`, `L`, `Q`, `C` and `Z`.

mod features;
mod layers;

use serde::{Deserialize, Serialize};

use Tone::{Light, Main};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
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
    Rainbow,
    Tree,
    Fir,
    Flower,
    Mushroom,
    Apple,
    Mountain,
    House,
    Castle,
    Lighthouse,
    Cat,
    Dog,
    Fox,
    Rabbit,
    Bird,
    Duck,
    Butterfly,
    Fish,
    Person,
    Snowman,
    Robot,
    Hat,
    Balloon,
    Umbrella,
    Cup,
    Boat,
    Rocket,
    Plane,
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

pub(crate) type Layer = (Tone, &'static str);

impl Shape {
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
            Self::Moon => layers::MOON,
            Self::Cloud => layers::CLOUD,
            Self::Rainbow => layers::RAINBOW,
            Self::Tree => layers::TREE,
            Self::Fir => layers::FIR,
            Self::Flower => layers::FLOWER,
            Self::Mushroom => layers::MUSHROOM,
            Self::Apple => layers::APPLE,
            Self::Mountain => layers::MOUNTAIN,
            Self::House => layers::HOUSE,
            Self::Castle => layers::CASTLE,
            Self::Lighthouse => layers::LIGHTHOUSE,
            Self::Cat => layers::CAT,
            Self::Dog => layers::DOG,
            Self::Fox => layers::FOX,
            Self::Rabbit => layers::RABBIT,
            Self::Bird => layers::BIRD,
            Self::Duck => layers::DUCK,
            Self::Butterfly => layers::BUTTERFLY,
            Self::Fish => layers::FISH,
            Self::Person => layers::PERSON,
            Self::Snowman => layers::SNOWMAN,
            Self::Robot => layers::ROBOT,
            Self::Hat => layers::HAT,
            Self::Balloon => layers::BALLOON,
            Self::Umbrella => layers::UMBRELLA,
            Self::Cup => layers::CUP,
            Self::Boat => layers::BOAT,
            Self::Rocket => layers::ROCKET,
            Self::Plane => layers::PLANE,
            Self::Car => layers::CAR,
        }
    }
}

#[cfg(test)]
impl Shape {
    pub(crate) const ALL: &[Self] = &[
        Self::Square,
        Self::Rectangle,
        Self::Circle,
        Self::Triangle,
        Self::Diamond,
        Self::Hexagon,
        Self::Star,
        Self::Heart,
        Self::Sun,
        Self::Moon,
        Self::Cloud,
        Self::Rainbow,
        Self::Tree,
        Self::Fir,
        Self::Flower,
        Self::Mushroom,
        Self::Apple,
        Self::Mountain,
        Self::House,
        Self::Castle,
        Self::Lighthouse,
        Self::Cat,
        Self::Dog,
        Self::Fox,
        Self::Rabbit,
        Self::Bird,
        Self::Duck,
        Self::Butterfly,
        Self::Fish,
        Self::Person,
        Self::Snowman,
        Self::Robot,
        Self::Hat,
        Self::Balloon,
        Self::Umbrella,
        Self::Cup,
        Self::Boat,
        Self::Rocket,
        Self::Plane,
        Self::Car,
    ];
}
