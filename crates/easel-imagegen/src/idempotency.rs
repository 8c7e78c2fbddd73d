//! The key by which a provider recognizes a repeated request.

use sha2::{Digest, Sha256};

/// Maximum length of a call id that becomes part of the key unchanged.
const MAX_PLAIN_LENGTH: usize = 64;

/// Returns the `Idempotency-Key` of a call: unique to the call and the same for every attempt.
///
/// The key is a valid header value for any call id. An id that is long, or that has characters other
/// than letters, digits, `_` and `-`, is hashed.
pub fn create_key(thread_id: &str, call_id: &str) -> String {
    let is_plain = |id: &str| id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    if call_id.len() <= MAX_PLAIN_LENGTH && is_plain(call_id) {
        return format!("{thread_id}-{call_id}");
    }
    let hash = Sha256::digest(call_id.as_bytes());
    let hash: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    // A plain id has no dot, so the two forms never collide.
    format!("{thread_id}-.{hash}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_id_is_part_of_the_key() {
        assert_eq!(create_key("thread", "call_Ab-9"), "thread-call_Ab-9");
    }

    #[test]
    fn any_id_makes_a_short_header_value() {
        let mut keys: Vec<String> =
            ["a\r\nx: y", "a\r\nx: z", "ключ", "", "a b", &"x".repeat(65), &"x".repeat(66), &"x".repeat(1 << 20)]
                .into_iter()
                .map(|id| create_key("thread", id))
                .collect();
        assert!(keys.iter().all(|key| key.len() <= 80 && key.bytes().all(|byte| byte.is_ascii_graphic())), "{keys:?}");
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), 8);
    }
}
