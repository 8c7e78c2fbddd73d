//! Tests of the crate as a whole: files, variables and options in, a configuration and warnings out.

mod example;
mod files;
mod guards;
mod hooks;
mod layers;
mod overrides;
mod project_policy;
mod redaction;
mod storable;
mod trust;
mod writes;

use std::ffi::OsString;
use std::path::PathBuf;

use serde_json::{Map, Value};

use crate::{Environment, Invocation, Loaded, Loader, Warning};

/// A home and a project in a temporary folder, with an environment and a command line.
struct Sandbox {
    root: tempfile::TempDir,
    /// Whether the home configuration trusts the project.
    has_trust: bool,
    environment: Environment,
    invocation: Invocation,
}

impl Sandbox {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let environment = Environment { cwd: root.path().to_owned(), ..Environment::default() };
        let sandbox = Self { root, has_trust: false, environment, invocation: Invocation::default() };
        std::fs::create_dir_all(sandbox.home()).unwrap();
        std::fs::create_dir_all(sandbox.project().join("src/deep")).unwrap();
        sandbox
    }

    fn home(&self) -> PathBuf {
        self.root.path().join("home")
    }

    fn project(&self) -> PathBuf {
        self.root.path().join("project")
    }

    fn with_home(self, text: impl AsRef<[u8]>) -> Self {
        let mut text = text.as_ref().to_owned();
        if self.has_trust {
            text.extend_from_slice(self.trust(&self.project()).as_bytes());
        }
        std::fs::write(self.home().join("config.toml"), text).unwrap();
        self
    }

    /// Trusts the project in the home configuration.
    fn with_trust(mut self) -> Self {
        if std::mem::replace(&mut self.has_trust, true) {
            return self;
        }
        let home = std::fs::read(self.home().join("config.toml")).unwrap_or_default();
        self.with_home(home)
    }

    /// Returns a table of the home configuration that trusts the folder.
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

    fn load_for_thread(&self, overrides: Value) -> Loaded {
        self.loader().load_for_thread(&self.project().join("src/deep"), &object(overrides))
    }

    /// Returns the warnings one per line, with `~/` for the home and without the path of the temporary folder. Paths
    /// have slashes on every system.
    fn show(&self, warnings: &[Warning]) -> String {
        let plain = |text: &str| text.replace(std::path::MAIN_SEPARATOR, "/");
        let home = plain(&format!("{}/", self.home().display()));
        let root = plain(&format!("{}/", self.root.path().display()));
        let show = |warning: &Warning| plain(&warning.to_string()).replace(&home, "~/").replace(&root, "");
        warnings.iter().map(show).collect::<Vec<_>>().join("\n")
    }
}

fn object(value: Value) -> Map<String, Value> {
    serde_json::from_value(value).unwrap()
}
