//! Finds what an edit starts from: the scene of a reference that the preview drew.

use crate::draw::Reference;
use crate::inset::Inset;
use crate::plan::combine;
use crate::reference::read_scene;
use crate::scene::Scene;

/// What an edit starts from.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Base {
    /// The scene to edit; `None` if no reference has one.
    pub(crate) scene: Option<Scene>,
    /// The index of the reference with the scene.
    pub(crate) index: Option<usize>,
    /// For each reference whether it has a scene.
    has_scene: Vec<bool>,
}

impl Base {
    /// Returns the references without a scene, which are shown as insets with their numbers.
    pub(crate) fn insets<'r>(&self, references: &'r [Reference<'r>]) -> impl Iterator<Item = Inset<'r>> {
        let numbered = references.iter().zip(&self.has_scene).zip(1..);
        numbered.filter(|((_, has_scene), _)| !**has_scene).map(|((reference, _), number)| Inset { reference, number })
    }
}

/// Finds the scene that an edit starts from. It is that of the newest reference with a scene, unless the prompt names
/// another one ("the first picture") or asks to combine them.
pub(crate) fn find_base(prompt: &str, references: &[Reference<'_>]) -> Base {
    let scenes: Vec<Option<Scene>> = references.iter().map(|reference| read_scene(reference.bytes)).collect();
    let has_scene = scenes.iter().map(Option::is_some).collect();
    let mut found: Vec<(usize, Scene)> =
        scenes.into_iter().enumerate().filter_map(|(index, scene)| Some((index, scene?))).collect();
    let last = found.len().saturating_sub(1);
    match choose(prompt) {
        Choice::All if found.len() > 1 => {
            let index = found.last().map(|(index, _)| *index);
            let scenes: Vec<Scene> = found.into_iter().map(|(_, scene)| scene).collect();
            Base { scene: combine(&scenes), index, has_scene }
        }
        choice @ (Choice::Newest | Choice::Number(_) | Choice::All) => {
            let at = if let Choice::Number(number) = choice { number.min(last) } else { last };
            let chosen = (at < found.len()).then(|| found.swap_remove(at));
            let (index, scene) = chosen.map_or((None, None), |(index, scene)| (Some(index), Some(scene)));
            Base { scene, index, has_scene }
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Choice {
    Newest,
    /// The one with this index.
    Number(usize),
    All,
}

fn choose(prompt: &str) -> Choice {
    let lower = prompt.to_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    if words.iter().any(|word| matches!(*word, "combine" | "combination" | "merge" | "together")) {
        return Choice::All;
    }
    let ordinal = words.windows(2).find_map(|pair| {
        let number = ["first", "second", "third", "fourth", "fifth"].iter().position(|word| *word == pair[0])?;
        matches!(pair[1], "image" | "picture" | "photo" | "drawing" | "version" | "one").then_some(number)
    });
    ordinal.map_or(Choice::Newest, Choice::Number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prompt_chooses_the_picture() {
        for (prompt, expected) in [
            ("make it blue", Choice::Newest),
            ("the last picture at night", Choice::Newest),
            ("make the first picture blue", Choice::Number(0)),
            ("in the second one, add a dog", Choice::Number(1)),
            ("the first star", Choice::Newest),
            ("combine both pictures", Choice::All),
            ("a combination of the attached images", Choice::All),
        ] {
            assert_eq!(choose(prompt), expected, "{prompt}");
        }
    }
}
