//! Collects the layers of a configuration, validates them one by one, and merges them.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::layers::{
    LayerStack, default_layer, file, from_command_line, from_environment, from_features, from_thread, is_trusted,
    project_file,
};
use crate::validate::{KILL_SWITCH, Policy};
use crate::{Config, Environment, FEATURES, Invocation, Layer, LayerName, Warning};

/// Loads the configuration of a process and of its threads. Files are read again at each load.
#[derive(Debug, Clone)]
pub struct Loader {
    environment: Environment,
    home: PathBuf,
    invocation: Invocation,
    /// Features that a client switched at run time, and whether each is on.
    features: BTreeMap<String, bool>,
}

/// A loaded configuration: its values, their origins, and the problems that were found.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// The effective configuration.
    pub config: Config,
    /// The problems, in the order of the layers; at most 32 for each layer.
    pub warnings: Vec<Warning>,
    /// Settings of Codex that were ignored, for a debug log.
    pub ignored: Vec<Warning>,
    /// The layers, lowest precedence first. The defaults and the home are always included, others if they set
    /// something.
    pub layers: Vec<Layer>,
    /// The layer that set each dotted key.
    pub origins: BTreeMap<String, LayerName>,
}

/// A key of the home's file whose value another layer overrides.
#[derive(Debug, Clone, PartialEq)]
pub struct Override {
    /// The dotted key.
    pub key: String,
    /// The layer that sets the effective value.
    pub layer: Layer,
    /// The effective value, or `***` if it may be secret.
    pub effective_value: Value,
}

/// Prints a sentence for people.
impl fmt::Display for Override {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is overridden by the {}.", self.key, self.layer.name.noun())
    }
}

impl Loaded {
    /// Returns a layer by its name.
    pub fn layer(&self, name: &LayerName) -> Option<&Layer> {
        self.layers.iter().find(|layer| layer.name == *name)
    }

    /// Finds the first of these keys of the home's file that a higher layer overrides.
    pub fn find_override(&self, keys: &[Vec<String>]) -> Option<Override> {
        let is_home = |name: &LayerName| matches!(name, LayerName::Home { .. });
        keys.iter().find_map(|path| {
            let key = path.join(".");
            let layer = self.layer(self.origins.get(&key).filter(|name| !is_home(name))?)?.clone();
            let config = serde_json::to_value(&self.config).unwrap_or_default();
            let effective_value = path.iter().try_fold(&config, |table, name| table.get(name)).cloned();
            Some(Override { key, layer, effective_value: effective_value.unwrap_or_default() })
        })
    }
}

impl Loader {
    /// Creates the loader of a process. The folder `home` need not exist.
    pub fn new(environment: Environment, home: PathBuf, invocation: Invocation) -> Self {
        Self { environment, home, invocation, features: BTreeMap::new() }
    }

    /// Switches features until the process ends, with precedence over files, environment and command line. Returns the
    /// features that exist; unknown names are ignored.
    ///
    /// `image_generation` is a kill switch: once it is switched off here, no thread can turn it on. If it is switched
    /// on here, a thread can still turn it off.
    pub fn switch_features(&mut self, requested: &BTreeMap<String, bool>) -> BTreeMap<String, bool> {
        let exists = |name: &str| FEATURES.iter().any(|feature| feature.name == name);
        let known: BTreeMap<_, _> =
            requested.iter().filter(|(name, _)| exists(name)).map(|(name, on)| (name.clone(), *on)).collect();
        self.features.extend(known.clone());
        known
    }

    /// Returns the path of the home's `config.toml`, which need not exist.
    pub fn file(&self) -> PathBuf {
        self.home.join(project_file::CONFIG_FILE)
    }

    /// Loads the configuration of the process: defaults, home, profile, environment, command line, switched features.
    ///
    /// Never fails: invalid parts are left out and reported in [`Loaded::warnings`].
    pub fn load(&self) -> Loaded {
        let mut stack = LayerStack::default();
        self.push_user_layers(&mut stack);
        self.push_process_layers(&mut stack);
        stack.finish()
    }

    /// Loads the configuration of one thread: that of the process, with the project of `cwd` above the home's file and
    /// `overrides` above everything. The keys of `overrides` are dotted; null means that a key is absent.
    ///
    /// The warnings are those of the project and of the overrides. [`Loader::load`] returns the others.
    pub fn load_for_thread(&self, cwd: &Path, overrides: &Map<String, Value>) -> Loaded {
        let mut stack = LayerStack::default();
        self.push_user_layers(&mut stack);
        stack.clear_warnings();
        self.push_project_layer(&mut stack, &self.environment.absolute(cwd));
        let mut process = LayerStack::default();
        self.push_process_layers(&mut process);
        stack.layers.append(&mut process.layers);
        let is_image_generation_off = stack.is_home_unreadable || self.features.get(KILL_SWITCH) == Some(&false);
        let base = serde_json::to_value(stack.merge()).unwrap_or_default();
        let policy = Policy::Thread { is_image_generation_off, base: &base };
        stack.push_raw(LayerName::Thread, policy, from_thread(overrides));
        stack.finish()
    }

    fn push_user_layers(&self, stack: &mut LayerStack) {
        stack.layers.push(default_layer());
        let file = self.file();
        let entries = stack.read_home(&file);
        stack.push_home(&file, self.invocation.profile.as_deref(), entries);
    }

    fn push_project_layer(&self, stack: &mut LayerStack, cwd: &Path) {
        let Some(layer) = project_file::find(cwd, &self.home) else { return };
        let LayerName::Project { folder, file } = &layer else { return };
        if project_file::is_foreign_project(folder, file) {
            stack.warnings.push(file::foreign_file(&layer));
            return;
        }
        let entries = stack.read(&layer, file);
        let base = stack.merge();
        let is_trusted = is_trusted(&base.projects, folder.parent().unwrap_or(folder), cwd);
        let base = serde_json::to_value(base).unwrap_or_default();
        stack.push(layer, Policy::Project { is_trusted, base: &base }, entries);
    }

    fn push_process_layers(&self, stack: &mut LayerStack) {
        stack.push_raw(LayerName::Environment, Policy::Unrestricted, from_environment(&self.environment));
        stack.push_raw(LayerName::CommandLine, Policy::Unrestricted, from_command_line(&self.invocation));
        let features = self.features.iter().map(|(name, on)| (name.as_str(), *on));
        stack.push_raw(LayerName::RuntimeFeatures, Policy::Unrestricted, from_features(features));
    }
}
