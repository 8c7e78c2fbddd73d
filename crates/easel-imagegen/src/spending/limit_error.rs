//! Why a call may not be made.

use std::fmt;

use easel_protocol::record::{ImageError, ImageErrorKind, UsageLimit};

use super::Cost;
use crate::port::image_error;

/// A limit of spending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// `limits.images_per_day`
    ImagesPerDay,
    /// `limits.cost_per_day`
    CostPerDay,
    /// `limits.cost_per_thread`
    CostPerThread,
}

/// The time at which the limits of a day are free again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reset {
    /// Unix milliseconds.
    pub at_ms: i64,
    /// The same time for people, in their time zone.
    pub text: String,
}

/// What is left of a limit, and what the call needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remaining {
    /// Of a limit of images.
    Images { requested: u64, left: u64, max: u64 },
    /// Of a limit of cost.
    Cost { estimate: Cost, left: Cost, max: Cost },
}

/// Why a call may not be made. Nothing was sent and nothing is billed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LimitError {
    /// The call would exceed a limit.
    OverLimit {
        /// The limit.
        limit: Limit,
        /// What is left of it.
        remaining: Remaining,
        /// When the limit is free again; `None` for one that stays used up.
        reset: Option<Reset>,
    },
    /// A limit of cost is set, and the price of the model is unknown.
    UnknownPrice {
        /// The image model.
        model: String,
        /// The limit that needs the price.
        limit: Limit,
    },
}

impl Limit {
    /// Returns the key of the configuration.
    pub const fn key(self) -> &'static str {
        match self {
            Self::ImagesPerDay => "limits.images_per_day",
            Self::CostPerDay => "limits.cost_per_day",
            Self::CostPerThread => "limits.cost_per_thread",
        }
    }
}

impl LimitError {
    pub(super) fn over_limit(limit: Limit, remaining: Remaining, reset: Option<&Reset>) -> Self {
        Self::OverLimit { limit, remaining, reset: reset.cloned() }
    }

    /// Returns the limit that refuses the call.
    pub fn limit(&self) -> Limit {
        let (Self::OverLimit { limit, .. } | Self::UnknownPrice { limit, .. }) = self;
        *limit
    }

    /// Returns the error of the call's item. Its message also goes to the model.
    pub fn to_error(&self) -> ImageError {
        let resets_at = match self {
            Self::OverLimit { reset: Some(reset), .. } => Some(reset.at_ms.div_euclid(1_000)),
            Self::OverLimit { reset: None, .. } | Self::UnknownPrice { .. } => None,
        };
        let usage_limit = UsageLimit { limit_id: Some(self.limit().key().to_owned()), resets_at, plan: None };
        ImageError {
            usage_limit: Some(Box::new(usage_limit)),
            ..image_error(ImageErrorKind::BudgetExceeded, self.to_string())
        }
    }
}

impl fmt::Display for LimitError {
    /// Writes a sentence without its full stop.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OverLimit { limit, remaining, reset } => {
                let key = limit.key();
                match remaining {
                    Remaining::Images { requested, left, max } => {
                        let images = |count: u64| if count == 1 { "image" } else { "images" };
                        let (of_left, of_call) = (images(*left), images(*requested));
                        write!(
                            f,
                            "{key} ({max}) leaves {left} {of_left}, and the call requests {requested} {of_call}"
                        )?;
                    }
                    Remaining::Cost { estimate, left, max } => {
                        write!(f, "{key} ({max}) leaves {left}, and the call may cost {estimate}")?;
                    }
                }
                match reset {
                    Some(reset) => write!(f, "; the limit is free again at {}", reset.text),
                    None => write!(f, "; only the user can raise the limit of a thread"),
                }
            }
            Self::UnknownPrice { model, limit } => write!(
                f,
                "the price of {model} is unknown, and {} needs it; set `image`, or `input_per_million` and \
                 `output_per_million`, in [prices.\"{model}\"] of config.toml",
                limit.key()
            ),
        }
    }
}
