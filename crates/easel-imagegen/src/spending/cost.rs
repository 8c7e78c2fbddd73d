//! Amounts of money.

use std::fmt;

const MICROS: f64 = 1_000_000.0;

/// An amount of US dollars in millionths of a dollar, so that sums are exact.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cost(u64);

impl Cost {
    /// No cost.
    pub const ZERO: Self = Self(0);

    /// Creates an amount from millionths of a dollar.
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// Returns the amount in millionths of a dollar.
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// Converts an amount of dollars, rounded to a millionth.
    pub fn from_usd(usd: f64) -> Self {
        Self(to_integer((usd * MICROS).round()))
    }

    /// Returns the cost of tokens, rounded up to a millionth of a dollar.
    pub(super) fn of_tokens(tokens: u64, usd_per_million: f64) -> Self {
        Self(to_integer((tokens as f64 * usd_per_million).ceil()))
    }

    /// Returns the amount in dollars.
    pub fn to_usd(self) -> f64 {
        self.0 as f64 / MICROS
    }

    /// Adds two amounts.
    #[must_use]
    pub const fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// Subtracts an amount; the result is at least zero.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// Multiplies the amount.
    #[must_use]
    pub const fn saturating_mul(self, factor: u64) -> Self {
        Self(self.0.saturating_mul(factor))
    }

    /// Returns one of `parts` equal parts, rounded up.
    #[must_use]
    pub fn share(self, parts: u32) -> Self {
        Self(self.0.div_ceil(u64::from(parts.max(1))))
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates, and NaN becomes 0")]
fn to_integer(micros: f64) -> u64 {
    micros as u64
}

impl fmt::Display for Cost {
    /// Writes dollars with two to six decimals.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (dollars, micros) = (self.0 / 1_000_000, self.0 % 1_000_000);
        let decimals = format!("{micros:06}");
        let (cents, rest) = decimals.split_at(2);
        write!(f, "${dollars}.{cents}{}", rest.trim_end_matches('0'))
    }
}
