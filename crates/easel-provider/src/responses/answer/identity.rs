//! Which item of an answer is meant. A server sends an item up to three times: when it is done, perhaps once more, and in
//! the whole answer. Not every server gives it the same ids each time (vLLM makes up another `call_id`, gateways encrypt
//! the ids of items anew), some give none, and some give every item the same position. An item that is run twice is
//! paid twice.

use std::hash::{DefaultHasher, Hash, Hasher};

use easel_imagegen::port::FunctionCall;
use serde_json::Value;

use crate::responses::wire::ItemKey;

/// What an item is recognised by.
#[derive(Debug, Clone, Default)]
pub(super) struct Marks {
    pub(super) key: ItemKey,
    /// The call id, or an empty string if the item has none.
    pub(super) call_id: String,
    /// Stands for what the item says; `None` when that cannot be compared.
    pub(super) content: Option<u64>,
}

/// Whether two items agree, mark by mark; `None` where one of them does not have the mark.
#[derive(Clone, Copy)]
struct Agreement {
    position: Option<bool>,
    id: Option<bool>,
    call_id: Option<bool>,
    content: Option<bool>,
}

impl Marks {
    pub(super) fn of_message(key: ItemKey, text: &str) -> Self {
        Self { key, call_id: String::new(), content: Some(hash(&text)) }
    }

    pub(super) fn of_call(key: ItemKey, call: &FunctionCall) -> Self {
        let FunctionCall { call_id, namespace, name, arguments } = call;
        // Servers that parse the arguments write them in their own way.
        let parsed = serde_json::from_str::<Value>(arguments).map(|parsed| parsed.to_string());
        let arguments = parsed.as_ref().unwrap_or(arguments);
        Self { key, call_id: call_id.clone(), content: Some(hash(&(namespace, name, arguments))) }
    }

    pub(super) fn of_image(key: ItemKey) -> Self {
        Self { key, call_id: String::new(), content: None }
    }

    /// Whether this is `known` once more, as far as two events of a stream tell. The position decides first. Two items at
    /// one position that agree in nothing else are two all the same: some servers give each item position 0.
    pub(super) fn repeats(&self, known: &Self) -> bool {
        let agreement = self.agreement(known);
        let Agreement { position, id, call_id, content } = agreement;
        match position {
            Some(true) => agreement.agrees_in_any() || !agreement.differs_in_any(),
            Some(false) => id == Some(true) && !agreement.differs_in_any(),
            None => match content {
                Some(true) => id == Some(true) || call_id == Some(true) || (id, call_id) == (None, None),
                Some(false) | None => id == Some(true) && call_id != Some(false),
            },
        }
    }

    fn agreement(&self, known: &Self) -> Agreement {
        let texts = |a: &str, b: &str| (!a.is_empty() && !b.is_empty()).then(|| a == b);
        Agreement {
            position: self.key.position.zip(known.key.position).map(|(a, b)| a == b),
            id: texts(&self.key.id, &known.key.id),
            call_id: texts(&self.call_id, &known.call_id),
            content: self.content.zip(known.content).map(|(a, b)| a == b),
        }
    }
}

impl Agreement {
    fn agrees_in_any(self) -> bool {
        [self.id, self.call_id, self.content].contains(&Some(true))
    }

    fn differs_in_any(self) -> bool {
        [self.id, self.call_id, self.content].contains(&Some(false))
    }
}

fn hash(content: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    hasher.finish()
}

