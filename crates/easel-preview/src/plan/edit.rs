//! Applies the clauses of an edit to the scene of an earlier picture.

mod groups;
mod target;

use self::target::Target;
use super::clause::{Clause, Part, Sign, Thing};
use super::token::{Amount, Verb};
use crate::palette::{Backdrop, Rgb, Rng};
use crate::scene::{Scene, Side, Size, Time, Weather};

/// Applies an edit. `rng` chooses what the edit leaves open. The second value is whether the edit names something that
/// is not in the scene.
pub(super) fn edit(scene: &Scene, clauses: &[Clause], rng: &mut Rng) -> (Scene, bool) {
    let mut editor = Editor { scene: scene.clone(), target: Target::None, relation: None, to: false, missing: false };
    let mut verb = None;
    for clause in clauses {
        // "Make it blue. And the house too."
        verb = clause.verb.or(verb);
        editor.apply(verb, clause, rng);
    }
    let mut scene = std::mem::replace(&mut editor.scene, Scene::new(0));
    scene.normalize();
    (scene, editor.missing)
}

struct Editor {
    scene: Scene,
    /// What the last noun or pronoun of the clause refers to.
    target: Target,
    relation: Option<Side>,
    /// Whether the next noun is the result of a change: "into a dog".
    to: bool,
    /// Whether something that the edit names was not found.
    missing: bool,
}

impl Editor {
    fn apply(&mut self, verb: Option<Verb>, clause: &Clause, rng: &mut Rng) {
        if clause.verb.is_some() {
            self.target = Target::None;
        }
        (self.relation, self.to) = (None, false);
        if verb == Some(Verb::Keep) || clause.is_exception() {
            self.retain(clause);
            return;
        }
        if clause.parts.contains(&Part::Instead) {
            (self.target, self.to) = (Target::subject(&self.scene), true);
        }
        let mut joined = false;
        for part in &clause.parts {
            match *part {
                Part::Thing(thing) => self.read_thing(verb, thing, joined),
                Part::It if verb == Some(Verb::Remove) => self.remove_all(&Target::subject(&self.scene)),
                Part::All if verb == Some(Verb::Remove) => self.remove_all(&Target::all(&self.scene)),
                Part::It => self.read_target(Target::subject(&self.scene)),
                Part::All => self.read_target(Target::all(&self.scene)),
                Part::Canvas => self.target = Target::Backdrop,
                Part::Unknown => self.miss(),
                Part::Backdrop(color) => {
                    color.into_iter().for_each(|color| self.paint_backdrop(color));
                    self.target = Target::Backdrop;
                    self.relation = None;
                }
                Part::Mood(color) => self.paint_backdrop(color),
                Part::Color(color) => self.color(color),
                Part::Size(size) => self.resize(|_| size),
                Part::Resize(steps) => self.resize(|size| size.step(steps)),
                Part::Light(light) => {
                    self.scene.time = light.then_some(Time::Day).or(Some(Time::Night));
                }
                Part::Vary => {
                    self.scene.seed = rng.next_u64();
                    self.scene.backdrop = Backdrop::choose(rng, None, None);
                }
                Part::Time(time, sign) => {
                    let current = self.scene.time;
                    self.scene.time = if sign == Sign::Plus { Some(time) } else { current.filter(|own| *own != time) };
                    self.relation = None;
                }
                Part::Weather(weather, sign) => {
                    let storm_ends = weather == Weather::Rain && self.scene.weather == Some(Weather::Storm);
                    let rest = self.scene.weather.filter(|own| *own != weather && !storm_ends);
                    self.scene.weather = if sign == Sign::Plus { Some(weather) } else { rest };
                    self.relation = None;
                }
                Part::Setting(setting, sign) => {
                    let current = self.scene.setting;
                    let rest = current.filter(|own| *own != setting);
                    self.scene.setting = if sign == Sign::Plus { Some(setting) } else { rest };
                    self.relation = None;
                }
                Part::Relation(Side::In) if verb == Some(Verb::Change) => self.to = true,
                Part::Relation(side) => self.relation = Some(side),
                Part::With if verb == Some(Verb::Replace) => self.to = true,
                Part::To => self.to = true,
                Part::With | Part::Instead | Part::And => {}
            }
            joined = *part == Part::And;
        }
        if let Some(Verb::Resize(steps)) = clause.verb {
            self.resize(|size| size.step(steps));
        }
    }

    /// Reads a noun or pronoun that another one may precede.
    fn read_target(&mut self, found: Target) {
        if let Some(side) = self.relation.take()
            && let Some(to) = found.first()
        {
            self.relate(side, to);
            return;
        }
        self.target = found;
    }

    fn read_thing(&mut self, verb: Option<Verb>, thing: Thing, joined: bool) {
        let found = Target::find(&self.scene, thing);
        if thing.sign == Sign::Minus {
            self.remove(thing, &found);
            return;
        }
        // "Turn the cat into a dog", "make it a dog", "replace the cat with a dog".
        let changes = (matches!(verb, Some(Verb::Change | Verb::Replace)) || self.to) && !joined;
        if changes && self.relation.is_none() && (self.to || thing.definite != Some(true)) && self.target.is_groups() {
            self.replace(thing);
            return;
        }
        let adds = match thing.amount {
            Amount::Exact => !(thing.definite == Some(true) || self.relation.is_some() || is_count(verb, thing)),
            Amount::More | Amount::Fewer | Amount::Only => false,
        };
        if found.is_groups() && !adds {
            self.set_count(thing, &found);
            self.read_target(found);
            return;
        }
        // "Make the dog blue" without a dog in the scene adds none.
        let changes_it = matches!(verb, Some(Verb::Change)) && thing.definite == Some(true);
        if changes_it || matches!(verb, Some(Verb::Replace | Verb::Remove | Verb::Resize(_))) {
            self.miss();
            return;
        }
        self.add(thing, &found);
    }

    fn miss(&mut self) {
        self.target = Target::Unknown;
        self.missing = true;
    }

    fn color(&mut self, color: u32) {
        if self.target == Target::None {
            self.target = Target::subject(&self.scene);
        }
        match &self.target {
            Target::Backdrop | Target::None => self.paint_backdrop(color),
            Target::Unknown => {}
            Target::Groups(groups) => groups.iter().for_each(|index| self.scene.groups[*index].color = Some(color)),
        }
    }

    fn paint_backdrop(&mut self, color: u32) {
        self.scene.backdrop = Backdrop::of_color(Rgb::from_hex(color));
        self.scene.time = None;
    }

    fn resize(&mut self, change: impl Fn(Size) -> Size) {
        if self.target == Target::None {
            self.target = Target::subject(&self.scene);
        }
        for index in self.target.groups() {
            let size = &mut self.scene.groups[index].size;
            *size = change(*size);
        }
    }
}

/// Returns whether a noun only says how many there should be: "make it three stars", "five stars".
fn is_count(verb: Option<Verb>, thing: Thing) -> bool {
    matches!(verb, None | Some(Verb::Change | Verb::Draw)) && thing.count.is_some()
}
