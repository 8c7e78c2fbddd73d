//! The layers of one configuration: each is judged as it is put on, and all are merged in the end.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value};

use crate::layer::Ranked;
use crate::node::{Entry, Node};
use crate::overrides::Said;
use crate::policy::Policy;
use crate::walk::{Judged, judge, shorten};
use crate::warning::Fault;
use crate::{Config, Features, Layer, LayerName, Loaded, Warning, file, keys};

/// Layers in the making, lowest first.
#[derive(Debug, Default)]
pub(crate) struct Stack {
    pub(crate) layers: Vec<Layer>,
    pub(crate) warnings: Vec<Warning>,
    passed_over: Vec<Warning>,
}

impl Stack {
    pub(crate) fn read(&mut self, layer: &LayerName, path: &Path) -> Vec<Entry> {
        file::read(layer, path).unwrap_or_else(|warning| {
            self.warnings.push(warning);
            Vec::new()
        })
    }

    pub(crate) fn say(&mut self, layer: LayerName, policy: Policy<'_>, said: Said) {
        let Said { entries, mut warnings } = said;
        shorten(&mut warnings, &layer);
        self.warnings.append(&mut warnings);
        self.push(layer, policy, entries);
    }

    pub(crate) fn push(&mut self, layer: LayerName, policy: Policy<'_>, entries: Vec<Entry>) {
        let mut judged = judge(&layer, policy, entries);
        let accepted = std::mem::take(&mut judged.accepted);
        self.note(judged);
        if !accepted.is_empty() || matches!(layer, LayerName::Home { .. }) {
            self.layers.push(Layer::new(layer, accepted));
        }
    }

    /// What the home file says, and its profiles. Every profile is judged, so that a mistake shows before the day it is chosen;
    /// the chosen one becomes a layer. Returns whether it is there.
    pub(crate) fn push_home(&mut self, file: &Path, chosen: Option<&String>, entries: Vec<Entry>) -> bool {
        let home = LayerName::Home { file: file.to_owned() };
        let (entries, profiles) = split_profiles(entries);
        self.push(home.clone(), Policy::Trusted, entries);
        let mut is_found = false;
        for Entry { name, line, node } in profiles {
            let path = ["profiles".to_owned(), name.clone()];
            if !keys::is_name(&name) {
                self.warnings.push(Warning::of_key(&home, &path, line, Fault::BadName));
                continue;
            }
            let Node::Table(entries) = node else {
                self.warnings.push(Warning::of_key(&home, &path, line, Fault::NotATable));
                continue;
            };
            let layer = LayerName::Profile { file: file.to_owned(), name: name.clone() };
            if chosen == Some(&name) {
                is_found = true;
                self.push(layer, Policy::Trusted, entries);
            } else {
                self.note(judge(&layer, Policy::Trusted, entries));
            }
        }
        is_found
    }

    fn note(&mut self, judged: Judged) {
        self.warnings.extend(judged.warnings);
        self.passed_over.extend(judged.passed_over);
    }

    pub(crate) fn forget_warnings(&mut self) {
        self.warnings.clear();
        self.passed_over.clear();
    }

    /// The merge itself, and the origin of every value.
    pub(crate) fn merged(&self) -> (Config, BTreeMap<String, LayerName>) {
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

    pub(crate) fn merge(self) -> Loaded {
        let (config, origins) = self.merged();
        let Self { layers, warnings, passed_over } = self;
        Loaded { config, warnings, passed_over, layers, origins }
    }
}

/// The built-in values as a layer like any other. Unset keys are absent.
pub(crate) fn defaults() -> Layer {
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

/// Judged layers always merge. Should they ever not, a server without image tools is the safe answer, because the
/// switch that turned them off may be among what was lost.
fn switched_off() -> Config {
    Config { features: Features { image_generation: false, imagegenext: false }, ..Config::default() }
}
