//! The planner: turns a prompt, or an edit of an earlier scene, into a scene. It replaces the understanding of a model
//! by a grammar of English that knows the nouns of `shapes`, colors, numbers, positions, weather and times of the day.

mod clause;
mod colors;
mod create;
mod edit;
mod lexicon;
mod nouns;
mod token;

use easel_protocol::record::AppliedImage;

use crate::palette::Rng;
use crate::rule::Drawer;
use crate::scene::Scene;
use crate::size;

/// A planned scene.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) scene: Scene,
    /// Whether any word of the prompt had an effect.
    pub(crate) understood: bool,
}

/// Plans the scene of a prompt. With an earlier scene the prompt is an edit of it. Each `variant` but 0 changes what
/// the prompt leaves open.
pub(crate) fn plan(prompt: &str, earlier: Option<&Scene>, variant: u64) -> Plan {
    let clauses = clause::parse(prompt);
    let mut rng = Rng::new(prompt, variant);
    let Some(earlier) = earlier else {
        let scene = create::create(&clauses, rng.clone());
        let understood = scene != Scene::new(rng.seed());
        return Plan { scene, understood };
    };
    let (mut scene, is_missing) = edit::edit(earlier, &clauses, &mut rng);
    let parts = || clauses.iter().flat_map(|clause| &clause.parts);
    let is_known = parts().any(clause::Part::is_change) && !is_missing;
    let has_parameters =
        size::find_parameters(prompt, Drawer::Preview).is_ok_and(|found| found != AppliedImage::default());
    let understood = scene != *earlier || is_known || has_parameters;
    if variant > 0 {
        scene.seed = rng.next_u64();
    }
    Plan { scene, understood }
}

/// Returns the scene with everything that the scenes of several pictures show.
pub(crate) fn combine(scenes: &[Scene]) -> Option<Scene> {
    let (first, others) = scenes.split_first()?;
    let mut combined = first.clone();
    for scene in others {
        let offset = combined.groups.len();
        for group in &scene.groups {
            let mut group = *group;
            if let Some(relation) = &mut group.relation {
                relation.to += offset;
            }
            combined.groups.push(group);
        }
        combined.time = combined.time.or(scene.time);
        combined.weather = combined.weather.or(scene.weather);
        combined.setting = combined.setting.or(scene.setting);
    }
    combined.normalize();
    Some(combined)
}

/// Returns whether the preview can draw a word of the text.
pub(crate) fn names_something(text: &str) -> bool {
    let clauses = clause::parse(text);
    clauses.iter().flat_map(|clause| &clause.parts).any(clause::Part::is_visible)
}

#[cfg(test)]
mod tests;
