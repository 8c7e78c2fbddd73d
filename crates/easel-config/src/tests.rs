//! The layers as users meet them: files, variables and arguments in, a configuration and warnings out.

mod describe;
mod example;
mod files;
mod layers;
mod overrides;
mod refusals;
mod stored;
mod trust;
mod writes;

use std::ffi::OsString;
use std::path::PathBuf;

use serde_json::{Map, Value};

use crate::{Environment, Invocation, Loaded, Loader, Warning};

/// A home and a project on disk, and an environment and a command line beside them.
struct Desk {
    root: tempfile::TempDir,
    /// Whether the home configuration trusts the project.
    is_trusting: bool,
    environment: Environment,
    invocation: Invocation,
}

impl Desk {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let environment = Environment { cwd: root.path().to_owned(), ..Environment::default() };
        let desk = Self { root, is_trusting: false, environment, invocation: Invocation::default() };
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
        let mut text = text.as_ref().to_owned();
        if self.is_trusting {
            text.extend_from_slice(self.trust(&self.project()).as_bytes());
        }
        std::fs::write(self.home().join("config.toml"), text).unwrap();
        self
    }

    /// With the user's trust in the project, in the home configuration.
    fn trusting(mut self) -> Self {
        if std::mem::replace(&mut self.is_trusting, true) {
            return self;
        }
        let home = std::fs::read(self.home().join("config.toml")).unwrap_or_default();
        self.with_home(home)
    }

    /// A table of the home configuration.
    fn trust(&self, folder: &std::path::Path) -> String {
        format!("\n[projects.'{}']\ntrust_level = 'trusted'\n", folder.display())
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
