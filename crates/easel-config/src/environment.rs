//! What the program takes from its process: variables, working directory, the user's home.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};

/// The environment of the process, read once at start. Tests build it by hand.
///
/// Its `Debug` shows names only, because variables hold keys and tokens.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Environment {
    /// All environment variables as they were at start.
    pub variables: BTreeMap<OsString, OsString>,
    /// The working directory: relative paths of the environment and of clients are meant from here.
    pub cwd: PathBuf,
    /// The user's home directory, when there is one.
    pub user_home: Option<PathBuf>,
}

impl Environment {
    /// Reads the process. This is the single place in the workspace that does so.
    ///
    /// A working directory that no longer exists counts as `/`.
    pub fn from_process() -> Self {
        Self {
            variables: std::env::vars_os().collect(),
            cwd: std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/")),
            user_home: etcetera::home_dir().ok(),
        }
    }

    /// The variable as it is, or `None` when it is unset or empty: an empty one is how shells say "not set".
    pub fn variable(&self, name: &str) -> Option<&OsStr> {
        self.variables.get(OsStr::new(name)).map(OsString::as_os_str).filter(|value| !value.is_empty())
    }

    /// The variable as text, or `None` when it is unset, empty or not UTF-8.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.variable(name).and_then(OsStr::to_str)
    }

    /// The variable as a path made absolute from the working directory, or `None` when it is unset or empty.
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        self.variable(name).map(|value| self.absolute(Path::new(value)))
    }

    /// The path as meant from the working directory. Links are left as they are.
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
    fn debug_output_names_variables_and_hides_their_values() {
        let environment = Environment {
            variables: BTreeMap::from([(OsString::from("OPENAI_API_KEY"), OsString::from("sk-canary"))]),
            ..Environment::default()
        };
        let shown = format!("{environment:?}");
        assert!(shown.contains("OPENAI_API_KEY") && !shown.contains("sk-canary"), "{shown}");
    }

    #[test]
    fn an_empty_variable_counts_as_unset() {
        let variables = BTreeMap::from([(OsString::from("EASEL_HOME"), OsString::new())]);
        let environment = Environment { variables, ..Environment::default() };
        assert_eq!(environment.variable("EASEL_HOME"), None);
        assert_eq!(environment.path("EASEL_HOME"), None);
    }

    #[test]
    fn the_process_has_a_working_directory() {
        assert!(Environment::from_process().cwd.is_absolute());
    }
}
