//! The layers as users meet them: files, variables and arguments in, a configuration and warnings out.

mod describe;
mod example;
mod files;
mod layers;
mod overrides;
mod refusals;
mod writes;

use std::ffi::OsString;
use std::path::PathBuf;

use serde_json::{Map, Value};

use crate::{Environment, Invocation, Loaded, Loader, Warning};

/// A home and a project on disk, and an environment and a command line beside them.
struct Desk {
    root: tempfile::TempDir,
    environment: Environment,
    invocation: Invocation,
}

impl Desk {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let environment = Environment { cwd: root.path().to_owned(), ..Environment::default() };
        let desk = Self { root, environment, invocation: Invocation::default() };
        std::fs::create_dir_all(desk.home()).unwrap();
        std::fs::create_dir_all(desk.project().join("src/deep")).unwrap();
        desk
    }

    fn home(&self) -> PathBuf {
        self.root.path().join("home")
    }

    fn project(&self) -> PathBuf {
        self.root.path().join("project")
    }

    fn with_home(self, text: impl AsRef<[u8]>) -> Self {
        std::fs::write(self.home().join("config.toml"), text).unwrap();
        self
    }

    fn with_project(self, text: impl AsRef<[u8]>) -> Self {
        let folder = self.project().join(".easel");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("config.toml"), text).unwrap();
        self
    }

    fn with_variable(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.environment.variables.insert(name.into(), value.into());
        self
    }

    fn with_override(mut self, text: &str) -> Self {
        self.invocation.overrides.push(text.to_owned());
        self
    }

    fn loader(&self) -> Loader {
        Loader::new(self.environment.clone(), self.home(), self.invocation.clone())
    }

    fn load(&self) -> Loaded {
        self.loader().load()
    }

    fn for_thread(&self, overrides: Value) -> Loaded {
        self.loader().for_thread(&self.project().join("src/deep"), &object(overrides))
    }

    /// The warnings one a line, with the temporary folder left out.
    fn shown(&self, warnings: &[Warning]) -> String {
        let root = format!("{}/", self.root.path().display());
        warnings.iter().map(|warning| warning.to_string().replace(&root, "")).collect::<Vec<_>>().join("\n")
    }
}

fn object(value: Value) -> Map<String, Value> {
    serde_json::from_value(value).unwrap()
}
