//! `easel app-server generate-json-schema` and `generate-ts`: writes the protocol to files.

use std::error::Error;
use std::path::Path;

use super::print;

/// Writes the files and prints their paths.
///
/// # Errors
/// If a file cannot be written.
pub(crate) fn write(folder: &Path, files: Vec<(&'static str, String)>) -> Result<(), Box<dyn Error>> {
    std::fs::create_dir_all(folder).map_err(|error| format!("cannot create {}: {error}", folder.display()))?;
    for (name, content) in files {
        let path = folder.join(name);
        std::fs::write(&path, content).map_err(|error| format!("cannot write {}: {error}", path.display()))?;
        print(&path.display().to_string())?;
    }
    Ok(())
}
