//! The layers of one configuration: each is validated when it is pushed, and all are merged at the end.

use std::collections::BTreeMap;
use std::path::Path;

use config::{ConfigError, Source};
use serde_json::{Map, Value};

use super::file;
use super::{Layer, LayerName, RawEntry, RawLayer, RawValue};
use crate::keys::{NameRule, closest, is_name};
use crate::validate::{Issue, Policy, Requirement, Validated, validate_layer};
use crate::{Config, Features, Loaded, Warning};

/// The table of profiles in the home's file.
const PROFILES: &str = "profiles";

/// Validated layers, lowest precedence first, and the warnings about them.
#[derive(Debug, Default)]
pub(crate) struct LayerStack {
    pub(crate) layers: Vec<Layer>,
    pub(crate) warnings: Vec<Warning>,
    ignored: Vec<Warning>,
    /// Whether the home's file could not be read. No layer turns image generation on then.
    pub(crate) is_home_unreadable: bool,
}

impl LayerStack {
    /// Reads the file of a layer. A file that cannot be read is a warning and has no entries.
    pub(crate) fn read(&mut self, layer: &LayerName, path: &Path) -> Vec<RawEntry> {
        file::read(layer, path).unwrap_or_else(|warning| {
            self.warnings.push(warning);
            Vec::new()
        })
    }

    /// Reads the home's file. If that fails, image generation is off whatever other layers say, because the file may
    /// set limits of spending, hooks and approvals, which a mistake in it must not lift.
    pub(crate) fn read_home(&mut self, path: &Path) -> Vec<RawEntry> {
        file::read(&LayerName::Home { file: path.to_owned() }, path).unwrap_or_else(|mut warning| {
            warning.summary += " Image generation is off until it is mended, because it may set limits.";
            self.warnings.push(warning);
            self.is_home_unreadable = true;
            Vec::new()
        })
    }

    /// Validates and pushes a layer that does not come from a file.
    pub(crate) fn push_raw(&mut self, layer: LayerName, policy: Policy<'_>, raw: RawLayer) {
        self.warnings.extend(raw.warnings.finish(&layer));
        self.push(layer, policy, raw.entries);
    }

    /// Validates and pushes the entries of a layer. Empty layers are left out, except that of the home.
    pub(crate) fn push(&mut self, layer: LayerName, policy: Policy<'_>, entries: Vec<RawEntry>) {
        let mut validated = validate_layer(&layer, policy, entries);
        let values = std::mem::take(&mut validated.values);
        self.add_warnings(validated);
        if !values.is_empty() || matches!(layer, LayerName::Home { .. }) {
            self.layers.push(Layer::new(layer, values));
        }
    }

    /// Pushes the layer of the home's file and that of the chosen profile.
    ///
    /// All profiles are validated, so that a mistake shows before somebody chooses the profile.
    pub(crate) fn push_home(&mut self, file: &Path, chosen: Option<&str>, entries: Vec<RawEntry>) {
        let home = LayerName::Home { file: file.to_owned() };
        let (entries, profiles) = split_profiles(entries);
        self.push(home.clone(), Policy::Unrestricted, entries);
        let names: Vec<String> = profiles.iter().map(|profile| profile.key.clone()).collect();
        let mut is_found = false;
        for RawEntry { key: name, line, value } in profiles {
            let path = [PROFILES.to_owned(), name.clone()];
            if !is_name(&name) {
                self.warnings.push(Warning::for_key(
                    &home,
                    &path,
                    line,
                    &Issue::Invalid(Requirement::Name(NameRule::Plain)),
                ));
                continue;
            }
            let RawValue::Table(entries) = value else {
                self.warnings.push(Warning::for_key(&home, &path, line, &Issue::Invalid(Requirement::Table)));
                continue;
            };
            let layer = LayerName::Profile { file: file.to_owned(), name: name.clone() };
            if chosen == Some(&name) {
                is_found = true;
                self.push(layer, Policy::Unrestricted, entries);
            } else {
                self.add_warnings(validate_layer(&layer, Policy::Unrestricted, entries));
            }
        }
        if let Some(name) = chosen.filter(|_| !is_found) {
            let suggestion = closest(name, names.iter().map(String::as_str)).map(str::to_owned);
            self.warnings.push(Warning::for_missing_profile(&home, name, suggestion.as_deref()));
        }
    }

