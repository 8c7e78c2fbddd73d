//! The ids of a turn's items.

use std::collections::{HashMap, HashSet};

use easel_imagegen::item_id;
use easel_protocol::id::ItemId;

/// The ids that a turn has reserved for its items, and what the store said about those of earlier turns.
///
/// Providers repeat ids, and some send none. Before the machine reserves an id, the turn runner asks the store for a
/// number that makes it unique in the thread ([`ItemIds::next_number`], [`ItemIds::set_free_number`]).
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct ItemIds {
    /// The number to try next, by id without number.
    next_numbers: HashMap<String, u32>,
    reserved: HashSet<String>,
}

impl ItemIds {
    /// Reserves an id that no item of the turn has: `preferred`, or the first free one of `…-2`, `…-3` and so on.
    pub(crate) fn reserve(&mut self, preferred: &str) -> ItemId {
        let preferred = or_default(preferred);
        loop {
            let id = item_id::with_number(preferred, self.take_number(preferred));
            if self.reserved.insert(id.clone()) {
                return id.into();
            }
        }
    }

    /// Reserves this very id, which the store has made unique, and returns it.
    pub(crate) fn keep(&mut self, id: &str) -> ItemId {
        self.reserved.insert(id.to_owned());
        id.into()
    }

    /// Returns the id and the first number for it that [`ItemIds::reserve`] would try.
    pub(crate) fn next_number<'a>(&self, preferred: &'a str) -> (&'a str, u32) {
        let preferred = or_default(preferred);
        let mut number = self.next_numbers.get(preferred).copied().unwrap_or(1);
        while self.reserved.contains(&item_id::with_number(preferred, number)) {
            number += 1;
        }
        (preferred, number)
    }

    /// Makes [`ItemIds::reserve`] try this number next, because the thread has not used it.
    pub(crate) fn set_free_number(&mut self, preferred: &str, number: u32) {
        self.next_numbers.insert(or_default(preferred).to_owned(), number);
    }

    fn take_number(&mut self, preferred: &str) -> u32 {
        let next = self.next_numbers.entry(preferred.to_owned()).or_insert(1);
        *next += 1;
        *next - 1
    }
}

fn or_default(preferred: &str) -> &str {
    if preferred.is_empty() { "item" } else { preferred }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_id_gets_next_free_number() {
        let mut ids = ItemIds::default();
        let reserved = ["call", "call", "call-2", "call", "other", "", ""].map(|preferred| ids.reserve(preferred));
        assert_eq!(reserved, ["call", "call-2", "call-2-2", "call-3", "other", "item", "item-2"].map(ItemId::from));
    }

    #[test]
    fn many_equal_ids_are_numbered_quickly() {
        let mut ids = ItemIds::default();
        let last = (0..100_000).map(|_| ids.reserve("call")).last();
        assert_eq!(last.as_deref(), Some("call-100000"));
    }

    #[test]
    fn number_of_the_store_is_used() {
        let mut ids = ItemIds::default();
        assert_eq!(ids.next_number("call"), ("call", 1));
        ids.set_free_number("call", 58);
        assert_eq!(ids.reserve("call"), "call-58");
        assert_eq!(ids.next_number("call"), ("call", 59));
        ids.reserve("call-59");
        assert_eq!(ids.next_number("call"), ("call", 60), "the turn has reserved 59");
        assert_eq!(ids.next_number(""), ("item", 1));
    }
}
