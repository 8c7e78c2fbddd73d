//! Checks who owns a file. Files of other users must not configure this user's server.

use std::fs::Metadata;

/// Returns whether the owner of the file is not the effective user of this process.
#[cfg(unix)]
pub(super) fn is_owned_by_another_user(metadata: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    metadata.uid() != rustix::process::geteuid().as_raw()
}

/// Returns false: on other systems the owner cannot be read without unsafe code.
#[cfg(not(unix))]
pub(super) fn is_owned_by_another_user(_metadata: &Metadata) -> bool {
    false
}
