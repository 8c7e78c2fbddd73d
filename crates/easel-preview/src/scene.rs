//! What a picture shows, as data. A picture carries its scene in a text chunk, and the next edit reads it there: so it
//! survives a restart, a fork and a copy of the file.

use serde::{Deserialize, Serialize};

use crate::palette::{Backdrop, Rng};
use crate::shapes::Shape;

/// Maximum number of groups, so that each stays large enough to recognize.
pub(crate) const MAX_GROUPS: usize = 6;
/// Maximum number of things in a group.
pub(crate) const MAX_COUNT: u8 = 12;
/// Maximum length of a scene as text, in bytes. The largest scene has less than half of it.
pub(crate) const MAX_TEXT_BYTES: usize = 2_048;
/// The version of the text. A reader ignores scenes of other versions.
const VERSION: u8 = 1;

/// What a picture shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scene {
    version: u8,
    /// Chooses the lights and the motif.
    pub(crate) seed: u64,
    pub(crate) backdrop: Backdrop,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) groups: Vec<Group>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) time: Option<Time>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) weather: Option<Weather>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) setting: Option<Setting>,
}

/// Some equal things.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Group {
    pub(crate) shape: Shape,
    pub(crate) count: u8,
    /// The color from a prompt as `0xRRGGBB`; `None` for the usual color of the shape.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) color: Option<u32>,
    #[serde(default, skip_serializing_if = "is_medium")]
    pub(crate) size: Size,
    /// Where the group is; `None` for the next free place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) relation: Option<Relation>,
}

impl Group {
    pub(crate) fn new(shape: Shape) -> Self {
        Self { shape, count: 1, color: None, size: Size::Medium, relation: None }
    }

    /// Returns the index of the group that this one is related to.
    pub(crate) fn relation_to(&self) -> Option<usize> {
        self.relation.map(|relation| relation.to)
    }
}

/// The position of a group relative to another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Relation {
    pub(crate) side: Side,
    /// The index of the other group.
    pub(crate) to: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Side {
    Over,
    Under,
    Left,
    Right,
    /// Standing on it, or worn by it.
    On,
    In,
    Behind,
    Front,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Size {
    Tiny,
    Small,
    #[default]
    Medium,
    Large,
}

impl Size {
    /// Returns the size some steps larger, or smaller if `steps` is negative.
    pub(crate) fn step(self, steps: i8) -> Self {
        match (self, steps.signum()) {
            (Self::Tiny, 1) | (Self::Medium, -1) => Self::Small,
            (Self::Small, 1) => Self::Medium,
            (Self::Medium | Self::Large, 1) => Self::Large,
            (Self::Large, -1) => Self::Medium,
            (Self::Small | Self::Tiny, -1) => Self::Tiny,
            (size, _) => size,
        }
    }
}

fn is_medium(size: &Size) -> bool {
    *size == Size::Medium
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Time {
    Day,
    /// Sunrise or sunset.
    Dusk,
    Night,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Weather {
    Sunny,
    Cloudy,
    Rain,
    Storm,
    Snow,
    Fog,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Setting {
    Sea,
    Beach,
    Desert,
    Meadow,
    City,
    Space,
}

impl Scene {
    /// Creates a scene without groups.
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            version: VERSION,
            seed,
            backdrop: Backdrop::choose(&mut Rng::from_seed(seed), None, None),
            groups: Vec::new(),
            time: None,
            weather: None,
            setting: None,
        }
    }

    /// Returns the scene as ASCII text.
    pub(crate) fn to_text(&self) -> Option<String> {
        serde_json::to_string(self).ok().filter(|text| text.len() <= MAX_TEXT_BYTES)
    }

    /// Parses the text of [`Self::to_text`]. Returns `None` for any other text: it may come from a file of others.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text.len() > MAX_TEXT_BYTES {
            return None;
        }
        let mut scene: Self = serde_json::from_str(text).ok()?;
        scene.normalize();
        (scene.version == VERSION).then_some(scene)
    }

    /// Limits the groups and their counts, and removes relations to missing groups and circular relations.
    pub(crate) fn normalize(&mut self) {
        self.groups.truncate(MAX_GROUPS);
        for index in 0..self.groups.len() {
            self.groups[index].count = self.groups[index].count.clamp(1, MAX_COUNT);
            if !self.leads_to_a_root(index) {
                self.groups[index].relation = None;
            }
        }
    }

    fn leads_to_a_root(&self, index: usize) -> bool {
        let mut at = index;
        for _ in 0..=self.groups.len() {
            let Some(group) = self.groups.get(at) else { return false };
            let Some(relation) = group.relation else { return true };
            at = relation.to;
        }
        false
    }

    /// Adds a group unless the scene is full. Returns the index of the group.
    pub(crate) fn add(&mut self, group: Group) -> Option<usize> {
        let index = self.groups.len();
        (index < MAX_GROUPS).then(|| {
            self.groups.push(group);
            index
        })
    }

    /// Removes a group. Those related to it take the relation that it had.
    pub(crate) fn remove(&mut self, index: usize) {
        let removed = self.groups.remove(index);
        let shift = |relation: Relation| match relation.to {
            to if to > index => Some(Relation { to: to - 1, ..relation }),
            to => Some(Relation { to, ..relation }),
        };
        for group in &mut self.groups {
            group.relation = match group.relation {
                Some(relation) if relation.to == index => removed.relation.filter(|r| r.to != index).and_then(shift),
                Some(relation) => shift(relation),
                None => None,
            };
        }
        self.normalize();
    }
}

#[cfg(test)]
mod tests;
