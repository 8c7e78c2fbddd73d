//! The home folder: configuration, database and pictures of one user.

use std::fs::DirBuilder;
use std::io;
use std::path::{Path, PathBuf};

use crate::Environment;

/// Why there is no home folder.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// Neither variable is set and the user has no home directory.
    #[error("set EASEL_HOME to a folder: this user has no home directory")]
    Unknown,
    /// The folder is not there and cannot be made.
    #[error("the home folder {} cannot be created", path.display())]
    Create {
        /// The folder that was asked for.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}

/// Where Easel keeps everything: `$EASEL_HOME`, else `$CODEX_HOME/easel`, else `~/.easel`.
///
/// A client that isolates itself by `CODEX_HOME` isolates Easel too. A relative path is meant from the working
/// directory. Nothing is created; see [`create_home`].
pub fn home(environment: &Environment) -> Result<PathBuf, HomeError> {
    if let Some(home) = environment.path("EASEL_HOME") {
        return Ok(home);
    }
    if let Some(codex_home) = environment.path("CODEX_HOME") {
        return Ok(codex_home.join("easel"));
    }
    environment.user_home.as_ref().map(|user_home| user_home.join(".easel")).ok_or(HomeError::Unknown)
}

/// Creates the home folder, and the folders above it that are missing, readable by the user alone (0700).
///
/// A folder that is already there keeps its permissions: the user chose them.
pub fn create_home(home: &Path) -> Result<(), HomeError> {
    let failed = |source| HomeError::Create { path: home.to_owned(), source };
    let is_new = !home.exists();
    private_folders().create(home).map_err(failed)?;
    if is_new { close_to_others(home).map_err(failed) } else { Ok(()) }
}

/// The mode with which the folder was made is enough.
#[cfg(not(windows))]
fn close_to_others(_home: &Path) -> io::Result<()> {
    Ok(())
}

/// Takes away what the folder inherits, so that its owner and the system alone have it, with all that will be in it. The
/// profile of a user is closed to others already, but a home can be anywhere.
#[cfg(windows)]
fn close_to_others(home: &Path) -> io::Result<()> {
    use std::process::{Command, Stdio};
    let mut command = Command::new("icacls.exe");
    // Owner rights and the system, by numbers that are the same in every language of Windows.
    command.arg(home).args(["/inheritance:r", "/grant:r", "*S-1-3-4:(OI)(CI)F", "*S-1-5-18:(OI)(CI)F", "/q"]);
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status()?;
    if status.success() { Ok(()) } else { Err(io::Error::other("icacls cannot close it to other users")) }
}

#[cfg(unix)]
fn private_folders() -> DirBuilder {
    use std::os::unix::fs::DirBuilderExt;
    let mut builder = DirBuilder::new();
    builder.recursive(true).mode(0o700);
    builder
}

/// Elsewhere folders have no mode.
#[cfg(not(unix))]
fn private_folders() -> DirBuilder {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    builder
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
    fn the_home_is_the_first_of_easel_home_codex_home_and_the_user_home() {
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
    fn without_any_home_the_error_says_what_to_set() {
        let nobody = Environment { variables: BTreeMap::new(), cwd: PathBuf::from("/"), user_home: None };
        assert!(home(&nobody).unwrap_err().to_string().contains("EASEL_HOME"));
    }

    #[cfg(unix)]
    #[test]
    fn a_new_home_and_its_parents_are_private_and_an_old_one_is_left_alone() {
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
    fn a_file_where_the_home_should_be_is_an_error_that_names_it() {
        let root = tempfile::tempdir().unwrap();
        let taken = root.path().join("taken");
        std::fs::write(&taken, "").unwrap();
        let error = create_home(&taken).unwrap_err();
        assert!(error.to_string().contains("taken"), "{error}");
    }
}
