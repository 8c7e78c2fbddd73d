//! Where the things of a scene are: a tree of stacks and rows, from the relations between the groups.

use crate::brush::Area;
use crate::layout::cells;
use crate::scene::{Group, Scene, Side, Size};
use crate::shapes::Shape;

/// A thing to draw.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Item {
    pub(crate) shape: Shape,
    pub(crate) color: Option<u32>,
    /// A square.
    pub(crate) seat: Area,
    /// The color of the hat on its head; `Some(None)` for a hat of the usual color.
    pub(crate) hat: Option<Option<u32>>,
}

enum Node {
    Group(usize),
    /// Side by side, in several rows if there are many.
    Row(Vec<Self>),
    /// The first is to the left of the second.
    Beside(Box<Self>, Box<Self>),
    /// The first is above the second.
    Stack(Box<Self>, Box<Self>),
    /// The first stands on the second.
    On(Box<Self>, Box<Self>),
    /// The first is partly hidden by the second.
    In(Box<Self>, Box<Self>),
    /// The first is behind the second.
    Behind(Box<Self>, Box<Self>),
}

/// Returns the things of a scene in the order in which they are drawn.
pub(crate) fn arrange(scene: &Scene, stage: Area) -> Vec<Item> {
    let forest = Forest { groups: &scene.groups };
    let mut items = Vec::new();
    if let Some(node) = forest.build() {
        forest.place(&node, stage, &mut items);
    }
    items
}

struct Forest<'s> {
    groups: &'s [Group],
}

