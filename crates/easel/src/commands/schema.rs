//! `easel app-server generate-json-schema` and `generate-ts`: the protocol as files.

use std::error::Error;
use std::path::Path;

use super::print;

pub(crate) fn write(folder: &Path, files: Vec<(&'static str, String)>) -> Result<(), Box<dyn Error>> {
    std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for (name, content) in files {
        let path = folder.join(name);
        std::fs::write(&path, content).map_err(|error| format!("{}: {error}", path.display()))?;
        print(&path.display().to_string())?;
    }
    Ok(())
}
