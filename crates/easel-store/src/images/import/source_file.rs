//! Opens files that clients and models name.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use easel_imagegen::port::ImportError;

use crate::home::{Home, real_path};
use crate::os;

/// Opens any regular file: the client is the user's own program.
pub(super) fn open_client_path(path: &Path, name: &str) -> Result<File, ImportError> {
    check_absolute(path, name)?;
    os::open_regular(path).map_err(|error| unreadable(name, error))
}

/// Opens a file below one of the roots. It never reads outside them, not even to look whether the file exists.
pub(super) fn open_model_path(home: &Home, path: &Path, roots: &[PathBuf], name: &str) -> Result<File, ImportError> {
    check_absolute(path, name)?;
    let outside = || refuse(name, "lies outside the folders that may be read");
    // A root may contain Easel's home, which has the images of all threads.
    if home.contains(&real_path(path)) {
        return Err(outside());
    }
    let mut result = Err(outside());
    for root in roots {
        // The path may use another name of the root, such as /tmp for /private/tmp.
        let resolved = dunce::canonicalize(root).unwrap_or_else(|_| root.clone());
        let Some(relative) = path.strip_prefix(root).or_else(|_| path.strip_prefix(&resolved)).ok() else { continue };
        match os::open_beneath(root, relative) {
            Ok(file) => return Ok(file),
            Err(error) => result = Err(unreadable(name, error)),
        }
    }
    result
}

fn check_absolute(path: &Path, name: &str) -> Result<(), ImportError> {
    if path.is_absolute() { Ok(()) } else { Err(refuse(name, "must have an absolute path")) }
}

fn refuse(name: &str, reason: &str) -> ImportError {
    ImportError::Refused { image: name.into(), reason: reason.into() }
}

pub(super) fn unreadable(name: &str, error: io::Error) -> ImportError {
    if error.kind() == io::ErrorKind::NotFound {
        return ImportError::NotFound { image: name.into() };
    }
    if error.kind() == io::ErrorKind::PermissionDenied {
        return refuse(name, "may not be read, or lies outside its folder");
    }
    ImportError::Unreadable { image: name.into(), source: error }
}
