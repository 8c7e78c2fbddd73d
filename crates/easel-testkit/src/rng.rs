//! Seeded random numbers: the same seed gives the same sequence on every machine.

use std::time::{SystemTime, UNIX_EPOCH};

/// A `SplitMix64` generator. It is not for secrets.
#[derive(Debug, Clone)]
pub struct Rng(u64);

impl Rng {
    /// Creates a generator whose sequence depends on `seed` only.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Returns a seed that differs from run to run.
    ///
    /// # Panics
    ///
    /// Panics if the system clock is before 1970.
    pub fn seed_from_clock() -> u64 {
        SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is after 1970").as_nanos() as u64
    }

    /// Returns the next 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }

    /// Returns a number from 0 to `end - 1`. `end` must not be 0.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next_u64() % end as u64) as usize
    }

    /// Returns `true` with a probability of one in `n`.
    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// Returns a random element, or `None` if the slice is empty.
    pub fn choose<'c, T>(&mut self, choices: &'c [T]) -> Option<&'c T> {
        if choices.is_empty() { None } else { choices.get(self.below(choices.len())) }
    }

    /// Returns a random element. Each is chosen in proportion to its weight.
    ///
    /// # Panics
    ///
    /// Panics if the weights add up to 0.
    pub fn choose_weighted<T: Copy>(&mut self, choices: &[(usize, T)]) -> T {
        let mut remaining = self.below(choices.iter().map(|(weight, _)| weight).sum());
        let chosen = choices.iter().find(|(weight, _)| {
            let is_here = remaining < *weight;
            remaining = remaining.saturating_sub(*weight);
            is_here
        });
        chosen.expect("the number is below the sum of the weights").1
    }

    /// Returns random bytes.
    pub fn bytes(&mut self, len: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(len + 8);
        while bytes.len() < len {
            bytes.extend_from_slice(&self.next_u64().to_le_bytes());
        }
        bytes.truncate(len);
        bytes
    }
}
