//! What a noun or a pronoun of an edit refers to.

use crate::plan::clause::Thing;
use crate::scene::Scene;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    None,
    /// Something that the preview does not know.
    Unknown,
    Backdrop,
    /// The indices of groups; never empty.
    Groups(Vec<usize>),
}

impl Target {
    /// Returns the subject of the picture, the first group.
    pub(super) fn subject(scene: &Scene) -> Self {
        if scene.groups.is_empty() { Self::Backdrop } else { Self::Groups(vec![0]) }
    }

    pub(super) fn all(scene: &Scene) -> Self {
        if scene.groups.is_empty() { Self::Backdrop } else { Self::Groups((0..scene.groups.len()).collect()) }
    }

    /// Finds the groups of a noun. A color selects among them: "the yellow star".
    pub(super) fn find(scene: &Scene, thing: Thing) -> Self {
        let of_shape = (0..scene.groups.len()).filter(|index| scene.groups[*index].shape == thing.shape);
        let all: Vec<usize> = of_shape.collect();
        let of_color = all.iter().copied().filter(|index| {
            let group = &scene.groups[*index];
            thing.color.is_some() && group.shape.color(group.color) == thing.color
        });
        match (of_color.collect::<Vec<_>>(), all) {
            (colored, _) if !colored.is_empty() => Self::Groups(colored),
            (_, all) if !all.is_empty() => Self::Groups(all),
            _ => Self::None,
        }
    }

    pub(super) fn is_groups(&self) -> bool {
        matches!(self, Self::Groups(_))
    }

    pub(super) fn groups(&self) -> Vec<usize> {
        match self {
            Self::Groups(groups) => groups.clone(),
            Self::None | Self::Unknown | Self::Backdrop => Vec::new(),
        }
    }

    pub(super) fn first(&self) -> Option<usize> {
        match self {
            Self::Groups(groups) => groups.first().copied(),
            Self::None | Self::Unknown | Self::Backdrop => None,
        }
    }
}
