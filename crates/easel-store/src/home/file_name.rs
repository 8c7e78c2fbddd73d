//! File names made from ids. Ids come from providers and clients and may contain anything.

/// Longest name in bytes, without suffix and extension.
const MAX_BYTES: usize = 100;

/// Names that Windows reserves for devices, with any extension.
const RESERVED: [&str; 22] = [
    "con", "prn", "aux", "nul", "com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8", "com9", "lpt1", "lpt2",
    "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9",
];

/// Returns a safe file or folder name for an id: 1 to 101 characters of `[A-Za-z0-9_-]`, without a leading dash, and
/// not a device of Windows.
///
/// Two ids may get the same name, so whoever writes a file must not replace an existing one.
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
    fn safe_id_is_unchanged() {
        assert_eq!(from_id("call_Ab-9"), "call_Ab-9");
        assert_eq!(from_id("019af2c0-3c55-7c11-bd3e-3f6e1f0b2a11"), "019af2c0-3c55-7c11-bd3e-3f6e1f0b2a11");
    }

    #[test]
    fn hostile_id_becomes_harmless() {
        assert_eq!(from_id(""), "_");
        assert_eq!(from_id("../../etc/passwd"), "______etc_passwd");
        assert_eq!(from_id("-rf"), "_-rf");
        assert_eq!(from_id("nul"), "_nul");
        assert_eq!(from_id("a\n\u{202e}b"), "a__b");
    }

    proptest! {
        #[test]
        fn every_name_is_safe(id in any::<String>()) {
            let name = from_id(&id);
            prop_assert!((1..=MAX_BYTES + 1).contains(&name.len()));
            prop_assert!(name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-'));
            prop_assert!(!name.starts_with('-'));
            prop_assert!(!RESERVED.contains(&name.to_ascii_lowercase().as_str()));
        }
    }
}
