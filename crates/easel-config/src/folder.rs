//! Folders on the disk.

use std::io;
use std::path::Path;

/// Makes the names in a folder durable.
#[cfg(unix)]
pub(crate) fn flush(folder: &Path) -> io::Result<()> {
    std::fs::File::open(folder)?.sync_all()
}

/// Does nothing: folders cannot be opened on other systems.
#[cfg(not(unix))]
pub(crate) fn flush(_folder: &Path) -> io::Result<()> {
    Ok(())
}