impl Forest<'_> {
    fn build(&self) -> Option<Node> {
        let roots: Vec<usize> = (0..self.groups.len()).filter(|index| self.groups[*index].relation.is_none()).collect();
        let alone = |index: &usize| self.related(*index, |_| true).next().is_none();
        let is_overhead = |index: &usize| self.groups[*index].shape.is_overhead() && alone(index);
        let (sky, rest): (Vec<usize>, Vec<usize>) = roots.into_iter().partition(is_overhead);
        let row = |roots: Vec<usize>| to_row(roots.into_iter().map(|root| self.build_group(root)).collect());
        match (row(sky), row(rest)) {
            (Some(sky), Some(rest)) => Some(Node::Stack(sky.into(), rest.into())),
            (sky, rest) => sky.or(rest),
        }
    }

    /// Returns a group with all that are related to it. Relations form a forest, see [`Scene::normalize`].
    fn build_group(&self, index: usize) -> Node {
        let mut node = Node::Group(index);
        let side = |side: Side| {
            let related = self.related(index, move |other| other == side).filter(|other| !self.is_worn(*other));
            to_row(related.map(|other| self.build_group(other)).collect())
        };
        if let Some(inside) = side(Side::In) {
            node = Node::In(inside.into(), node.into());
        }
        if let Some(on) = side(Side::On) {
            // Who is on a boat is in it.
            let is_hollow = self.groups[index].shape == Shape::Boat;
            node = if is_hollow { Node::In(on.into(), node.into()) } else { Node::On(on.into(), node.into()) };
        }
        if let Some(behind) = side(Side::Behind) {
            node = Node::Behind(behind.into(), node.into());
        }
        if let Some(front) = side(Side::Front) {
            node = Node::Behind(node.into(), front.into());
        }
        if let Some(left) = side(Side::Left) {
            node = Node::Beside(left.into(), node.into());
        }
        if let Some(right) = side(Side::Right) {
            node = Node::Beside(node.into(), right.into());
        }
        if let Some(over) = side(Side::Over) {
            node = Node::Stack(over.into(), node.into());
        }
        if let Some(under) = side(Side::Under) {
            node = Node::Stack(node.into(), under.into());
        }
        node
    }

    fn related(&self, to: usize, is_side: impl Fn(Side) -> bool) -> impl Iterator<Item = usize> {
        let is_related = move |group: &Group| group.relation.is_some_and(|r| r.to == to && is_side(r.side));
        self.groups.iter().enumerate().filter(move |(_, group)| is_related(group)).map(|(index, _)| index)
    }

    /// Returns whether the group is a hat on a head.
    fn is_worn(&self, index: usize) -> bool {
        let Group { shape, relation, .. } = self.groups[index];
        let wearer =
            relation.filter(|relation| relation.side == Side::On).map(|relation| self.groups[relation.to].shape);
        shape == Shape::Hat && wearer.is_some_and(|wearer| wearer.head().is_some())
    }

    fn find_hat(&self, index: usize) -> Option<Option<u32>> {
        let hat = self.related(index, |side| side == Side::On).find(|other| self.is_worn(*other))?;
        Some(self.groups[hat].color)
    }

    fn place(&self, node: &Node, area: Area, items: &mut Vec<Item>) {
        let Area { x, y, w, h } = area;
        let gap = w.min(h) * 0.04;
        match node {
            Node::Group(index) => self.place_groups(&[*index], area, items),
            Node::Row(nodes) => {
                let groups: Vec<usize> = nodes.iter().filter_map(Node::as_group).collect();
                if groups.len() == nodes.len() {
                    self.place_groups(&groups, area, items);
                    return;
                }
                for (node, cell) in nodes.iter().zip(cells(area, nodes.len(), gap, 1.0)) {
                    self.place(node, cell, items);
                }
            }
            Node::Beside(left, right) => {
                let share = left.columns() / (left.columns() + right.columns());
                let width = (w - gap) * share;
                self.place(left, Area::new(x, y, width, h), items);
                self.place(right, Area::new(x + width + gap, y, w - gap - width, h), items);
            }
            Node::Stack(over, under) => {
                let upper = (h - gap) * self.share(over, under);
                self.place(over, Area::new(x, y, w, upper), items);
                self.place(under, Area::new(x, y + upper + gap, w, h - gap - upper), items);
            }
            Node::On(on, base) => {
                self.place(base, Area::new(x, y + h * 0.42, w, h * 0.58), items);
                self.place(on, Area::new(x, y, w, h * 0.52), items);
            }
            Node::In(inside, base) => {
                self.place(inside, Area::new(x, y + h * 0.14, w, h * 0.62), items);
                self.place(base, Area::new(x, y + h * 0.34, w, h * 0.66), items);
            }
            Node::Behind(back, front) => {
                self.place(back, Area::new(x, y, w, h * 0.84), items);
                self.place(front, Area::new(x + w * 0.1, y + h * 0.46, w * 0.8, h * 0.54), items);
            }
        }
    }

    /// Returns the share of the upper part of a stack.
    fn share(&self, over: &Node, under: &Node) -> f32 {
        let rows = |node: &Node| match node {
            Node::Stack(..) => 2.0,
            Node::Group(_) | Node::Row(_) | Node::Beside(..) | Node::On(..) | Node::In(..) | Node::Behind(..) => 1.0,
        };
        let is_sky = over.as_group().is_none_or(|index| self.groups[index].shape.is_overhead());
        let weight = if is_sky { 0.7 } else { 0.8 };
        rows(over) * weight / (rows(over) * weight + rows(under))
    }

    /// Places the things of some groups in one grid.
    fn place_groups(&self, indices: &[usize], area: Area, items: &mut Vec<Item>) {
        let things = || indices.iter().flat_map(|index| std::iter::repeat_n(*index, self.groups[*index].count.into()));
        let gap = area.w.min(area.h) * 0.04;
        for (index, cell) in things().zip(cells(area, things().count(), gap, 1.0)) {
            let Group { shape, color, size, .. } = self.groups[index];
            let square = cell.fit(1.0);
            let seat = square.shrink(square.w * (1.0 - scale(size)) / 2.0);
            items.push(Item { shape, color, seat, hat: self.find_hat(index) });
        }
    }
}

impl Node {
    fn as_group(&self) -> Option<usize> {
        match self {
            Self::Group(index) => Some(*index),
            Self::Row(_) | Self::Beside(..) | Self::Stack(..) | Self::On(..) | Self::In(..) | Self::Behind(..) => None,
        }
    }
}

impl Node {
    /// Returns the number of things side by side.
    fn columns(&self) -> f32 {
        match self {
            Self::Beside(left, right) => left.columns() + right.columns(),
            Self::Group(_) | Self::Row(_) | Self::Stack(..) | Self::On(..) | Self::In(..) | Self::Behind(..) => 1.0,
        }
    }
}

fn to_row(mut nodes: Vec<Node>) -> Option<Node> {
    let last = nodes.pop()?;
    if nodes.is_empty() {
        return Some(last);
    }
    nodes.push(last);
    Some(Node::Row(nodes))
}

fn scale(size: Size) -> f32 {
    match size {
        Size::Tiny => 0.3,
        Size::Small => 0.55,
        Size::Medium => 0.9,
        Size::Large => 1.12,
    }
}

#[cfg(test)]
mod tests;
