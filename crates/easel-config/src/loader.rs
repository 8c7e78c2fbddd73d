//! Collects the layers, has them judged one by one, and merges what is left.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::layer::Ranked;
use crate::node::{Entry, Node};
use crate::overrides::{Said, from_command_line, from_environment, from_thread};
use crate::policy::Policy;
use crate::walk::{Judged, judge, shorten};
use crate::warning::Fault;
use crate::{Config, Environment, Features, Invocation, Layer, LayerName, Warning, file, keys, project};

/// Loads the configuration of one process and of its threads. Files are read anew each time.
#[derive(Debug, Clone)]
pub struct Loader {
    environment: Environment,
    home: PathBuf,
    invocation: Invocation,
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
        Self { environment, home, invocation }
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
        stack.say(LayerName::Thread, Policy::Thread, from_thread(overrides));
        stack.merge()
    }

    fn push_user(&self, stack: &mut Stack) {
        stack.layers.push(defaults());
        let file = self.home.join(project::FILE);
        let home = LayerName::Home { file: file.clone() };
        let entries = stack.read(&home, &file);
        let (entries, profiles) = split_profiles(entries);
        stack.push(home, Policy::Trusted, entries);
        self.push_profiles(stack, &file, profiles);
    }

    /// Every profile is judged, so that a mistake shows before the day it is chosen; the chosen one becomes a layer.
    fn push_profiles(&self, stack: &mut Stack, file: &Path, profiles: Vec<Entry>) {
        let home = LayerName::Home { file: file.to_owned() };
        let chosen = self.invocation.profile.as_ref();
        let mut is_found = false;
        for Entry { name, line, node } in profiles {
            let path = ["profiles".to_owned(), name.clone()];
            if !keys::is_name(&name) {
                stack.warnings.push(Warning::of_key(&home, &path, line, Fault::BadName));
                continue;
            }
            let Node::Table(entries) = node else {
                stack.warnings.push(Warning::of_key(&home, &path, line, Fault::NotATable));
                continue;
            };
            let layer = LayerName::Profile { file: file.to_owned(), name: name.clone() };
            if chosen == Some(&name) {
                is_found = true;
                stack.push(layer, Policy::Trusted, entries);
            } else {
                stack.note(judge(&layer, Policy::Trusted, entries));
            }
        }
        if let Some(name) = chosen.filter(|_| !is_found) {
            let path = ["profiles".to_owned(), name.clone()];
            stack.warnings.push(Warning::of_key(&home, &path, None, Fault::NoProfile));
        }
    }

    fn push_project(&self, stack: &mut Stack, cwd: &Path) {
        let Some(layer) = project::find(cwd, &self.home) else { return };
        let Some(file) = layer.file().map(Path::to_owned) else { return };
        let entries = stack.read(&layer, &file);
        let below = serde_json::to_value(stack.merged().0).unwrap_or_default();
        stack.push(layer, Policy::Project { below: &below }, entries);
    }

    fn push_process(&self, stack: &mut Stack) {
        stack.say(LayerName::Environment, Policy::Trusted, from_environment(&self.environment));
        stack.say(LayerName::CommandLine, Policy::Trusted, from_command_line(&self.invocation));
    }
}

/// The built-in values as a layer like any other. Unset keys are absent.
fn defaults() -> Layer {
    let mut config = match serde_json::to_value(Config::default()) {
        Ok(Value::Object(config)) => config,
        Ok(_) | Err(_) => Map::new(),
    };
    config.retain(|_, value| !value.is_null());
    Layer::new(LayerName::Defaults, config)
}

/// Profiles stand in the home file only, and are not keys themselves.
fn split_profiles(entries: Vec<Entry>) -> (Vec<Entry>, Vec<Entry>) {
    let is_profiles = |entry: &Entry| entry.name == "profiles" && matches!(entry.node, Node::Table(_));
    let (profiles, rest): (Vec<_>, Vec<_>) = entries.into_iter().partition(is_profiles);
    (rest, profiles.into_iter().flat_map(|entry| entry.node.into_entries()).collect())
}

/// Layers in the making, lowest first.
#[derive(Debug, Default)]
struct Stack {
    layers: Vec<Layer>,
    warnings: Vec<Warning>,
    passed_over: Vec<Warning>,
}

impl Stack {
    fn read(&mut self, layer: &LayerName, path: &Path) -> Vec<Entry> {
        file::read(layer, path).unwrap_or_else(|warning| {
            self.warnings.push(warning);
            Vec::new()
        })
    }

    fn say(&mut self, layer: LayerName, policy: Policy<'_>, said: Said) {
        let Said { entries, mut warnings } = said;
        shorten(&mut warnings, &layer);
        self.warnings.append(&mut warnings);
        self.push(layer, policy, entries);
    }

    fn push(&mut self, layer: LayerName, policy: Policy<'_>, entries: Vec<Entry>) {
        let mut judged = judge(&layer, policy, entries);
        let accepted = std::mem::take(&mut judged.accepted);
        self.note(judged);
        if !accepted.is_empty() || matches!(layer, LayerName::Home { .. }) {
            self.layers.push(Layer::new(layer, accepted));
        }
    }

    fn note(&mut self, judged: Judged) {
        self.warnings.extend(judged.warnings);
        self.passed_over.extend(judged.passed_over);
    }

    fn forget_warnings(&mut self) {
        self.warnings.clear();
        self.passed_over.clear();
    }

    /// The merge itself, and the origin of every value.
    fn merged(&self) -> (Config, BTreeMap<String, LayerName>) {
        let builder = self.layers.iter().enumerate().fold(config::Config::builder(), |builder, (position, layer)| {
            builder.add_source(Ranked { position, config: layer.config.clone() })
        });
        let Ok(merged) = builder.build() else { return (switched_off(), BTreeMap::new()) };
        let mut origins = BTreeMap::new();
        self.collect_origins(&merged.cache, "", &mut origins);
        (merged.try_deserialize().unwrap_or_else(|_| switched_off()), origins)
    }

    fn collect_origins(&self, value: &config::Value, key: &str, origins: &mut BTreeMap<String, LayerName>) {
        if let config::ValueKind::Table(table) = &value.kind {
            for (name, value) in table {
                let below = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
                self.collect_origins(value, &below, origins);
            }
            return;
        }
        let layer = value.origin().and_then(|position| self.layers.get(position.parse::<usize>().ok()?));
        if let Some(layer) = layer {
            origins.insert(key.to_owned(), layer.name.clone());
        }
    }

    fn merge(self) -> Loaded {
        let (config, origins) = self.merged();
        let Self { layers, warnings, passed_over } = self;
        Loaded { config, warnings, passed_over, layers, origins }
    }
}

/// Judged layers always merge. Should they ever not, a server without image tools is the safe answer, because the
/// switch that turned them off may be among what was lost.
fn switched_off() -> Config {
    Config { features: Features { image_generation: false, imagegenext: false }, ..Config::default() }
}
