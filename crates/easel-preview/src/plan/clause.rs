//! Groups tokens into clauses: a verb and the parts that follow it.

mod parser;

pub(super) use self::parser::parse;
use super::token::{Amount, Verb};
use crate::scene::{Setting, Side, Size, Time, Weather};
use crate::shapes::Shape;

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Clause {
    /// `None` if the clause has no verb.
    pub(super) verb: Option<Verb>,
    pub(super) parts: Vec<Part>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Part {
    Thing(Thing),
    /// The subject of the picture.
    It,
    All,
    Canvas,
    /// Something that the preview does not know.
    Unknown,
    /// The background, and its color.
    Backdrop(Option<u32>),
    /// A color after what it belongs to.
    Color(u32),
    /// A color of something that the preview does not know.
    Mood(u32),
    Size(Size),
    Resize(i8),
    Light(bool),
    Vary,
    Time(Time, Sign),
    Weather(Weather, Sign),
    Setting(Setting, Sign),
    Relation(Side),
    With,
    To,
    Instead,
    And,
}

/// Whether a text asks for something or excludes it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Sign {
    #[default]
    Plus,
    Minus,
}

/// A noun with what precedes it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Thing {
    pub(super) shape: Shape,
    pub(super) plural: bool,
    pub(super) count: Option<u8>,
    pub(super) amount: Amount,
    /// `None` without an article.
    pub(super) definite: Option<bool>,
    pub(super) sign: Sign,
    pub(super) color: Option<u32>,
    pub(super) size: Option<Size>,
}

impl Clause {
    /// Returns whether the clause removes everything but some things.
    pub(super) fn is_exception(&self) -> bool {
        let named = |part: &Part| matches!(part, Part::Thing(thing) if thing.sign == Sign::Plus);
        self.verb == Some(Verb::Remove) && self.parts.contains(&Part::All) && self.parts.iter().any(named)
    }

    pub(super) fn has_amount(&self, amount: Amount) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Thing(thing) if thing.amount == amount))
    }
}

impl Part {
    /// Returns whether the part can be seen on a picture.
    pub(super) fn is_visible(&self) -> bool {
        match self {
            Self::Thing(_) | Self::Time(..) | Self::Weather(..) | Self::Setting(..) => true,
            Self::It
            | Self::All
            | Self::Canvas
            | Self::Unknown
            | Self::Backdrop(_)
            | Self::Color(_)
            | Self::Mood(_)
            | Self::Size(_)
            | Self::Resize(_)
            | Self::Light(_)
            | Self::Vary
            | Self::Relation(_)
            | Self::With
            | Self::To
            | Self::Instead
            | Self::And => false,
        }
    }

    /// Returns whether the part changes a scene.
    pub(super) fn is_change(&self) -> bool {
        let is_attribute = matches!(
            self,
            Self::Backdrop(Some(_))
                | Self::Color(_)
                | Self::Mood(_)
                | Self::Size(_)
                | Self::Resize(_)
                | Self::Light(_)
                | Self::Vary
        );
        is_attribute || self.is_visible()
    }
}
