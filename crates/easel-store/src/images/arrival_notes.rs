//! Notes about attachments that have a file and no row yet.
//!
//! When a process dies, its notes tell the next start which files may be unreferenced, so that it need not check all. A
//! note is an empty file in the folder of incoming attachments, `.OWNER.SHA-256.EXTENSION.RANDOM.arrived`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::db::connection::Database;
use crate::db::process_lock;
use crate::error::Error;
use crate::files::removals;
use crate::home::Home;

const ARRIVED: &str = "arrived";

/// Writes a note about the attachment with this file name. The caller removes the note: dropping the path does nothing.
pub(crate) fn write_note(home: &Home, owner: &str, file_name: &str) -> io::Result<PathBuf> {
    let (prefix, suffix) = (format!(".{owner}.{file_name}."), format!(".{ARRIVED}"));
    let note = tempfile::Builder::new().prefix(&prefix).suffix(&suffix).tempfile_in(home.incoming())?;
    Ok(note.into_temp_path().keep()?)
}

/// Queues the files for removal that dead processes left a note about. Those that a thread references are kept.
pub(crate) fn recover(database: &mut Database) -> Result<(), Error> {
    let home = database.home.clone();
    let incoming = home.incoming();
    let unreadable = Error::io("read the folder", &incoming);
    let entries = match fs::read_dir(&incoming) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.and_then(Iterator::collect::<io::Result<Vec<_>>>).map_err(unreadable)?,
    };
    for entry in entries {
        let note = entry.path();
        let Some((owner, file_name)) = parse(&note) else { continue };
        if process_lock::is_alive(&home, owner) {
            continue;
        }
        let path = home.attachments().join(file_name);
        database.write_durably(|write| removals::enqueue(write, &home, &path))?;
        // A note that stays is read again at the next start.
        if let Err(error) = removals::remove_if_exists(&note) {
            tracing::warn!(%error, path = ?note, "the note about an attachment was not removed");
        }
    }
    Ok(())
}

/// Returns the owner id and the name of the attachment's file.
fn parse(note: &Path) -> Option<(&str, String)> {
    let parts: Vec<&str> = note.file_name()?.to_str()?.strip_prefix('.')?.split('.').collect();
    match parts[..] {
        [owner, hash, extension, _random, ARRIVED] => Some((owner, format!("{hash}.{extension}"))),
        _ => None,
    }
}
