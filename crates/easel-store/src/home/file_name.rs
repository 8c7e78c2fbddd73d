//! File names made of ids. Ids come from providers and clients, so nothing of them is believed.

/// Longest name in bytes, without suffix and extension.
const MAX_BYTES: usize = 100;

/// Names that Windows gives to devices, whatever the extension.
const RESERVED: [&str; 22] = [
    "con", "prn", "aux", "nul", "com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8", "com9", "lpt1", "lpt2",
    "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9",
];

/// An id as a file or folder name: 1 to 101 of `[A-Za-z0-9_-]`, not starting with a dash, no device of Windows. Two ids
/// may share a name; whoever writes a file never replaces another.
pub(crate) fn from_id(id: &str) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
    let name: String = id.chars().take(MAX_BYTES).map(safe).collect();
    let reserved = RESERVED.iter().any(|device| name.eq_ignore_ascii_case(device));
    if name.is_empty() || name.starts_with('-') || reserved { format!("_{name}") } else { name }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_ordinary_id_is_its_own_name() {
        assert_eq!(from_id("call_Ab-9"), "call_Ab-9");
        assert_eq!(from_id("019af2c0-3c55-7c11-bd3e-3f6e1f0b2a11"), "019af2c0-3c55-7c11-bd3e-3f6e1f0b2a11");
    }

    #[test]
    fn hostile_ids_lose_their_teeth() {
        assert_eq!(from_id(""), "_");
        assert_eq!(from_id("../../etc/passwd"), "______etc_passwd");
        assert_eq!(from_id("-rf"), "_-rf");
        assert_eq!(from_id("nul"), "_nul");
        assert_eq!(from_id("a\n\u{202e}b"), "a__b");
    }

    proptest! {
        #[test]
        fn a_name_is_always_safe(id in any::<String>()) {
            let name = from_id(&id);
            prop_assert!((1..=MAX_BYTES + 1).contains(&name.len()));
            prop_assert!(name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-'));
            prop_assert!(!name.starts_with('-'));
            prop_assert!(!RESERVED.contains(&name.to_ascii_lowercase().as_str()));
        }
    }
}
