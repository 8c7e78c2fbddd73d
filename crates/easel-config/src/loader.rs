//! Collects the layers, has them judged one by one, and merges what is left.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::overrides::{from_command_line, from_environment, from_switches, from_thread};
use crate::policy::{KILL_SWITCH, Policy};
use crate::stack::{Stack, defaults};
use crate::trust::is_trusted;
use crate::warning::Fault;
use crate::{Config, Environment, FEATURES, Invocation, Layer, LayerName, Warning, project};

/// Loads the configuration of one process and of its threads. Files are read anew each time.
#[derive(Debug, Clone)]
pub struct Loader {
    environment: Environment,
    home: PathBuf,
    invocation: Invocation,
    /// Features that were switched while the process ran, and how.
    switches: BTreeMap<String, bool>,
}

/// A configuration, what was wrong with it, and who said what.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// What holds.
    pub config: Config,
    /// What was ignored or refused, in the order of the layers, at most a few dozen for each.
    pub warnings: Vec<Warning>,
    /// Keys of the peer that were passed over, for a debug log.
    pub passed_over: Vec<Warning>,
    /// The layers that say something, lowest precedence first; defaults and home are always there.
    pub layers: Vec<Layer>,
    /// For every dotted key that has a value, the layer that won.
    pub origins: BTreeMap<String, LayerName>,
}

impl Loader {
    /// A loader for this process. `home` need not exist.
    pub fn new(environment: Environment, home: PathBuf, invocation: Invocation) -> Self {
        Self { environment, home, invocation, switches: BTreeMap::new() }
    }

    /// Switches features for this process until its end, above its files, environment and command line. Returns those
    /// that there are; others are left out.
    ///
    /// `image_generation` that is switched off here is off for every thread, whatever the thread says: it is a kill
    /// switch. Switched on, it gives way to a thread that says off.
    pub fn switch(&mut self, wished: &BTreeMap<String, bool>) -> BTreeMap<String, bool> {
        let known = |name: &String| FEATURES.iter().any(|feature| feature.name == name);
        let taken: BTreeMap<_, _> =
            wished.iter().filter(|(name, _)| known(name)).map(|(name, on)| (name.clone(), *on)).collect();
        self.switches.extend(taken.clone());
        taken
    }

    /// The home's `config.toml`, which need not exist.
    pub fn file(&self) -> PathBuf {
        self.home.join(project::FILE)
    }

    /// What holds for the process: defaults, home, profile, environment, command line.
    ///
    /// Never fails: what is wrong is left out and told in [`Loaded::warnings`].
    pub fn load(&self) -> Loaded {
        let mut stack = Stack::default();
        self.push_user(&mut stack);
        self.push_process(&mut stack);
        stack.merge()
    }

    /// What holds for one thread: as [`Loader::load`], with the project of `cwd` above the home file and `overrides`
    /// (dotted keys; null means absent) above everything.
    ///
    /// The warnings are those of the project and of the overrides only; the others came with [`Loader::load`].
    pub fn for_thread(&self, cwd: &Path, overrides: &Map<String, Value>) -> Loaded {
        let mut stack = Stack::default();
        self.push_user(&mut stack);
        stack.forget_warnings();
        self.push_project(&mut stack, &self.environment.absolute(cwd));
        let mut process = Stack::default();
        self.push_process(&mut process);
        stack.layers.append(&mut process.layers);
        let is_switched_off = self.switches.get(KILL_SWITCH) == Some(&false);
        let below = serde_json::to_value(stack.merged().0).unwrap_or_default();
        stack.say(LayerName::Thread, Policy::Thread { is_switched_off, below: &below }, from_thread(overrides));
        stack.merge()
    }

    fn push_user(&self, stack: &mut Stack) {
        stack.layers.push(defaults());
        let file = self.file();
        let home = LayerName::Home { file: file.clone() };
        let entries = stack.read(&home, &file);
        let chosen = self.invocation.profile.as_ref();
        let is_found = stack.push_home(&file, chosen, entries);
        if let Some(name) = chosen.filter(|_| !is_found) {
            let path = ["profiles".to_owned(), name.clone()];
            stack.warnings.push(Warning::of_key(&home, &path, None, Fault::NoProfile));
        }
    }

    fn push_project(&self, stack: &mut Stack, cwd: &Path) {
        let Some(layer) = project::find(cwd, &self.home) else { return };
        let LayerName::Project { folder, file } = &layer else { return };
        if project::is_of_another_user(folder, file) {
            stack.warnings.push(Warning::of_layer(&layer, None, "was ignored: it belongs to another user"));
            return;
        }
        let entries = stack.read(&layer, file);
        let below = stack.merged().0;
        let is_trusted = is_trusted(&below.projects, folder.parent().unwrap_or(folder), cwd);
        let below = serde_json::to_value(below).unwrap_or_default();
        stack.push(layer, Policy::Project { is_trusted, below: &below }, entries);
    }

    fn push_process(&self, stack: &mut Stack) {
        stack.say(LayerName::Environment, Policy::Trusted, from_environment(&self.environment));
        stack.say(LayerName::CommandLine, Policy::Trusted, from_command_line(&self.invocation));
        let switches = self.switches.iter().map(|(name, on)| (name.as_str(), *on));
        stack.say(LayerName::Switches, Policy::Trusted, from_switches(switches));
    }
}
