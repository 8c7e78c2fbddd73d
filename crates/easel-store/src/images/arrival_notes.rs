//! Notes of attachments that have their file and no row yet. What a process leaves of them when it dies tells the next
//! start which files to look at, so that it need not look at all.
//!
//! A note is an empty file in the folder of incoming files, `.OWNER.SHA-256.EXTENSION.RANDOM.arrived`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::db::connection::Database;
use crate::db::process_lock;
use crate::error::Error;
use crate::home::Home;
use crate::threads::delete_thread;

const ARRIVED: &str = "arrived";

/// Notes the attachment with this file name. The note stays until it is removed: dropping the path does nothing.
pub(crate) fn note(home: &Home, owner: &str, file_name: &str) -> io::Result<PathBuf> {
    let (prefix, suffix) = (format!(".{owner}.{file_name}."), format!(".{ARRIVED}"));
    let note = tempfile::Builder::new().prefix(&prefix).suffix(&suffix).tempfile_in(home.incoming())?;
    Ok(note.into_temp_path().keep()?)
}

/// Has the files removed that dead processes noted and no thread shows.
pub(crate) fn sweep(database: &mut Database) -> Result<(), Error> {
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
        database.write(|write| delete_thread::note(write, &home, &path))?;
        fs::remove_file(&note).map_err(Error::io("remove the file", &note))?;
    }
    Ok(())
}

/// Owner and file name.
fn parse(note: &Path) -> Option<(&str, String)> {
    let parts: Vec<&str> = note.file_name()?.to_str()?.strip_prefix('.')?.split('.').collect();
    match parts[..] {
        [owner, hash, extension, _random, ARRIVED] => Some((owner, format!("{hash}.{extension}"))),
        _ => None,
    }
}
