use std::collections::BTreeSet;

use serde_json::Value;

use super::Desk;
use crate::{Config, KEYS, ProviderConfig};

const EXAMPLE: &str = include_str!("../../../../config.example.toml");

/// The example with its keys without a default switched on: "#" followed by no space.
fn with_all_keys() -> String {
    let line = |line: &'static str| match line.strip_prefix('#') {
        Some(key) if !key.is_empty() && !key.starts_with(' ') => key,
        Some(_) | None => line,
    };
    EXAMPLE.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// Dotted keys of everything that is not a table, with `*` for names that the user chose.
fn keys_of(value: &Value, path: &str, keys: &mut BTreeSet<String>) {
    let Value::Object(table) = value else {
        keys.insert(path.to_owned());
        return;
    };
    for (name, value) in table {
        let chosen = ["prices", "projects", "model_providers", "http_headers", "env_http_headers", "query_params"];
        let name = if chosen.contains(&path.rsplit('.').next().unwrap()) { "*" } else { name };
        let below = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        keys_of(value, &below, keys);
    }
}

fn known() -> BTreeSet<String> {
    KEYS.iter().map(|key| key.path.to_owned()).collect()
}

#[test]
fn the_table_of_keys_is_the_fields_of_the_types() {
    let mut config = Config::default();
    let studio = ProviderConfig {
        http_headers: [("a".to_owned(), "b".into())].into(),
        env_http_headers: [("a".to_owned(), "b".to_owned())].into(),
        query_params: [("a".to_owned(), "b".into())].into(),
        ..ProviderConfig::default()
    };
    config.model_providers.insert("studio".to_owned(), studio);
    config.prices.insert("gpt-image-2".to_owned(), crate::Price::default());
    config.projects.insert("/home/me/project".to_owned(), crate::Project::default());
    let mut keys = BTreeSet::new();
    keys_of(&serde_json::to_value(&config).unwrap(), "", &mut keys);
    assert_eq!(keys, known(), "a key needs a field in settings.rs and a row in keys.rs");
}

#[test]
fn the_example_documents_every_key_and_no_other() {
    let table: toml::Table = with_all_keys().parse().unwrap();
    let mut documented = serde_json::to_value(table).unwrap();
    documented.as_object_mut().unwrap().remove("profiles");
    let mut keys = BTreeSet::new();
    keys_of(&documented, "", &mut keys);
    assert_eq!(keys, known(), "every row of keys.rs stands in config.example.toml");
}

#[test]
fn the_example_as_it_is_says_the_defaults() {
    let loaded = Desk::new().with_home(EXAMPLE).load();
    assert_eq!(loaded.warnings, []);
    assert_eq!(loaded.config, Config::default());
    let given = loaded.origins.values().filter(|name| **name != crate::LayerName::Defaults).count();
    assert_eq!(given, loaded.origins.len(), "every default stands in the example");
}

#[test]
fn the_example_with_all_keys_and_its_profile_is_good_and_every_value_survives_the_merge() {
    let mut desk = Desk::new().with_home(with_all_keys());
    desk.invocation.profile = Some("draft".to_owned());
    let loaded = desk.load();
    assert_eq!(desk.shown(&loaded.warnings), "");
    assert_eq!(loaded.config.images.detail, crate::Detail::Low);
    let general = |key: &String| {
        let chosen = [".studio.", ".gpt-image-2.", "./home/me/pictures."];
        chosen.iter().fold(key.clone(), |key, name| key.replace(name, ".*."))
    };
    let mut origins: BTreeSet<String> = loaded.origins.keys().map(general).collect();
    assert_eq!(origins.len(), loaded.origins.len());
    let named =
        ["model_providers.*.http_headers.", "model_providers.*.env_http_headers.", "model_providers.*.query_params."];
    origins.retain(|key| !known().contains(key) && !named.iter().any(|section| key.starts_with(section)));
    assert_eq!(origins, BTreeSet::new());
}

#[test]
fn the_example_tells_the_limits_of_every_number() {
    for key in KEYS {
        let crate::Kind::Number(low, high) = key.kind else { continue };
        let name = key.path.rsplit('.').next().unwrap();
        let lines: Vec<&str> = EXAMPLE.lines().collect();
        let is_key = |line: &str| line.trim_start_matches('#').starts_with(&format!("{name} ="));
        let mut comments = lines.iter().enumerate().filter(|(_, line)| is_key(line)).map(|(at, _)| {
            lines[..at].iter().rev().take_while(|line| line.starts_with("# ")).copied().collect::<String>()
        });
        let told = comments.any(|comment| comment.contains(&low.to_string()) && comment.contains(&high.to_string()));
        assert!(told, "{}", key.path);
    }
}
