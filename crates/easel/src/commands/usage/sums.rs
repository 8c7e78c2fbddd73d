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
        let name = match self.by {
            Some(GroupKey::Day) | None => "day",
            Some(GroupKey::Model) => "model",
            Some(GroupKey::Provider) => "provider",
            Some(GroupKey::Thread) => "thread_id",
        };
        self.groups.iter().map(move |(key, sum)| Line::of_sum(name, key, sum))
    }

    /// Returns the last line of a table.
    pub(super) fn total_line(&self) -> String {
        let Sum { calls, images, lost_images, cost, unpriced_images } = self.total;
        let mut line = format!("Total: {calls} calls, {images} images, {cost}");
        if lost_images > 0 {
            line.push_str(&format!(" ({lost_images} images may have been billed and never arrived)"));
        }
        if unpriced_images > 0 {
            line.push_str(&format!("; {unpriced_images} images have no known price"));
        }
        line
    }
}
