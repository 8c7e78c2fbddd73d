//! What the other modules know about a shape besides its outline: its color, its place and its head.

use super::Shape;

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
            Self::Rocket | Self::Plane => Some(0xe9_ec_f2),
            Self::Fir => Some(0x2c_7d_55),
            Self::Mushroom | Self::Lighthouse | Self::Balloon => Some(0xd8_3f_45),
            Self::Apple => Some(0xd0_36_40),
            Self::Castle => Some(0xa3_a9_b8),
            Self::Fox => Some(0xe2_74_2c),
            Self::Rabbit => Some(0xc9_b8_a8),
            Self::Bird => Some(0x3f_86_cf),
            Self::Duck => Some(0xf4_c5_38),
            Self::Butterfly => Some(0xd8_62_b0),
            Self::Snowman => Some(0xf2_f5_fa),
            Self::Umbrella => Some(0x3a_77_c8),
            Self::Person => Some(0x3e_80_b8),
            Self::Square
            | Self::Rectangle
            | Self::Circle
            | Self::Triangle
            | Self::Diamond
            | Self::Hexagon
            | Self::Rainbow
            | Self::Fish
            | Self::Cup
            | Self::Boat
            | Self::Car => None,
        }
    }

    /// Returns the color from a prompt, or the usual color of the subject.
    pub(crate) fn color(self, own: Option<u32>) -> Option<u32> {
        own.or(self.usual_color())
    }

    /// Returns whether the subject belongs above all others.
    pub(crate) fn is_overhead(self) -> bool {
        matches!(self, Self::Sun | Self::Moon | Self::Cloud | Self::Rainbow)
    }

    /// Returns whether the subject belongs in the air and casts no shadow.
    pub(crate) fn is_in_sky(self) -> bool {
        self.is_overhead()
            || matches!(
                self,
                Self::Star | Self::Heart | Self::Fish | Self::Rocket | Self::Plane | Self::Balloon | Self::Butterfly
            )
    }

    /// Returns the center and width of a hat's brim on this subject, in units of the grid; `None` if it has no head.
    pub(crate) fn head(self) -> Option<(f32, f32, f32)> {
        match self {
            Self::Cat => Some((50.0, 29.0, 54.0)),
            Self::Dog => Some((50.0, 26.0, 54.0)),
            Self::Fox => Some((50.0, 32.0, 52.0)),
            Self::Rabbit => Some((50.0, 44.0, 46.0)),
            Self::Duck => Some((67.0, 21.0, 36.0)),
            Self::Person => Some((50.0, 13.0, 42.0)),
            Self::Snowman => Some((50.0, 16.0, 36.0)),
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
            | Self::Rainbow
            | Self::Tree
            | Self::Fir
            | Self::Flower
            | Self::Mushroom
            | Self::Apple
            | Self::Mountain
            | Self::House
            | Self::Castle
            | Self::Lighthouse
            | Self::Bird
            | Self::Butterfly
            | Self::Fish
            | Self::Hat
            | Self::Balloon
            | Self::Umbrella
            | Self::Cup
            | Self::Boat
            | Self::Rocket
            | Self::Plane
            | Self::Car => None,
        }
    }
}