/// Finds each item of a whole answer among those that are known: its number there, or `None` for a new one. Every known
/// item is found once, by the strongest sign that is left: a whole answer with no more items than are known holds
/// nothing new, however it names them. The positions alone do not tell, as some servers leave out items there that they
/// streamed.
pub(super) fn find_known(known: &[Marks], whole: &[Marks]) -> Vec<Option<usize>> {
    const SIGNS: [fn(Agreement) -> bool; 6] = [
        |a| a.position == Some(true) && (a.agrees_in_any() || !a.differs_in_any()),
        |a| a.id == Some(true) && a.call_id != Some(false) || a.content == Some(true) && a.call_id == Some(true),
        |a| a.content == Some(true),
        |a| a.id == Some(true) || a.call_id == Some(true),
        |a| a.position == Some(true),
        // Two images whose ids and positions differ may be two images, and neither may be lost.
        |a| a.content.is_some() || (a.position, a.id) != (Some(false), Some(false)),
    ];
    let mut found = vec![None; whole.len()];
    let mut is_left = vec![true; known.len()];
    for sign in SIGNS {
        for (found, item) in found.iter_mut().zip(whole).filter(|(found, _)| found.is_none()) {
            let at = (0..known.len()).find(|at| is_left[*at] && sign(item.agreement(&known[*at])));
            if let Some(at) = at {
                is_left[at] = false;
                *found = Some(at);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(position: Option<u32>, id: &str, call_id: &str, content: &str) -> Marks {
        let content = (!content.is_empty()).then(|| hash(&content));
        Marks { key: ItemKey { position, id: id.to_owned() }, call_id: call_id.to_owned(), content }
    }

    #[test]
    fn an_item_at_the_same_position_is_the_same_whatever_its_ids() {
        let known = marks(Some(1), "fc_1", "call_A", "cat");
        assert!(marks(Some(1), "fc_2", "call_B", "cat").repeats(&known), "both ids are others");
        assert!(marks(Some(1), "", "", "cat").repeats(&known));
        assert!(marks(Some(1), "fc_1", "call_B", "dog").repeats(&known));
        assert!(marks(Some(1), "", "", "").repeats(&known), "nothing speaks against it");
        assert!(!marks(Some(1), "fc_2", "call_B", "dog").repeats(&known), "a server that counts no positions");
    }

    #[test]
    fn equal_calls_at_two_positions_are_two() {
        let known = marks(Some(1), "fc_1", "call_A", "cat");
        assert!(!marks(Some(2), "fc_2", "call_B", "cat").repeats(&known));
        assert!(!marks(Some(2), "", "", "cat").repeats(&known));
        assert!(!marks(Some(2), "fc_2", "call_A", "cat").repeats(&known));
    }

    #[test]
    fn without_positions_ids_and_content_decide() {
        let known = marks(None, "fc_1", "call_A", "cat");
        assert!(marks(Some(3), "fc_1", "call_A", "cat").repeats(&known));
        assert!(marks(None, "fc_1", "call_B", "cat").repeats(&known));
        assert!(marks(None, "", "call_A", "cat").repeats(&known));
        assert!(!marks(None, "", "call_B", "cat").repeats(&known));
        assert!(!marks(None, "fc_2", "call_A", "dog").repeats(&known), "a server with one call id for all");
        assert!(marks(None, "", "", "cat").repeats(&marks(None, "", "", "cat")));
        assert!(!marks(None, "", "", "dog").repeats(&marks(None, "", "", "cat")));
    }

    #[test]
    fn a_whole_answer_with_as_many_items_holds_nothing_new() {
        let known = [marks(Some(1), "a", "A", "cat"), marks(Some(2), "b", "B", "dog")];
        // The reasoning before them was left out, and all ids are others.
        let whole = [marks(Some(0), "x", "X", "cat"), marks(Some(1), "y", "Y", "dog")];
        assert_eq!(find_known(&known, &whole), [Some(0), Some(1)]);
        let written_otherwise = [marks(Some(0), "x", "X", "CAT"), marks(Some(1), "y", "Y", "DOG")];
        assert_eq!(find_known(&known, &written_otherwise), [Some(1), Some(0)]);
    }

    #[test]
    fn arguments_that_are_spaced_otherwise_are_the_same() {
        let call = |arguments: &str| FunctionCall {
            call_id: "call".to_owned(),
            namespace: None,
            name: "imagegen".to_owned(),
            arguments: arguments.to_owned(),
        };
        let of = |arguments| Marks::of_call(ItemKey::default(), &call(arguments)).content;
        assert_eq!(of(r#"{"prompt": "a", "n": 1}"#), of(r#"{"n":1,"prompt":"a"}"#));
        assert_ne!(of(r#"{"prompt": "a"}"#), of(r#"{"prompt": "b"}"#));
        assert_ne!(of("{"), of("{{"));
    }

    #[test]
    fn only_what_is_over_is_new() {
        let known = [marks(None, "b", "B", "dog")];
        let whole = [marks(Some(0), "a", "A", "cat"), marks(Some(1), "b", "C", "dog")];
        assert_eq!(find_known(&known, &whole), [None, Some(0)]);
        let equal = [marks(Some(0), "", "", "dog"), marks(Some(1), "", "", "dog")];
        assert_eq!(find_known(&known, &equal), [Some(0), None], "two calls for one that was streamed");
    }

    #[test]
    fn images_that_agree_in_nothing_are_two() {
        let known = [marks(Some(0), "ig_1", "", "")];
        assert_eq!(find_known(&known, &[marks(Some(1), "ig_2", "", "")]), [None]);
        assert_eq!(find_known(&known, &[marks(Some(0), "ig_2", "", "")]), [Some(0)]);
        assert_eq!(find_known(&known, &[marks(Some(1), "", "", "")]), [Some(0)]);
    }
}
