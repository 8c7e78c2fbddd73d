//! The key by which a provider recognises a call that is sent again.

use sha2::{Digest, Sha256};

/// Characters of a call id that stands in the key as it is.
const MAX_PLAIN: usize = 64;

/// The `Idempotency-Key` of a call: the same for every attempt at it, and unique to it. A header can hold it whatever the
/// provider calls its calls: an id with other characters than letters, digits, `_` and `-`, or a long one, is hashed.
pub fn key(thread_id: &str, call_id: &str) -> String {
    let is_plain = |id: &str| id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    if call_id.len() <= MAX_PLAIN && is_plain(call_id) {
        return format!("{thread_id}-{call_id}");
    }
    let hash = Sha256::digest(call_id.as_bytes());
    let hash: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    // No plain id holds a dot.
    format!("{thread_id}-.{hash}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ordinary_id_is_part_of_the_key() {
        assert_eq!(key("thread", "call_Ab-9"), "thread-call_Ab-9");
    }

    #[test]
    fn any_id_makes_a_short_key_for_a_header() {
        let mut keys: Vec<String> =
            ["a\r\nx: y", "a\r\nx: z", "ключ", "", "a b", &"x".repeat(65), &"x".repeat(66), &"x".repeat(1 << 20)]
                .into_iter()
                .map(|id| key("thread", id))
                .collect();
        assert!(keys.iter().all(|key| key.len() <= 80 && key.bytes().all(|byte| byte.is_ascii_graphic())), "{keys:?}");
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), 8);
    }
}
