//! What a call has cost in the end.

use easel_protocol::record::{Billed, ImageUsage};

use super::{Cost, Price};

/// What was reserved for a call.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reservation {
    /// The number of images that the call requested.
    pub images: u32,
    /// The estimated cost; `None` if the price was unknown.
    pub estimate: Option<Cost>,
    /// The price at the time of the call.
    pub price: Option<Price>,
}

/// How a call ended.
#[derive(Debug, Clone, Copy)]
pub enum CallResult<'a> {
    /// Images arrived.
    Generated {
        images: u32,
        usage: Option<&'a ImageUsage>,
        /// Whether the provider billed for images that did not arrive; `None` if all have arrived.
        missing: Option<Billed>,
    },
    /// No image arrived.
    Failed(Billed),
}

/// How the ledger describes the end of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// At least one image arrived.
    Generated,
    /// The provider billed for the call, and no image arrived.
    Failed,
    /// The provider may have billed for the call.
    Uncertain,
    /// The provider did not accept the call. Nothing was billed.
    Released,
}

impl Outcome {
    /// Returns the word in the ledger.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Generated => "made",
            Self::Failed => "failed",
            Self::Uncertain => "uncertain",
            Self::Released => "released",
        }
    }
}

/// What a call counts once it has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settlement {
    /// How the call ended.
    pub outcome: Outcome,
    /// Images that were billed or may have been.
    pub images: u32,
    /// Their cost; `None` if it is unknown.
    pub cost: Option<Cost>,
    /// How many of these images may have been billed and never arrived.
    pub lost_images: u32,
    /// Their part of the cost.
    pub lost_cost: Option<Cost>,
}

impl Reservation {
    /// Replaces the reservation with what the call has cost. Where the provider reports no tokens for prices by token,
    /// the estimate stands.
    pub fn settle(self, result: CallResult<'_>) -> Settlement {
        let all = |outcome| Settlement {
            outcome,
            images: self.images,
            cost: self.estimate,
            lost_images: 0,
            lost_cost: Some(Cost::ZERO),
        };
        match result {
            CallResult::Failed(Billed::No) => {
                Settlement { images: 0, cost: Some(Cost::ZERO), ..all(Outcome::Released) }
            }
            CallResult::Failed(Billed::Yes) => all(Outcome::Failed),
            CallResult::Failed(Billed::Uncertain) => {
                Settlement { lost_images: self.images, lost_cost: self.estimate, ..all(Outcome::Uncertain) }
            }
            CallResult::Generated { images, usage, missing } => {
                let lost = match missing {
                    Some(Billed::Yes | Billed::Uncertain) => self.images.saturating_sub(images),
                    Some(Billed::No) | None => 0,
                };
                let estimate = |count: u32| Some(self.estimate?.share(self.images).saturating_mul(count.into()));
                let (input, output) = usage.map_or((0, 0), |usage| (usage.input_tokens, usage.output_tokens));
                let real = self.price.and_then(|price| price.cost(images.into(), input, output));
                let lost_cost = if lost == 0 { Some(Cost::ZERO) } else { estimate(lost) };
                let cost = real.or_else(|| estimate(images)).zip(lost_cost);
                Settlement {
                    outcome: Outcome::Generated,
                    images: images.saturating_add(lost),
                    cost: cost.map(|(real, lost)| real.saturating_add(lost)),
                    lost_images: lost,
                    lost_cost,
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reservation_becomes_the_real_cost() {
        let by_image = Price { image: Some(0.25), ..Price::default() };
        let by_token = Price { input_per_million: Some(1.0), output_per_million: Some(10.0), ..Price::default() };
        let usage = ImageUsage { input_tokens: 1_000, output_tokens: 2_000, total_tokens: 3_000 };
        let made = |images, usage, missing| CallResult::Generated { images, usage, missing };
        let reserved = |price| Reservation { images: 2, estimate: Some(Cost::from_micros(600_000)), price };
        let unpriced = Reservation { images: 2, estimate: None, price: None };
        // (reservation, result, outcome, images, cost, lost images, lost cost)
        let table = [
            (reserved(Some(by_image)), made(2, None, None), "made", 2, Some(500_000), 0, Some(0)),
            (reserved(Some(by_image)), made(1, None, Some(Billed::No)), "made", 1, Some(250_000), 0, Some(0)),
            (
                reserved(Some(by_image)),
                made(1, None, Some(Billed::Uncertain)),
                "made",
                2,
                Some(550_000),
                1,
                Some(300_000),
            ),
            (reserved(Some(by_token)), made(2, Some(&usage), None), "made", 2, Some(21_000), 0, Some(0)),
            (reserved(Some(by_token)), made(2, None, None), "made", 2, Some(600_000), 0, Some(0)),
            (reserved(Some(by_token)), CallResult::Failed(Billed::No), "released", 0, Some(0), 0, Some(0)),
            (reserved(None), CallResult::Failed(Billed::Yes), "failed", 2, Some(600_000), 0, Some(0)),
            (reserved(None), CallResult::Failed(Billed::Uncertain), "uncertain", 2, Some(600_000), 2, Some(600_000)),
            (unpriced, made(2, Some(&usage), None), "made", 2, None, 0, Some(0)),
            (unpriced, made(1, None, Some(Billed::Yes)), "made", 2, None, 1, None),
            (unpriced, CallResult::Failed(Billed::Uncertain), "uncertain", 2, None, 2, None),
            (unpriced, CallResult::Failed(Billed::No), "released", 0, Some(0), 0, Some(0)),
        ];
        for (reservation, result, outcome, images, cost, lost_images, lost_cost) in table {
            let settled = reservation.settle(result);
            let found = (settled.outcome.as_str(), settled.images, settled.cost.map(Cost::as_micros));
            assert_eq!(found, (outcome, images, cost), "{reservation:?} {result:?}");
            let lost = (settled.lost_images, settled.lost_cost.map(Cost::as_micros));
            assert_eq!(lost, (lost_images, lost_cost), "{reservation:?} {result:?}");
        }
    }
}
