//! The home folder, which holds the configuration, the database and the images of one user.

use std::io;
use std::path::{Path, PathBuf};

use crate::{Environment, os};

/// Why the home folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// Neither variable is set and the user has no home directory.
    #[error("this user has no home directory; set EASEL_HOME to a folder")]
    Unknown,
    /// The path is not UTF-8, and neither the database nor JSON could name the files below it.
    #[error("the path of the home folder {} is not UTF-8; set EASEL_HOME to another folder", path.display())]
    NotUtf8 {
        /// The path of the home folder.
        path: PathBuf,
    },
    /// The folder does not exist and cannot be created.
    #[error("cannot create the home folder {}", path.display())]
    Create {
        /// The path of the home folder.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
}

/// Returns the path of the home folder: `$EASEL_HOME`, else `$CODEX_HOME/easel`, else `~/.easel`.
///
/// A client that isolates itself with `CODEX_HOME` therefore isolates Easel too. Relative paths are resolved against
/// the working directory. Nothing is created; see [`create_home`].
///
/// # Errors
/// [`HomeError::Unknown`] if neither variable is set and the user has no home directory, and [`HomeError::NotUtf8`] if
/// the path is not UTF-8.
pub fn home(environment: &Environment) -> Result<PathBuf, HomeError> {
    let easel_home = || environment.path("EASEL_HOME");
    let in_codex_home = || environment.path("CODEX_HOME").map(|codex_home| codex_home.join("easel"));
    let in_user_home = || environment.user_home.as_ref().map(|user_home| user_home.join(".easel"));
    let path = easel_home().or_else(in_codex_home).or_else(in_user_home).ok_or(HomeError::Unknown)?;
    if path.to_str().is_some() { Ok(path) } else { Err(HomeError::NotUtf8 { path }) }
}

/// Creates the home folder and its missing parents, closed to other users, and flushes their names to the disk: a power
/// cut may undo a folder that was not flushed, together with the files in it.
///
/// An existing folder keeps its permissions, because the user chose them.
///
/// # Errors
/// [`HomeError::Create`] if the folder cannot be created.
pub fn create_home(home: &Path) -> Result<(), HomeError> {
    let create_error = |source| HomeError::Create { path: home.to_owned(), source };
    let missing: Vec<&Path> = home.ancestors().take_while(|folder| !folder.exists()).collect();
    os::create_private_folder(home).map_err(create_error)?;
    missing.into_iter().filter_map(Path::parent).try_for_each(os::flush_folder).map_err(create_error)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::ffi::OsString;

    use super::*;

    fn environment(variables: &[(&str, &str)]) -> Environment {
        Environment {
            variables: variables.iter().map(|(k, v)| (OsString::from(k), OsString::from(v))).collect(),
            cwd: PathBuf::from("/work-dir"),
            user_home: Some(PathBuf::from("/home/ada")),
        }
    }

    #[test]
    fn easel_home_precedes_codex_home_and_the_user_home() {
        let table: &[(&[(&str, &str)], &str)] = &[
            (&[], "/home/ada/.easel"),
            (&[("CODEX_HOME", "/iso")], "/iso/easel"),
            (&[("CODEX_HOME", "/iso"), ("EASEL_HOME", "/own")], "/own"),
            (&[("EASEL_HOME", "/own")], "/own"),
            (&[("EASEL_HOME", "")], "/home/ada/.easel"),
            (&[("EASEL_HOME", ""), ("CODEX_HOME", "")], "/home/ada/.easel"),
            (&[("EASEL_HOME", "relative/home")], "/work-dir/relative/home"),
            (&[("CODEX_HOME", "iso")], "/work-dir/iso/easel"),
        ];
        for (variables, expected) in table {
            assert_eq!(home(&environment(variables)).unwrap(), Path::new(expected), "{variables:?}");
        }
    }

    #[test]
    fn error_without_any_home_names_the_variable() {
        let nobody = Environment { variables: BTreeMap::new(), cwd: PathBuf::from("/"), user_home: None };
        assert!(home(&nobody).unwrap_err().to_string().contains("EASEL_HOME"));
    }

    #[cfg(unix)]
    #[test]
    fn home_that_is_not_utf8_is_refused() {
        use std::os::unix::ffi::OsStringExt;
        let name = OsString::from_vec(b"/work-\xff".to_vec());
        let of_variable = Environment { variables: [("EASEL_HOME".into(), name.clone())].into(), ..environment(&[]) };
        let of_user = Environment { user_home: Some(name.into()), ..environment(&[]) };
        for environment in [of_variable, of_user] {
            let error = home(&environment).unwrap_err();
            assert!(matches!(error, HomeError::NotUtf8 { .. }), "{error}");
            assert!(error.to_string().contains("is not UTF-8; set EASEL_HOME"), "{error}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn new_home_is_private_and_existing_home_keeps_its_mode() {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let root = tempfile::tempdir().unwrap();
        let new = root.path().join("a/b");
        create_home(&new).unwrap();
        assert_eq!((mode(&new), mode(&root.path().join("a"))), (0o700, 0o700));

        std::fs::set_permissions(&new, std::fs::Permissions::from_mode(0o750)).unwrap();
        create_home(&new).unwrap();
        assert_eq!(mode(&new), 0o750);
    }

    #[test]
    fn file_instead_of_the_home_is_an_error_with_source() {
        use std::error::Error as _;
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("file");
        std::fs::write(&file, "").unwrap();
        let error = create_home(&file).unwrap_err();
        assert!(error.to_string().contains("file") && error.source().is_some(), "{error}");
    }
}
