//! The limits of spending: whether a call may be made, given what was spent before and what the call may cost.
//!
//! A call is quoted before it is made ([`Policy::quote`]), and [`Budget::admit`] decides. The store reads the counts of
//! a budget, decides and reserves in one transaction, so that calls which are decided at the same time cannot exceed a
//! limit together.

mod cost;
mod limit_error;
mod price;
mod settlement;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use easel_protocol::record::RequestedImage;

pub use cost::Cost;
pub use limit_error::{Limit, LimitError, Remaining, Reset};
pub use price::Price;
pub use settlement::{CallResult, Outcome, Reservation, Settlement};

/// The limits and the prices of a configuration.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Policy {
    /// The limits. A thread shares them with all others on the same home.
    pub limits: Limits,
    /// Prices by model.
    pub prices: BTreeMap<String, Price>,
}

/// Limits of spending. `None` is no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// Maximum number of images in one day.
    pub images_per_day: Option<u64>,
    /// Maximum cost of one day.
    pub cost_per_day: Option<Cost>,
    /// Maximum cost of one thread in all its days.
    pub cost_per_thread: Option<Cost>,
}

/// What a call may cost, estimated before the call is made.
#[derive(Debug, Clone, PartialEq)]
pub struct Quote {
    /// The image model.
    pub model: String,
    /// The number of images that the call requests.
    pub images: u32,
    /// The estimated cost; `None` if a price that it depends on is not configured.
    pub cost: Option<Cost>,
    /// The configured price, from which the real cost is computed when the call has ended.
    pub price: Option<Price>,
}

/// What calls have used of the limits, including what is reserved for running ones.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Used {
    /// Images that were made, that may have been billed, or that are reserved.
    pub images: u64,
    /// Their cost, as far as it is known.
    pub cost: Cost,
    /// How many of the images have an unknown cost.
    pub unpriced_images: u64,
}

/// The limits and what was used of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Budget {
    /// The limits that apply.
    pub limits: Limits,
    /// What all threads used today.
    pub today: Used,
    /// What the thread of the call used in all its days.
    pub thread: Used,
    /// The end of today, when the limits of a day are free again.
    pub reset: Reset,
}

impl Policy {
    /// Estimates the cost of a call that edits this number of images.
    pub fn quote(&self, model: &str, requested: &RequestedImage, references: usize) -> Quote {
        let price = self.prices.get(model).copied();
        let images = requested.parameters.n.unwrap_or(1);
        let cost = price.and_then(|price| price.estimate(&requested.prompt, &requested.parameters, references));
        Quote { model: model.to_owned(), images, cost, price }
    }

    /// Estimates the cost of one image of the hosted tool, before the model requests it.
    pub fn quote_hosted(&self, model: &str) -> Quote {
        let price = self.prices.get(model).copied();
        Quote { model: model.to_owned(), images: 1, cost: price.and_then(Price::estimate_hosted), price }
    }
}

impl Limits {
    /// Returns the stricter one of each limit.
    #[must_use]
    pub fn stricter(self, other: Self) -> Self {
        Self {
            images_per_day: smaller(self.images_per_day, other.images_per_day),
            cost_per_day: smaller(self.cost_per_day, other.cost_per_day),
            cost_per_thread: smaller(self.cost_per_thread, other.cost_per_thread),
        }
    }

    /// Returns whether at least one limit is stricter than that of `other`.
    pub fn is_stricter_than(self, other: Self) -> bool {
        self.stricter(other) != other
    }
}

impl Used {
    /// Returns the sum with the images and the cost of a call.
    #[must_use]
    fn with(self, quote: &Quote) -> Self {
        let images = u64::from(quote.images);
        Self {
            images: self.images.saturating_add(images),
            cost: self.cost.saturating_add(quote.cost.unwrap_or_default()),
            unpriced_images: self.unpriced_images.saturating_add(if quote.cost.is_none() { images } else { 0 }),
        }
    }

    /// Returns the cost, where each image of unknown cost costs as much as an image of the call: never nothing.
    fn cost_at(self, cost_of_call: Cost, images: u32) -> Cost {
        self.cost.saturating_add(cost_of_call.share(images).saturating_mul(self.unpriced_images))
    }
}

impl Budget {
    /// Decides whether a call may be made.
    ///
    /// # Errors
    /// The first limit that the call would exceed, or the price that a limit of cost needs.
    pub fn admit(&self, quote: &Quote) -> Result<(), LimitError> {
        let Self { limits, today, thread, reset } = self;
        if let Some(max) = limits.images_per_day {
            let images = u64::from(quote.images);
            if today.images.saturating_add(images) > max {
                let remaining = Remaining::Images { requested: images, left: max.saturating_sub(today.images), max };
                return Err(LimitError::over_limit(Limit::ImagesPerDay, remaining, Some(reset)));
            }
        }
        let of_cost = [
            (Limit::CostPerDay, limits.cost_per_day, today, Some(reset)),
            (Limit::CostPerThread, limits.cost_per_thread, thread, None),
        ];
        for (limit, max, used, reset) in of_cost {
            let Some(max) = max else { continue };
            let Some(cost) = quote.cost else {
                return Err(LimitError::UnknownPrice { model: quote.model.clone(), limit });
            };
            let used = used.cost_at(cost, quote.images);
            // A call that costs nothing exceeds no limit.
            if cost > Cost::ZERO && used.saturating_add(cost) > max {
                let remaining = Remaining::Cost { estimate: cost, left: max.saturating_sub(used), max };
                return Err(LimitError::over_limit(limit, remaining, reset));
            }
        }
        Ok(())
    }

    /// Returns the budget after the call was reserved.
    #[must_use]
    pub fn with(&self, quote: &Quote) -> Self {
        Self { today: self.today.with(quote), thread: self.thread.with(quote), ..self.clone() }
    }

    /// Decides whether a call that is part of the counts already may be made under these limits.
    ///
    /// # Errors
    /// Those of [`Self::admit`].
    pub fn admit_reserved(&self, limits: Limits, quote: &Quote) -> Result<(), LimitError> {
        let images = u64::from(quote.images);
        let before = |used: Used| Used {
            images: used.images.saturating_sub(images),
            cost: used.cost.saturating_sub(quote.cost.unwrap_or_default()),
            unpriced_images: used.unpriced_images.saturating_sub(if quote.cost.is_none() { images } else { 0 }),
        };
        Self { limits, today: before(self.today), thread: before(self.thread), ..self.clone() }.admit(quote)
    }
}

fn smaller<T: Ord>(first: Option<T>, second: Option<T>) -> Option<T> {
    match (first, second) {
        (Some(first), Some(second)) => Some(first.min(second)),
        (first, second) => first.or(second),
    }
}
