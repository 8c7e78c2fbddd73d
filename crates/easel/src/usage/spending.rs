//! Converts what was spent for the response to `usage/read`.

use easel_imagegen::spending::Used;
use easel_protocol::usage::{Spending, SpendingAmount, SpendingCounts, SpendingLimits};
use easel_store::Counted;

/// Returns the limits and what is used of them.
pub(super) fn to_protocol(counts: easel_store::SpendingCounts, limits: &easel_config::Limits) -> Spending {
    Spending {
        limits: SpendingLimits {
            images_per_day: limits.images_per_day,
            cost_per_day_usd: limits.cost_per_day,
            cost_per_thread_usd: limits.cost_per_thread,
        },
        today: to_counts(counts.today),
        thread: counts.thread.map(to_counts),
        resets_at: counts.resets_at_ms.div_euclid(1_000),
    }
}

fn to_counts(counted: Counted) -> SpendingCounts {
    SpendingCounts {
        reserved: to_amount(counted.reserved),
        spent: to_amount(counted.spent),
        uncertain: to_amount(counted.uncertain),
    }
}

fn to_amount(used: Used) -> SpendingAmount {
    SpendingAmount { images: used.images, cost_usd: used.cost.to_usd(), unpriced_images: used.unpriced_images }
}
