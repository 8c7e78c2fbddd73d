//! What the program reads from its process: environment variables, working directory and home directory.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};

/// The environment of the process, read once at start. Tests build their own.
///
/// `Debug` prints the names of variables but not their values, which include keys and tokens.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Environment {
    /// All environment variables at start.
    pub variables: BTreeMap<OsString, OsString>,
    /// The working directory, against which relative paths are resolved.
    pub cwd: PathBuf,
    /// The user's home directory, if there is one.
    pub user_home: Option<PathBuf>,
}

impl Environment {
    /// Reads the environment of the process. Nothing else in the workspace does.
    ///
    /// The working directory is `/` if the real one no longer exists.
    pub fn from_process() -> Self {
        Self {
            variables: std::env::vars_os().collect(),
            cwd: std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/")),
            user_home: etcetera::home_dir().ok(),
        }
    }

    /// Returns the value of a variable, or `None` if it is unset or empty. Shells set a variable to the empty string to
    /// say "not set".
    pub fn variable(&self, name: &str) -> Option<&OsStr> {
        self.variables.get(OsStr::new(name)).map(OsString::as_os_str).filter(|value| !value.is_empty())
    }

    /// Returns the value of a variable as text, or `None` if it is unset, empty or not UTF-8.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.variable(name).and_then(OsStr::to_str)
    }

    /// Returns the value of a variable as an absolute path, or `None` if it is unset or empty.
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        self.variable(name).map(|value| self.absolute(Path::new(value)))
    }

    /// Resolves a path against the working directory. Symbolic links are not followed.
    pub fn absolute(&self, path: &Path) -> PathBuf {
        self.cwd.join(path)
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment")
            .field("variables", &self.variables.keys().collect::<Vec<_>>())
            .field("cwd", &self.cwd)
            .field("user_home", &self.user_home)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_names_of_variables_only() {
        let environment = Environment {
            variables: BTreeMap::from([(OsString::from("OPENAI_API_KEY"), OsString::from("sk-canary"))]),
            ..Environment::default()
        };
        let shown = format!("{environment:?}");
        assert!(shown.contains("OPENAI_API_KEY") && !shown.contains("sk-canary"), "{shown}");
    }

    #[test]
    fn empty_variable_counts_as_unset() {
        let variables = BTreeMap::from([(OsString::from("EASEL_HOME"), OsString::new())]);
        let environment = Environment { variables, ..Environment::default() };
        assert_eq!(environment.variable("EASEL_HOME"), None);
        assert_eq!(environment.path("EASEL_HOME"), None);
    }

    #[test]
    fn process_has_a_working_directory() {
        assert!(Environment::from_process().cwd.is_absolute());
    }
}
