//! `easel app-server generate-json-schema` and `generate-ts`: writes the protocol to a file.

use std::error::Error;
use std::fs::File;
use std::io;
use std::path::Path;

use easel_schema::SchemaFile;

use super::print;

/// Writes the file into the folder, which it creates, and prints its path.
///
/// # Errors
/// If the file cannot be written.
pub(crate) fn write(folder: &Path, file: SchemaFile) -> Result<(), Box<dyn Error>> {
    std::fs::create_dir_all(folder).map_err(|error| format!("cannot create {}: {error}", folder.display()))?;
    let path = folder.join(file.name);
    let written = File::create(&path).and_then(|mut target| io::copy(&mut file.reader(), &mut target));
    written.map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    print(&path.display().to_string())?;
    Ok(())
}
