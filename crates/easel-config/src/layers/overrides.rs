//! The layers that are not files: environment, command line, features switched by a client, overrides of a thread.

use std::fmt;

use serde_json::{Map, Value};
use toml::de::DeValue;

use super::nesting::is_nested_too_deep;
use super::raw_value::{MAX_PARTS, RawEntry, RawValue, from_dotted, from_json, from_toml, nest};
use crate::keys::KEYS;
use crate::validate::{Policy, validate_layer};
use crate::warning::WarningList;
use crate::{Environment, LayerName, Warning};

const PREFIX: &str = "EASEL__";

/// The options of the command line that set the configuration.
///
/// `Debug` prints the keys of overrides but not their values, because a value in the wrong place may be a secret.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Invocation {
    /// `-c key=value`: a dotted key and a value, which is parsed as TOML or used as a string if it is not TOML.
    pub overrides: Vec<String>,
    /// `--enable FEATURE`.
    pub enable: Vec<String>,
    /// `--disable FEATURE`, which takes precedence over `--enable` and `-c`.
    pub disable: Vec<String>,
    /// `--profile NAME`: a table under `[profiles]` of the home's file.
    pub profile: Option<String>,
}

impl fmt::Debug for Invocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<&str> =
            self.overrides.iter().map(|text| text.split_once('=').map_or(crate::HIDDEN, |(key, _)| key)).collect();
        f.debug_struct("Invocation")
            .field("overrides", &keys)
            .field("enable", &self.enable)
            .field("disable", &self.disable)
            .field("profile", &self.profile)
            .finish()
    }
}

/// The unvalidated entries of a layer, and warnings about texts that are not entries.
#[derive(Debug, Default)]
pub(crate) struct RawLayer {
    pub(crate) entries: Vec<RawEntry>,
    pub(crate) warnings: WarningList,
}

/// Reads the variables that begin with `EASEL__`: `EASEL__FEATURES__IMAGEGENEXT=true` sets `features.imagegenext`.
///
/// Names are lower-cased. The type of a value depends on its key.
pub(crate) fn from_environment(environment: &Environment) -> RawLayer {
    let mut raw = RawLayer::default();
    for (variable, value) in &environment.variables {
        let Some(name) = variable.to_str().and_then(|name| name.strip_prefix(PREFIX)) else { continue };
        if value.is_empty() {
            continue;
        }
        let warning = |reason: &str| {
            let name = name.escape_default();
            let summary = format!("Variable `{PREFIX}{name}` in the environment was ignored: {reason}.");
            Warning::for_layer(&LayerName::Environment, None, summary)
        };
        let Some(text) = value.to_str() else {
            raw.warnings.push_with(|| warning("its value is not UTF-8"));
            continue;
        };
        match from_dotted(&name.to_lowercase().replace("__", "."), RawValue::Untyped(text.to_owned())) {
            Some(entry) => raw.entries.push(entry),
            None => raw.warnings.push_with(|| warning("its name is not `EASEL__SECTION__KEY`")),
        }
    }
    raw
}

/// Reads `-c`, then `--enable`, then `--disable`.
pub(crate) fn from_command_line(invocation: &Invocation) -> RawLayer {
    let mut raw = RawLayer::default();
    for (position, text) in invocation.overrides.iter().enumerate() {
        match parse_override(text) {
            Some(entry) => raw.entries.push(entry),
            // The warning does not repeat the text: without a key before `=` it may be a secret.
            None => raw.warnings.push_with(|| {
                let summary = format!("Option `-c` number {} was ignored: it is not `key=value`.", position + 1);
                Warning::for_layer(&LayerName::CommandLine, None, summary)
            }),
        }
    }
    let features = [(&invocation.enable, true), (&invocation.disable, false)];
    let features = features.into_iter().flat_map(|(names, on)| names.iter().map(move |name| (name.as_str(), on)));
    raw.entries.append(&mut from_features(features).entries);
    raw
}

/// Builds a layer from features by name, with whether each is on.
pub(crate) fn from_features<'a>(features: impl IntoIterator<Item = (&'a str, bool)>) -> RawLayer {
    let entry = |(name, on)| nest(&["features", name], RawValue::Bool(on));
    RawLayer { entries: features.into_iter().filter_map(entry).collect(), warnings: WarningList::default() }
}

fn parse_override(text: &str) -> Option<RawEntry> {
    let (key, value) = text.split_once('=')?;
    from_dotted(key, parse_toml_or_text(value.trim()))
}

/// Parses a value as TOML, or else takes it as a string: `-c model=gpt-5.5` needs no quotes.
fn parse_toml_or_text(value: &str) -> RawValue {
    if is_nested_too_deep(value) {
        return RawValue::Unsupported;
    }
    match DeValue::parse(value) {
        Ok(parsed) => from_toml(parsed.get_ref(), None),
        Err(_) => RawValue::Text(value.to_owned()),
    }
}

/// Reads the overrides of a thread: a map from dotted keys to JSON values, where null means that the key is absent.
pub(crate) fn from_thread(overrides: &Map<String, Value>) -> RawLayer {
    let mut raw = RawLayer::default();
    for (dotted, value) in overrides {
        let Some(value) = from_json(value) else { continue };
        match from_dotted(dotted, value) {
            Some(entry) => raw.entries.push(entry),
            None => raw.warnings.push_with(|| {
                let reason = format!("it has an empty part or more than {MAX_PARTS} parts");
                let summary = format!("A key in the thread's configuration was ignored: {reason}.");
                Warning::for_layer(&LayerName::Thread, None, summary)
            }),
        }
    }
    raw
}

/// Returns whether the overrides of a thread have a section of a provider, such as `http_headers`, whose values may be
/// secret. Such overrides must be refused, because overrides are stored with the thread.
///
/// Looks at the parsed keys and not at their text, so that it finds dotted keys, objects, and parts with white space or
/// quotes around them.
pub fn has_secret_key(overrides: &Map<String, Value>) -> bool {
    let entries = from_thread(overrides).entries;
    let providers = entries.into_iter().filter(|entry| strip_quotes(&entry.key) == "model_providers");
    providers.flat_map(|entry| entry.value.into_entries()).any(|provider| has_secret_section(provider.value))
}

/// Returns whether a section at any depth below a provider has a secret key in the table of keys.
fn has_secret_section(value: RawValue) -> bool {
    value.into_entries().into_iter().any(|entry| {
        let name = Some(strip_quotes(&entry.key));
        let mut secret_keys = KEYS.iter().filter(|key| key.is_secret);
        secret_keys.any(|key| key.provider_section() == name) || has_secret_section(entry.value)
    })
}

fn strip_quotes(name: &str) -> &str {
    name.trim_matches(|c: char| c.is_whitespace() || c.is_control() || "\"'".contains(c))
}

/// Returns the overrides of a thread with valid keys and values only, and without those that no thread may set: those
/// that may be stored with the thread.
///
/// Clients send the whole configuration of other programs here, with keys and headers in unknown places.
pub fn storable_overrides(overrides: &Map<String, Value>) -> Map<String, Value> {
    validate_layer(&LayerName::Thread, Policy::StoredThread, from_thread(overrides).entries).values
}
