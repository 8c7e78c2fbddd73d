//! The configuration as `config/read` answers it.

use serde_json::{Map, Value, json};

use crate::{Hidden, Layer, LayerName, Loaded};

/// The effective configuration with snake_case keys, the layers (highest precedence first) and the origin of every key
/// that a layer set, in the shape of the peer's `config/read`.
///
/// Nothing in it is secret: no key of the configuration takes a credential, and values of headers and query parameters
/// and arguments of programs, which could be one, are told as `***`. Built-in defaults are neither a layer nor an origin there.
pub fn describe(loaded: &Loaded) -> Value {
    let layers: Vec<Value> = loaded.layers.iter().rev().filter_map(layer).collect();
    let origins: Map<String, Value> = loaded
        .origins
        .iter()
        .filter_map(|(key, name)| {
            let layer = loaded.layers.iter().find(|layer| layer.name == *name)?;
            Some((key.clone(), json!({ "name": source(name)?, "version": layer.version })))
        })
        .collect();
    json!({ "config": loaded.config, "layers": layers, "origins": origins })
}

/// The first of these keys of the home file for which a stronger layer says something else, in the shape of the peer's
/// `overriddenMetadata`.
pub fn overridden(loaded: &Loaded, keys: &[Vec<String>]) -> Option<Value> {
    let (names, name) = keys.iter().find_map(|names| {
        let name = loaded.origins.get(&names.join("."))?;
        (!matches!(name, LayerName::Home { .. })).then_some((names, name))
    })?;
    let layer = loaded.layers.iter().find(|layer| layer.name == *name)?;
    let effective = json!(loaded.config);
    let effective = names.iter().try_fold(&effective, |table, name| table.get(name));
    Some(json!({
        "message": format!("`{}` {} says something else, which holds.", names.join("."), name.place()),
        "overridingLayer": { "name": source(name)?, "version": layer.version },
        "effectiveValue": effective,
    }))
}

fn layer(layer: &Layer) -> Option<Value> {
    Some(json!({ "config": hidden(&layer.config), "name": source(&layer.name)?, "version": layer.version }))
}

/// What the layer sets, without the values that may be secret.
fn hidden(config: &Map<String, Value>) -> Map<String, Value> {
    let mut config = config.clone();
    let providers = config.get_mut("model_providers").and_then(Value::as_object_mut);
    for provider in providers.into_iter().flat_map(Map::values_mut) {
        for section in ["http_headers", "query_params"] {
            let values = provider.get_mut(section).and_then(Value::as_object_mut);
            values.into_iter().flat_map(Map::values_mut).for_each(|value| *value = Hidden::SHOWN.into());
        }
        let arguments = provider.get_mut("auth").and_then(|auth| auth.get_mut("args")).and_then(Value::as_array_mut);
        arguments.into_iter().flatten().for_each(|argument| *argument = Hidden::SHOWN.into());
    }
    config
}

/// The peer knows no layers of their own for environment, switches and thread: to it, all are flags of the session.
fn source(name: &LayerName) -> Option<Value> {
    match name {
        LayerName::Defaults => None,
        LayerName::Home { file } => Some(json!({ "type": "user", "file": file.to_string_lossy() })),
        LayerName::Profile { file, name } => {
            Some(json!({ "type": "user", "file": file.to_string_lossy(), "profile": name }))
        }
        LayerName::Project { folder, .. } => {
            Some(json!({ "type": "project", "dotCodexFolder": folder.to_string_lossy() }))
        }
        LayerName::Environment | LayerName::CommandLine | LayerName::Switches | LayerName::Thread => {
            Some(json!({ "type": "sessionFlags" }))
        }
    }
}
