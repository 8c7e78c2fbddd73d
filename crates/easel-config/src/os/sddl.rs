//! Access rules of Windows in their text form, the security descriptor definition language.
//!
//! `O:S-1-5-21-1-2-3-1001D:P(A;OICI;FA;;;SY)` names an owner, then a list of rules. A rule has a type, flags, rights,
//! two identifiers of no interest for files, and whom it is about. Pure, so that it is tested on every system.

/// Whose access is no exposure: the system, administrators (all of them, and the built-in one), and the owner by the
/// two names that stand for whoever owns the file.
const TRUSTED: [&str; 5] = ["SY", "BA", "LA", "OW", "CO"];

/// Who owns files that no user in particular owns: the system, administrators, and everybody, as on file systems
/// without owners.
const SHARED_OWNERS: [&str; 4] = ["SY", "BA", "LA", "WD"];

/// The rights to read a file, to change its rules, and to become its owner, by name and as bits.
const EXPOSING_RIGHTS: [&str; 7] = ["FA", "FR", "GA", "GR", "CC", "WD", "WO"];
const EXPOSING_BITS: u32 = 0x1 | 0x4_0000 | 0x8_0000 | 0x1000_0000 | 0x8000_0000;

/// Returns the rules of a file for its user, the system and administrators only.
#[cfg_attr(not(windows), expect(dead_code, reason = "only Windows sets rules"))]
pub(super) fn private_file(user: &str) -> String {
    format!("D:P(A;;FA;;;{user})(A;;FA;;;SY)(A;;FA;;;BA)")
}

/// Returns the same rules for a folder, which its files and folders inherit.
#[cfg_attr(not(windows), expect(dead_code, reason = "only Windows sets rules"))]
pub(super) fn private_folder(user: &str) -> String {
    format!("D:P(A;OICI;FA;;;{user})(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)")
}

/// Returns the owner in a text, or nothing.
pub(super) fn owner(text: &str) -> &str {
    let owner = text.strip_prefix("O:").unwrap_or_default();
    let end = ["G:", "D:", "S:"].iter().filter_map(|part| owner.find(part)).min();
    &owner[..end.unwrap_or(owner.len())]
}

/// Returns whether another user owns the file.
pub(super) fn has_other_owner(text: &str, user: &str) -> bool {
    let owner = owner(text);
    !owner.is_empty() && owner != user && !SHARED_OWNERS.contains(&owner)
}

/// Returns whether the rules let another user read the file. A file without rules is open to everybody.
pub(super) fn is_readable_by_others(text: &str, user: &str) -> bool {
    let Some((_, rules)) = text.split_once("D:") else { return true };
    if rules.starts_with("NO_ACCESS_CONTROL") {
        return true;
    }
    rules.split('(').skip(1).any(|rule| {
        let fields: Vec<&str> = rule.split(')').next().unwrap_or_default().split(';').collect();
        let [kind, flags, rights, _, _, subject, ..] = fields[..] else { return false };
        let allows = matches!(kind, "A" | "XA" | "OA");
        // A rule with this flag is only for what is created in a folder.
        let is_inherit_only = pairs(flags).any(|flag| flag == "IO");
        allows && !is_inherit_only && exposes(rights) && subject != user && !TRUSTED.contains(&subject)
    })
}

fn exposes(rights: &str) -> bool {
    match rights.strip_prefix("0x") {
        // Bits that cannot be read count as all.
        Some(bits) => u32::from_str_radix(bits, 16).map_or(true, |bits| bits & EXPOSING_BITS != 0),
        None => pairs(rights).any(|right| EXPOSING_RIGHTS.contains(&right)),
    }
}

/// Splits a list of names of two letters.
fn pairs(names: &str) -> impl Iterator<Item = &str> {
    (0..names.len()).step_by(2).filter_map(|at| names.get(at..at + 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    const USER: &str = "S-1-5-21-1-2-3-1001";

    #[test]
    fn rules_for_user_system_and_administrators_are_private() {
        for rules in [
            "D:P(A;;FA;;;S-1-5-21-1-2-3-1001)(A;;FA;;;SY)(A;;FA;;;BA)",
            "D:P(A;OICI;FA;;;OW)(A;OICI;FA;;;SY)",
            "D:AI(A;ID;FA;;;SY)(A;ID;0x1f01ff;;;BA)(A;ID;FA;;;S-1-5-21-1-2-3-1001)",
            "D:(A;OICIIO;GA;;;CO)(A;OICIIO;GR;;;WD)",
            "D:(D;;FA;;;WD)",
            "D:(A;;0x100080;;;WD)",
            "D:(A;;FX;;;BU)",
            "D:P",
        ] {
            assert!(!is_readable_by_others(rules, USER), "{rules}");
        }
    }

    #[test]
    fn rules_for_others_are_an_exposure() {
        for rules in [
            "",
            "O:BA",
            "D:NO_ACCESS_CONTROL",
            "D:(A;;FR;;;WD)",
            "D:(A;;FXFR;;;BU)",
            "D:AI(A;ID;0x1200a9;;;BU)",
            "D:(A;;0x80000000;;;AU)",
            "D:(A;;0xnothing;;;AU)",
            "D:(A;;WD;;;S-1-5-21-1-2-3-1002)",
            "D:(XA;;FR;;;WD;(@User.Title==\"PM\"))",
        ] {
            assert!(is_readable_by_others(rules, USER), "{rules}");
        }
    }

    #[test]
    fn owner_ends_at_the_next_part() {
        for (text, expected) in [
            ("O:S-1-5-21-1-2-3-1001", USER),
            ("O:S-1-5-21-1-2-3-1001D:P(A;;FA;;;SY)", USER),
            ("O:BAG:DUD:(A;;FA;;;SY)", "BA"),
            ("O:WDD:", "WD"),
            ("D:P", ""),
        ] {
            assert_eq!(owner(text), expected, "{text}");
        }
    }

    #[test]
    fn administrators_are_no_other_user() {
        for text in ["O:S-1-5-21-1-2-3-1001", "O:BA", "O:SY", "O:WD", ""] {
            assert!(!has_other_owner(text, USER), "{text}");
        }
        assert!(has_other_owner("O:S-1-5-21-1-2-3-1002", USER));
        assert!(has_other_owner("O:BU", USER));
    }
}
