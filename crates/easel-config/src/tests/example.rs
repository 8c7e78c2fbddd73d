use std::collections::BTreeSet;

use easel_imagegen::spending::Price;
use serde_json::Value;

use super::Sandbox;
use crate::keys::{KEYS, Key, Kind, ProjectAccess};
use crate::{Config, ProviderConfig};

const EXAMPLE: &str = include_str!("../../../../config.example.toml");

/// Returns the example with its optional keys set: lines with "#" and no space after it.
fn with_all_keys() -> String {
    let line = |line: &'static str| match line.strip_prefix('#') {
        Some(key) if !key.is_empty() && !key.starts_with(' ') => key,
        Some(_) | None => line,
    };
    EXAMPLE.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// Adds the dotted keys of all plain values, with `*` for names that the user chose.
fn add_keys(value: &Value, path: &str, keys: &mut BTreeSet<String>) {
    let Value::Object(table) = value else {
        keys.insert(path.to_owned());
        return;
    };
    for (name, value) in table {
        let chosen = ["prices", "projects", "model_providers", "http_headers", "env_http_headers", "query_params"];
        let name = if chosen.contains(&path.rsplit('.').next().unwrap()) { "*" } else { name };
        let below = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        add_keys(value, &below, keys);
    }
}

fn known() -> BTreeSet<String> {
    KEYS.iter().map(|key| key.path.to_owned()).collect()
}

#[test]
fn table_of_keys_matches_the_types() {
    let mut config = Config::default();
    let studio = ProviderConfig {
        http_headers: [("a".to_owned(), "b".into())].into(),
        env_http_headers: [("a".to_owned(), "b".to_owned())].into(),
        query_params: [("a".to_owned(), "b".into())].into(),
        ..ProviderConfig::default()
    };
    config.model_providers.insert("studio".to_owned(), studio);
    config.prices.insert("gpt-image-2".to_owned(), Price::default());
    config.projects.insert("/home/me/project".to_owned(), crate::Project::default());
    let mut keys = BTreeSet::new();
    add_keys(&serde_json::to_value(&config).unwrap(), "", &mut keys);
    assert_eq!(keys, known(), "a key needs a field in settings and a row in keys/table.rs");
}

#[test]
fn example_has_exactly_the_known_keys() {
    let table: toml::Table = with_all_keys().parse().unwrap();
    let mut documented = serde_json::to_value(table).unwrap();
    documented.as_object_mut().unwrap().remove("profiles");
    let mut keys = BTreeSet::new();
    add_keys(&documented, "", &mut keys);
    assert_eq!(keys, known(), "every row of keys/table.rs needs a line in config.example.toml");
}

#[test]
fn example_sets_the_defaults() {
    let loaded = Sandbox::new().with_home(EXAMPLE).load();
    assert_eq!(loaded.warnings, []);
    assert_eq!(loaded.config, Config::default());
    let not_default = loaded.origins.values().filter(|name| **name != crate::LayerName::Defaults).count();
    assert_eq!(not_default, loaded.origins.len(), "the example lacks a default");
}

#[test]
fn example_with_all_keys_loads_without_warnings() {
    let mut sandbox = Sandbox::new().with_home(with_all_keys());
    sandbox.invocation.profile = Some("draft".to_owned());
    let loaded = sandbox.load();
    assert_eq!(sandbox.show(&loaded.warnings), "");
    assert_eq!(loaded.config.images.detail, crate::Detail::Low);
    let generalize = |key: &String| {
        let chosen = [".studio.", ".gpt-image-2.", "./home/me/pictures."];
        chosen.iter().fold(key.clone(), |key, name| key.replace(name, ".*."))
    };
    let mut origins: BTreeSet<String> = loaded.origins.keys().map(generalize).collect();
    assert_eq!(origins.len(), loaded.origins.len());
    let named =
        ["model_providers.*.http_headers.", "model_providers.*.env_http_headers.", "model_providers.*.query_params."];
    origins.retain(|key| !known().contains(key) && !named.iter().any(|section| key.starts_with(section)));
    assert_eq!(origins, BTreeSet::new());
}

#[test]
fn example_states_the_range_of_every_number() {
    for key in KEYS {
        let Kind::Number(low, high) = key.kind else { continue };
        let name = key.path.rsplit('.').next().unwrap();
        let lines: Vec<&str> = EXAMPLE.lines().collect();
        let is_key = |line: &str| line.trim_start_matches('#').starts_with(&format!("{name} ="));
        let mut comments = lines.iter().enumerate().filter(|(_, line)| is_key(line)).map(|(at, _)| {
            lines[..at].iter().rev().take_while(|line| line.starts_with("# ")).copied().collect::<String>()
        });
        let is_stated =
            comments.any(|comment| comment.contains(&low.to_string()) && comment.contains(&high.to_string()));
        assert!(is_stated, "{}", key.path);
    }
}

/// Returns the comments of the example as one line, without the marks of the comments.
fn comments() -> String {
    EXAMPLE.lines().filter_map(|line| line.strip_prefix("# ")).collect::<Vec<_>>().join(" ")
}

fn paths(is_listed: impl Fn(&Key) -> bool) -> String {
    KEYS.iter().filter(|key| is_listed(key)).map(|key| key.path).collect::<Vec<_>>().join(", ")
}

#[test]
fn example_states_what_a_project_may_set() {
    let comments = comments();
    let strict = [ProjectAccess::IfStricter, ProjectAccess::IfTrustedOrStricter];
    let trusted = [ProjectAccess::IfTrusted, ProjectAccess::IfTrustedOrStricter];
    for sentence in [
        format!("may only make these stricter: {}.", paths(|key| strict.contains(&key.project))),
        format!("it may set these to any value: {}.", paths(|key| trusted.contains(&key.project))),
    ] {
        assert!(comments.contains(&sentence), "config.example.toml must state: {sentence}");
    }
}

#[test]
fn example_states_that_secret_values_are_hidden() {
    let lines: Vec<&str> = EXAMPLE.lines().collect();
    for key in KEYS.iter().filter(|key| key.is_secret) {
        let name = key.path.trim_end_matches(".*").rsplit('.').next().unwrap();
        let at = lines.iter().position(|line| line.trim_start_matches('#').starts_with(&format!("{name} ="))).unwrap();
        let comment: Vec<_> = lines[..at].iter().rev().take_while(|line| line.starts_with("# ")).collect();
        assert!(comment.iter().any(|line| line.contains("shown as \"***\"")), "{}: {comment:?}", key.path);
    }
}