    fn add_warnings(&mut self, validated: Validated) {
        self.warnings.extend(validated.warnings);
        self.ignored.extend(validated.ignored);
    }

    pub(crate) fn clear_warnings(&mut self) {
        self.warnings.clear();
        self.ignored.clear();
    }

    /// Merges the layers into the effective configuration.
    pub(crate) fn merge(&self) -> Config {
        let builder = self
            .layers
            .iter()
            .fold(config::Config::builder(), |builder, layer| builder.add_source(LayerSource(layer.values.clone())));
        let merged = builder.build().and_then(config::Config::try_deserialize);
        let mut config: Config = merged.unwrap_or_else(|_| fail_safe());
        config.features.image_generation &= !self.is_home_unreadable;
        config
    }

    /// Merges the layers and returns everything that is known about the configuration.
    pub(crate) fn finish(self) -> Loaded {
        let config = self.merge();
        let origins = self.origins();
        let Self { layers, warnings, ignored, is_home_unreadable: _ } = self;
        Loaded { config, warnings, ignored, layers, origins }
    }

    /// Returns the highest layer of every dotted key that has a value.
    fn origins(&self) -> BTreeMap<String, LayerName> {
        let mut origins = BTreeMap::new();
        for layer in &self.layers {
            add_origins(&layer.values, "", &layer.name, &mut origins);
        }
        origins
    }
}

fn add_origins(
    table: &Map<String, Value>,
    section: &str,
    layer: &LayerName,
    origins: &mut BTreeMap<String, LayerName>,
) {
    for (name, value) in table {
        let key = if section.is_empty() { name.clone() } else { format!("{section}.{name}") };
        match value {
            Value::Object(table) => add_origins(table, &key, layer, origins),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                origins.insert(key, layer.clone());
            }
        }
    }
}

/// The values of one layer as a source of the `config` crate, which merges tables and replaces everything else.
#[derive(Debug, Clone)]
struct LayerSource(Map<String, Value>);

impl Source for LayerSource {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<config::Map<String, config::Value>, ConfigError> {
        serde_json::from_value(Value::Object(self.0.clone())).map_err(|error| ConfigError::Foreign(Box::new(error)))
    }
}

/// Returns the built-in defaults as a layer. Keys without a default are absent.
pub(crate) fn default_layer() -> Layer {
    let mut values = match serde_json::to_value(Config::default()) {
        Ok(Value::Object(values)) => values,
        Ok(_) | Err(_) => Map::new(),
    };
    remove_nulls(&mut values);
    Layer::new(LayerName::Defaults, values)
}

/// Removes the keys that are unset, which have no default.
fn remove_nulls(table: &mut Map<String, Value>) {
    table.retain(|_, value| !value.is_null());
    for value in table.values_mut() {
        if let Value::Object(inner) = value {
            remove_nulls(inner);
        }
    }
}

/// Splits the entries of the home's file into its keys and its profiles. Other layers have no profiles.
fn split_profiles(entries: Vec<RawEntry>) -> (Vec<RawEntry>, Vec<RawEntry>) {
    let is_profiles = |entry: &RawEntry| entry.key == PROFILES && matches!(entry.value, RawValue::Table(_));
    let (profiles, rest): (Vec<_>, Vec<_>) = entries.into_iter().partition(is_profiles);
    (rest, profiles.into_iter().flat_map(|entry| entry.value.into_entries()).collect())
}

/// Returns the configuration to use if the merge fails, which validated layers never do: the defaults without image
/// tools, because the layers that were lost may have turned those off.
fn fail_safe() -> Config {
    Config { features: Features { image_generation: false, imagegenext: false }, ..Config::default() }
}
