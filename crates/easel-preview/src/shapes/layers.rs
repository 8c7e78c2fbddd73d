//! The layers of the larger subjects.

mod animals;
mod buildings;
mod nature;
mod people;
mod things;

pub(super) use self::animals::{BIRD, BUTTERFLY, CAT, DOG, DUCK, FISH, FOX, RABBIT};
pub(super) use self::buildings::{CASTLE, HOUSE, LIGHTHOUSE};
pub(super) use self::nature::{APPLE, CLOUD, FIR, FLOWER, MOON, MOUNTAIN, MUSHROOM, RAINBOW, TREE};
pub(super) use self::people::{PERSON, ROBOT, SNOWMAN};
pub(super) use self::things::{BALLOON, BOAT, CAR, CUP, HAT, PLANE, ROCKET, UMBRELLA};

use super::Tone::{self, Fixed};

const INK: Tone = Fixed(0x23_26_2f);
const SNOW: Tone = Fixed(0xfa_fb_fd);
const LEAF: Tone = Fixed(0x3c_9a_56);
const WOOD: Tone = Fixed(0x7d_55_38);
const GLASS: Tone = Fixed(0x9f_e3_f5);
const LAMP: Tone = Fixed(0xff_df_8a);
const ROSE: Tone = Fixed(0xf3_9a_a8);
const FLAME: Tone = Fixed(0xff_9a_2e);
const SKIN: Tone = Fixed(0xf0_c4_a0);
const HAIR: Tone = Fixed(0x4a_32_28);
