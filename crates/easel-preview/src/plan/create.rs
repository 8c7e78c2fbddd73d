//! Creates a scene from the clauses of a prompt.

use super::clause::{Clause, Part, Sign, Thing};
use super::token::Verb;
use crate::palette::{Backdrop, Rgb, Rng};
use crate::scene::{Group, Relation, Scene, Side, Size};
use crate::shapes::Shape;

/// Number of things of a plural without a number.
pub(super) const SOME: u8 = 3;

/// Creates the scene of a prompt without an earlier picture. `rng` chooses what the prompt leaves open.
pub(super) fn create(clauses: &[Clause], mut rng: Rng) -> Scene {
    let mut builder = SceneBuilder { scene: Scene::new(rng.seed()), mood: None, last: Vec::new(), relation: None };
    for clause in clauses {
        builder.read(clause);
    }
    let SceneBuilder { mut scene, mood, .. } = builder;
    let first = scene.groups.first().and_then(|group| group.shape.color(group.color));
    scene.backdrop = Backdrop::choose(&mut rng, mood.map(Rgb::from_hex), first.map(Rgb::from_hex));
    scene.normalize();
    scene
}

struct SceneBuilder {
    scene: Scene,
    mood: Option<u32>,
    /// The groups that a relation or a color refers to: the last one, and those joined to it by "and".
    last: Vec<usize>,
    relation: Option<Side>,
}

impl SceneBuilder {
    fn read(&mut self, clause: &Clause) {
        (self.last, self.relation) = (Vec::new(), None);
        let mut joined = false;
        for part in &clause.parts {
            match *part {
                Part::Thing(thing) if thing.sign == Sign::Plus || clause.verb == Some(Verb::Keep) => {
                    self.read_thing(thing, joined);
                }
                Part::Color(color) => self.color(color),
                Part::Mood(color) | Part::Backdrop(Some(color)) => self.mood = self.mood.or(Some(color)),
                Part::Size(size) => self.resize(size),
                Part::Time(time, Sign::Plus) => {
                    self.scene.time = Some(time);
                    self.relation = None;
                }
                Part::Weather(weather, Sign::Plus) => {
                    self.scene.weather = Some(weather);
                    self.relation = None;
                }
                Part::Setting(setting, Sign::Plus) => {
                    self.scene.setting = Some(setting);
                    self.relation = None;
                }
                Part::Backdrop(None) => self.move_to_back(),
                Part::Relation(side) => self.relation = Some(side),
                Part::With => self.relation = None,
                Part::Resize(steps) => self.resize(if steps > 0 { Size::Large } else { Size::Small }),
                Part::Thing(_)
                | Part::Time(_, Sign::Minus)
                | Part::Weather(_, Sign::Minus)
                | Part::Setting(_, Sign::Minus)
                | Part::It
                | Part::All
                | Part::Canvas
                | Part::Unknown
                | Part::Light(_)
                | Part::Vary
                | Part::To
                | Part::Instead
                | Part::And => {}
            }
            joined = *part == Part::And;
        }
    }

    fn read_thing(&mut self, thing: Thing, joined: bool) {
        let mut group = to_group(thing);
        let known = self.scene.groups.iter().position(|other| is_repeated(other, thing));
        if known.is_none() && thing.shape == Shape::Hat && !joined && thing.count.is_none() {
            group.relation = self.find_head().map(|to| Relation { side: Side::On, to });
        }
        let Some(index) = known.or_else(|| self.scene.add(group)) else { return };
        let side = self.relation.take();
        if let Some(side) = side
            && self.scene.groups[index].relation.is_none()
        {
            for from in self.last.iter().filter(|from| **from != index) {
                self.scene.groups[*from].relation = Some(Relation { side, to: index });
            }
        }
        if !joined || side.is_some() {
            self.last.clear();
        }
        self.last.push(index);
    }

    /// Moves the last groups behind the first one: "a cat, with a mountain in the background".
    fn move_to_back(&mut self) {
        if self.relation.take() == Some(Side::In) && !self.last.contains(&0) {
            for index in &self.last {
                self.scene.groups[*index].relation = Some(Relation { side: Side::Behind, to: 0 });
            }
        }
    }

    /// Returns the last group with a head that has no hat yet.
    fn find_head(&self) -> Option<usize> {
        let has_hat = |index: usize| {
            self.scene.groups.iter().any(|group| {
                group.shape == Shape::Hat && group.relation == Some(Relation { side: Side::On, to: index })
            })
        };
        let heads = self.last.iter().filter(|index| self.scene.groups[**index].shape.head().is_some());
        heads.copied().rfind(|index| !has_hat(*index))
    }

    fn color(&mut self, color: u32) {
        match self.last.last().map(|index| &mut self.scene.groups[*index].color) {
            Some(own @ None) => *own = Some(color),
            Some(Some(_)) | None => self.mood = self.mood.or(Some(color)),
        }
    }

    fn resize(&mut self, size: Size) {
        if let Some(index) = self.last.last() {
            self.scene.groups[*index].size = size;
        }
    }
}

/// Returns the group of a noun.
pub(super) fn to_group(thing: Thing) -> Group {
    let count = thing.count.unwrap_or(if thing.plural { SOME } else { 1 });
    let size = thing.size.unwrap_or_default();
    Group { count, color: thing.color, size, ..Group::new(thing.shape) }
}

/// Returns whether a noun repeats a group. A prompt that repeats its subject does not ask for a second one.
fn is_repeated(group: &Group, thing: Thing) -> bool {
    let same_color = thing.color.is_none() || thing.color == group.color;
    let again = thing.definite == Some(true) || (thing.count.is_none() && thing.color == group.color);
    group.shape == thing.shape && same_color && again
}
