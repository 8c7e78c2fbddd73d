//! Image handles: the names by which the model and clients refer to images.

/// The prefix of every handle.
pub const PREFIX: &str = "img_";

const DIGITS: usize = 32;

/// Creates a handle from 128 random bits.
pub fn from_bits(random: [u8; 16]) -> String {
    format!("{PREFIX}{:032x}", u128::from_be_bytes(random))
}

/// Returns whether the text has the form of a handle. The image need not exist.
pub fn is_handle(text: &str) -> bool {
    text.strip_prefix(PREFIX).is_some_and(|digits| {
        digits.len() == DIGITS && digits.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
    })
}

/// Returns every handle in a text.
pub fn find_all(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices(PREFIX)
        .filter_map(|(at, _)| text.get(at..at + PREFIX.len() + DIGITS))
        .filter(|part| is_handle(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_handles_in_any_text() {
        let (a, b) = (from_bits([1; 16]), from_bits([2; 16]));
        let text = format!("é{PREFIX}{a} easel:{b}\" {PREFIX}0 {}", &a[..35]);
        assert_eq!(find_all(&text).collect::<Vec<_>>(), [&a, &b]);
    }

    #[test]
    fn handle_has_prefix_and_32_hex_digits() {
        assert_eq!(from_bits([0; 16]), "img_00000000000000000000000000000000");
        assert!(is_handle(&from_bits([0xab; 16])));
    }

    #[test]
    fn rejects_other_texts() {
        for text in
            ["", "img_", "img_0", "IMG_00000000000000000000000000000000", "/img_00000000000000000000000000000000"]
        {
            assert!(!is_handle(text), "{text}");
        }
        assert!(!is_handle("img_0000000000000000000000000000000G"));
        assert!(!is_handle("img_000000000000000000000000000000000"));
    }
}
