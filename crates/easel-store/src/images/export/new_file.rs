//! A file that gets its name when it is complete.

use std::fs::File;
use std::io;
use std::path::Path;

use tempfile::NamedTempFile;

use super::ExistingFile;
use crate::os;

/// A new file in a folder of the client. Without a name, nothing of it is left.
#[derive(Debug)]
pub struct NewFile(Kind);

#[derive(Debug)]
enum Kind {
    /// It has no name yet: if the process dies, nothing of it is left.
    Unnamed(File),
    /// It has a hidden name, since the file system knows no files without a name.
    Hidden(NamedTempFile),
}

impl NewFile {
    /// Creates a file that other users may read if the umask allows it.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub fn create(folder: &Path) -> io::Result<Self> {
        match os::create_unnamed_file(folder) {
            Ok(file) => Ok(Self(Kind::Unnamed(file))),
            Err(_) => os::create_visible_file(folder).map(|file| Self(Kind::Hidden(file))),
        }
    }

    /// Creates a file that only its owner may read.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub fn create_private(folder: &Path) -> io::Result<Self> {
        let mut file = Self::create(folder)?;
        os::make_private(file.as_file_mut())?;
        Ok(file)
    }

    /// Returns the open file.
    pub fn as_file_mut(&mut self) -> &mut File {
        match &mut self.0 {
            Kind::Unnamed(file) => file,
            Kind::Hidden(file) => file.as_file_mut(),
        }
    }

    /// Gives the file its name.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`] if another file has the name and must be kept, and those of the file system.
    pub fn persist(self, path: &Path, existing: ExistingFile) -> io::Result<()> {
        match (self.0, existing) {
            (Kind::Unnamed(file), ExistingFile::Keep) => os::link_file(&file, path),
            (Kind::Unnamed(file), ExistingFile::Replace) => {
                // Only a rename replaces a file, so the new one needs another name for a moment.
                let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
                let hidden = os::hidden_names().make_in(folder, |name| os::link_file(&file, name))?;
                hidden.persist(path)?;
                Ok(())
            }
            (Kind::Hidden(file), ExistingFile::Keep) => {
                file.persist_noclobber(path)?;
                Ok(())
            }
            (Kind::Hidden(file), ExistingFile::Replace) => {
                file.persist(path)?;
                Ok(())
            }
        }
    }
}
