//! What a provider has refused. Easel does not send it again until the process ends, so that a refusal costs one
//! request. Without this, an image or reasoning that a provider refuses would end a thread, because every later request
//! sends it again.

mod images;
mod reasoning;

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

pub(super) use self::images::{ImageRefusal, find_refused_images};
pub(super) use self::reasoning::is_about_reasoning;
use super::prompt_cache::CacheField;

/// What a provider has refused.
#[derive(Debug, Default)]
pub(crate) struct Refusals {
    /// Images that the provider named, each as a model and the handle of an image that is not sent to it.
    pub(super) images: RecentRefusals<(String, String)>,
    /// Fields for the prompt cache.
    pub(super) fields: RecentRefusals<CacheField>,
    /// Models for which the provider refused kept reasoning.
    pub(super) reasoning: RecentRefusals<String>,
}

/// The newest refusals of one kind.
#[derive(Debug)]
pub(super) struct RecentRefusals<T>(Mutex<VecDeque<T>>);

impl<T: PartialEq> RecentRefusals<T> {
    /// Refusals that are remembered. The oldest ones are forgotten.
    const MAX_LEN: usize = 256;

    pub(super) fn add(&self, refused: T) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.contains(&refused) {
            return;
        }
        if all.len() == Self::MAX_LEN {
            all.pop_front();
        }
        all.push_back(refused);
    }

    /// Returns what `select` makes of each refusal, from the oldest on.
    pub(super) fn collect<R>(&self, select: impl FnMut(&T) -> Option<R>) -> Vec<R> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().filter_map(select).collect()
    }

    pub(super) fn contains(&self, is_meant: impl FnMut(&T) -> bool) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().any(is_meant)
    }
}

impl<T> Default for RecentRefusals<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oldest_refusals_are_forgotten() {
        let refusals = RecentRefusals::default();
        (0..300).for_each(|number| refusals.add(number));
        assert_eq!(refusals.collect(|number| Some(*number)), Vec::from_iter(44..300));
    }

    #[test]
    fn repeated_refusal_forgets_no_other() {
        let refusals = RecentRefusals::default();
        refusals.add("a");
        (0..300).for_each(|_| refusals.add("b"));
        assert_eq!(refusals.collect(|name| Some(*name)), ["a", "b"]);
    }
}
