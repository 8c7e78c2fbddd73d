//! Image handles: how the model and the client name an image.

/// What every handle starts with.
pub const PREFIX: &str = "img_";

const DIGITS: usize = 32;

/// The handle made of 128 random bits.
pub fn from_bits(random: [u8; 16]) -> String {
    format!("{PREFIX}{:032x}", u128::from_be_bytes(random))
}

/// Whether the text has the form of a handle; whether the handle is known is the thread's to say.
pub fn is_handle(text: &str) -> bool {
    text.strip_prefix(PREFIX).is_some_and(|digits| {
        digits.len() == DIGITS && digits.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
    })
}

/// Every handle that stands in a text.
pub fn all_in(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices(PREFIX)
        .filter_map(|(at, _)| text.get(at..at + PREFIX.len() + DIGITS))
        .filter(|part| is_handle(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handles_are_found_in_any_text() {
        let (a, b) = (from_bits([1; 16]), from_bits([2; 16]));
        let text = format!("é{PREFIX}{a} easel:{b}\" {PREFIX}0 {}", &a[..35]);
        assert_eq!(all_in(&text).collect::<Vec<_>>(), [&a, &b]);
    }

    #[test]
    fn a_handle_is_the_prefix_and_thirty_two_hexadecimal_digits() {
        assert_eq!(from_bits([0; 16]), "img_00000000000000000000000000000000");
        assert!(is_handle(&from_bits([0xab; 16])));
    }

    #[test]
    fn nothing_else_is_a_handle() {
        for text in
            ["", "img_", "img_0", "IMG_00000000000000000000000000000000", "/img_00000000000000000000000000000000"]
        {
            assert!(!is_handle(text), "{text}");
        }
        assert!(!is_handle("img_0000000000000000000000000000000G"));
        assert!(!is_handle("img_000000000000000000000000000000000"));
    }
}
