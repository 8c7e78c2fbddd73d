//! Sums of the ledger.

use std::collections::BTreeMap;

use easel_imagegen::spending::Cost;
use easel_store::LedgerRow;

use super::GroupKey;
use super::format::Line;

/// The sum of several calls.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sum {
    pub(super) calls: u64,
    pub(super) images: u64,
    pub(super) lost_images: u64,
    pub(super) cost: Cost,
    /// Images whose cost is unknown.
    pub(super) unpriced_images: u64,
}

/// The sums of all groups, and the sum of everything.
pub(super) struct Sums {
    by: Option<GroupKey>,
    groups: BTreeMap<String, Sum>,
    total: Sum,
}

impl Sum {
    fn add(&mut self, row: &LedgerRow) {
        self.calls += 1;
        self.images = self.images.saturating_add(row.images);
        self.lost_images = self.lost_images.saturating_add(row.lost_images);
        self.cost = self.cost.saturating_add(row.cost.unwrap_or_default());
        self.unpriced_images = self.unpriced_images.saturating_add(if row.cost.is_none() { row.images } else { 0 });
    }
}

impl Sums {
    pub(super) fn new(by: Option<GroupKey>) -> Self {
        Self { by, groups: BTreeMap::new(), total: Sum::default() }
    }

    pub(super) fn add(&mut self, row: &LedgerRow) {
        self.total.add(row);
        let key = match self.by {
            None => return,
            Some(GroupKey::Day) => row.day.clone(),
            Some(GroupKey::Model) => row.model.clone(),
            Some(GroupKey::Provider) => row.provider.clone(),
            Some(GroupKey::Thread) => row.thread_id.to_string(),
        };
        self.groups.entry(key).or_default().add(row);
    }

    /// Returns a line for each group.
    pub(super) fn lines(&self) -> impl Iterator<Item = Line> {
        let name = self.name();
        self.groups.iter().map(move |(key, sum)| Line::of_sum(name, key, sum))
    }

    /// Returns the line of a group without calls, for the header of an empty report.
    pub(super) fn empty_line(&self) -> Line {
        Line::of_sum(self.name(), "", &Sum::default())
    }

    fn name(&self) -> &'static str {
        match self.by {
            Some(GroupKey::Day) | None => "day",
            Some(GroupKey::Model) => "model",
            Some(GroupKey::Provider) => "provider",
            Some(GroupKey::Thread) => "thread_id",
        }
    }

    /// Returns the last line of a table.
    pub(super) fn total_line(&self) -> String {
        let Sum { calls, images, lost_images, cost, unpriced_images } = self.total;
        let count = |number: u64, noun: &str| format!("{number} {noun}{}", if number == 1 { "" } else { "s" });
        let mut line = format!("Total: {}, {}, {cost}", count(calls, "call"), count(images, "image"));
        if lost_images > 0 {
            line.push_str(&format!(" ({} may have been billed and never arrived)", count(lost_images, "image")));
        }
        if unpriced_images > 0 {
            line.push_str(&format!("; {} without a known price", count(unpriced_images, "image")));
        }
        line
    }
}
