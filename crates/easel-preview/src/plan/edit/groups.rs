//! Changes of the groups of a scene.

use super::Editor;
use super::target::Target;
use crate::plan::clause::{Clause, Part, Thing};
use crate::plan::create::{SOME, to_group};
use crate::plan::token::Amount;
use crate::scene::{Group, Relation, Side};
use crate::shapes::Shape;

impl Editor {
    /// Changes the count of groups: "five stars", "two more stars".
    pub(super) fn set_count(&mut self, thing: Thing, found: &Target) {
        let Some(index) = found.first() else { return };
        let group = &mut self.scene.groups[index];
        group.count = match thing.amount {
            Amount::More => group.count.saturating_add(thing.count.unwrap_or(if thing.plural { 2 } else { 1 })),
            Amount::Fewer => group.count.saturating_sub(thing.count.unwrap_or(1)).max(1),
            Amount::Exact | Amount::Only if self.relation.is_none() => thing.count.unwrap_or(group.count),
            Amount::Exact | Amount::Only => group.count,
        };
    }

    pub(super) fn add(&mut self, thing: Thing, found: &Target) {
        // The same again: a star beside a star is two stars.
        if let Some(index) = found.first()
            && self.relation.is_none()
            && (thing.color.is_none() || self.scene.groups[index].color == thing.color)
        {
            let more = thing.count.unwrap_or(if thing.plural { SOME } else { 1 });
            let group = &mut self.scene.groups[index];
            group.count = group.count.saturating_add(more);
            self.target = Target::Groups(vec![index]);
            return;
        }
        let group = to_group(thing);
        let Some(index) = self.scene.add(group) else { return };
        let added = Target::Groups(vec![index]);
        match self.relation.take() {
            // "Put the cat on a car": the car is new.
            Some(side) if self.target.is_groups() => self.relate(side, index),
            // "With a hat": on the head of the subject.
            Some(_) | None => {
                if thing.shape == Shape::Hat
                    && let Some(to) = self.find_head(index)
                {
                    self.scene.groups[index].relation = Some(Relation { side: Side::On, to });
                }
                self.target = added;
            }
        }
    }

    /// Returns the group with a head that gets a new hat: the target, or the only one without a hat.
    fn find_head(&self, hat: usize) -> Option<usize> {
        let groups = &self.scene.groups;
        let has_head = |index: &usize| *index != hat && groups[*index].shape.head().is_some();
        let has_hat = |index: usize| groups.iter().any(|g| g.shape == Shape::Hat && g.relation_to() == Some(index));
        let target = self.target.first().filter(has_head);
        target.or_else(|| (0..groups.len()).filter(has_head).find(|index| !has_hat(*index)))
    }

    /// Puts the target on a side of a group.
    pub(super) fn relate(&mut self, side: Side, to: usize) {
        for from in self.target.groups().into_iter().filter(|from| *from != to) {
            // A group that is moved under its own follower takes its place.
            if self.scene.groups[to].relation_to() == Some(from) {
                self.scene.groups[to].relation = None;
            }
            self.scene.groups[from].relation = Some(Relation { side, to });
        }
    }

    pub(super) fn replace(&mut self, thing: Thing) {
        for index in self.target.groups() {
            let old = self.scene.groups[index];
            let same = old.shape == thing.shape;
            let color = thing.color.or(old.color.filter(|_| same));
            let count = thing.count.unwrap_or(if thing.plural && !same { SOME } else { old.count });
            let size = thing.size.unwrap_or(old.size);
            self.scene.groups[index] = Group { shape: thing.shape, count, color, size, relation: old.relation };
        }
        self.to = false;
    }

    /// Removes a noun: some of a group if it has a number or "a", otherwise all.
    pub(super) fn remove(&mut self, thing: Thing, found: &Target) {
        let some = thing.count.or((thing.definite == Some(false) && !thing.plural).then_some(1));
        match (found.first(), some) {
            (Some(index), Some(some)) if self.scene.groups[index].count > some => {
                self.scene.groups[index].count -= some;
            }
            (Some(_), _) => self.remove_all(found),
            (None, _) => self.miss(),
        }
    }

    pub(super) fn remove_all(&mut self, found: &Target) {
        let mut groups = found.groups();
        groups.sort_unstable();
        groups.into_iter().rev().for_each(|index| self.scene.remove(index));
        self.target = Target::None;
    }

    /// Removes all groups that the clause does not name.
    pub(super) fn retain(&mut self, clause: &Clause) {
        let named = |part: &Part| {
            if let Part::Thing(thing) = part {
                return Target::find(&self.scene, *thing).groups();
            }
            if *part == Part::It { Target::subject(&self.scene).groups() } else { Vec::new() }
        };
        let kept: Vec<usize> = clause.parts.iter().flat_map(named).collect();
        let only = clause.is_exception() || clause.has_amount(Amount::Only);
        if only && !kept.is_empty() {
            let others: Vec<usize> = (0..self.scene.groups.len()).filter(|index| !kept.contains(index)).collect();
            self.remove_all(&Target::Groups(others));
        }
    }
}
