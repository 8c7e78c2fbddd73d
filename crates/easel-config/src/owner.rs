//! Who owns a file. Another user's file says nothing in our name, and a secret is for its owner's eyes.

use std::fs::Metadata;

/// Whether the file belongs to another user than the one whose rights this process has.
#[cfg(unix)]
pub(crate) fn is_foreign(facts: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    facts.uid() != rustix::process::geteuid().as_raw()
}

/// Elsewhere the owner cannot be read without unsafe code.
#[cfg(not(unix))]
pub(crate) fn is_foreign(_facts: &Metadata) -> bool {
    false
}
