//! The sources that are not files: environment, command line, thread overrides.

use std::fmt;

use serde_json::{Map, Value};
use toml::de::DeValue;

use crate::depth::too_deep;
use crate::node::{Entry, Node, from_dotted, from_json, from_toml_value, nested};
use crate::policy::{Policy, SECRET_OF_PROVIDER};
use crate::walk::judge;
use crate::warning::Warning;
use crate::{Environment, LayerName};

const PREFIX: &str = "EASEL__";

/// What the command line said about configuration, as given.
///
/// Its `Debug` shows the keys of overrides only, because a value in the wrong place may be a secret.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Invocation {
    /// `-c key=value`: a dotted key; the value is TOML, else a string.
    pub overrides: Vec<String>,
    /// `--enable FEATURE`.
    pub enable: Vec<String>,
    /// `--disable FEATURE`; wins over `--enable` and `-c`.
    pub disable: Vec<String>,
    /// `--profile NAME`: a table under `[profiles]` of the home configuration.
    pub profile: Option<String>,
}

impl fmt::Debug for Invocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<&str> =
            self.overrides.iter().map(|given| given.split_once('=').map_or("***", |(key, _)| key)).collect();
        f.debug_struct("Invocation")
            .field("overrides", &keys)
            .field("enable", &self.enable)
            .field("disable", &self.disable)
            .field("profile", &self.profile)
            .finish()
    }
}

/// The entries of a source and what could not become one.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Said {
    pub(crate) entries: Vec<Entry>,
    pub(crate) warnings: Vec<Warning>,
}

/// `EASEL__FEATURES__IMAGEGENEXT=true` is `features.imagegenext`. Names are lower-cased; the key decides the type.
pub(crate) fn from_environment(environment: &Environment) -> Said {
    let mut said = Said::default();
    for (name, value) in &environment.variables {
        let Some(name) = name.to_str().and_then(|name| name.strip_prefix(PREFIX)) else { continue };
        if value.is_empty() {
            continue;
        }
        let dotted = name.to_lowercase().replace("__", ".");
        let entry = value.to_str().and_then(|text| from_dotted(&dotted, Node::Untyped(text.to_owned())));
        match entry {
            Some(entry) => said.entries.push(entry),
            None => said.warnings.push(Warning::of_layer(
                &LayerName::Environment,
                None,
                &format!("has a variable that was ignored: `{PREFIX}{}`", name.escape_default()),
            )),
        }
    }
    said
}

/// `-c`, then `--enable`, then `--disable`.
pub(crate) fn from_command_line(invocation: &Invocation) -> Said {
    let mut said = Said::default();
    for (position, given) in invocation.overrides.iter().enumerate() {
        match override_entry(given) {
            Some(entry) => said.entries.push(entry),
            // The text is not repeated: without a key to the left of `=` it may be anything, a secret too.
            None => said.warnings.push(Warning::of_layer(
                &LayerName::CommandLine,
                None,
                &format!("has a `-c` that is not `key=value` and was ignored (number {})", position + 1),
            )),
        }
    }
    let switches = [(&invocation.enable, true), (&invocation.disable, false)];
    let switches = switches.into_iter().flat_map(|(features, on)| features.iter().map(move |f| (f.as_str(), on)));
    said.entries.append(&mut from_switches(switches).entries);
    said
}

/// Features by name, and whether they are on.
pub(crate) fn from_switches<'a>(switches: impl IntoIterator<Item = (&'a str, bool)>) -> Said {
    let entry = |(feature, on)| nested(&["features", feature], Node::Switch(on));
    Said { entries: switches.into_iter().filter_map(entry).collect(), warnings: Vec::new() }
}

fn override_entry(given: &str) -> Option<Entry> {
    let (key, value) = given.split_once('=')?;
    from_dotted(key, toml_or_text(value.trim()))
}

/// The value as TOML, else as the string that it is: `-c model=gpt-5.5` needs no quotes.
fn toml_or_text(value: &str) -> Node {
    if too_deep(value).is_some() {
        return Node::Other;
    }
    match DeValue::parse(value) {
        Ok(parsed) => from_toml_value(parsed.get_ref(), None),
        Err(_) => Node::Text(value.to_owned()),
    }
}

/// A map from dotted keys to JSON values, where null means absent.
pub(crate) fn from_thread(overrides: &Map<String, Value>) -> Said {
    let mut said = Said::default();
    for (dotted, value) in overrides {
        let Some(node) = from_json(value) else { continue };
        match from_dotted(dotted, node) {
            Some(entry) => said.entries.push(entry),
            None => said.warnings.push(Warning::of_layer(
                &LayerName::Thread,
                None,
                "has a key with an empty part or too many parts",
            )),
        }
    }
    said
}

/// Whether the overrides of a thread name a key of a provider whose values may be secret.
///
/// Judges the parsed keys, not their text, so that dotted keys, objects, and white space or quotes around a part make no
/// difference.
pub fn names_secret(overrides: &Map<String, Value>) -> bool {
    let bare =
        |name: &str| name.trim_matches(|c: char| c.is_whitespace() || c.is_control() || "\"'".contains(c)).to_owned();
    let is_secret = |name: &str| SECRET_OF_PROVIDER.contains(&bare(name).as_str());
    let providers = from_thread(overrides).entries.into_iter().filter(|entry| bare(&entry.name) == "model_providers");
    providers.flat_map(|entry| entry.node.into_entries()).any(|provider| any_name(provider.node, &is_secret))
}

/// Whether any name below the node is one of these.
fn any_name(node: Node, is_one: &impl Fn(&str) -> bool) -> bool {
    node.into_entries().into_iter().any(|entry| is_one(&entry.name) || any_name(entry.node, is_one))
}

/// The overrides of a thread without what no key of the configuration takes: what may be stored with the thread.
///
/// Clients send the whole configuration of another program here, with keys and headers in places that we do not know.
pub fn known_overrides(overrides: &Map<String, Value>) -> Map<String, Value> {
    judge(&LayerName::Thread, Policy::Trusted, from_thread(overrides).entries).accepted
}
