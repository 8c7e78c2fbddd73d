//! Maps the configuration to the protocol: `config/read`, and the report of an overridden key after a write.

use easel_config::{Layer, LayerName, Loaded, Override};
use easel_protocol::configuration::{
    ConfigLayer, ConfigLayerMetadata, ConfigLayerSource, ConfigReadResponse, OverriddenMetadata,
};

use crate::requests::RequestError;

/// Describes a configuration: its values, the layers (highest precedence first) if they are included, and the origin of
/// each key. Values that may be secret are `***`.
///
/// # Errors
/// [`RequestError::Description`] if the configuration cannot be serialized, which is a bug in Easel.
pub(super) fn describe(loaded: &Loaded, include_layers: bool) -> Result<ConfigReadResponse, RequestError> {
    let config = serde_json::to_value(&loaded.config).and_then(serde_json::from_value);
    let origins = loaded.origins.iter().filter_map(|(key, name)| {
        let layer = loaded.layer(name)?;
        Some((key.clone(), to_metadata(layer)?))
    });
    let layers = || loaded.layers.iter().rev().filter_map(to_config_layer).collect();
    Ok(ConfigReadResponse {
        config: config.map_err(RequestError::Description)?,
        origins: origins.collect(),
        layers: include_layers.then(layers),
    })
}

/// Describes the layer that overrides a written key.
pub(super) fn to_overridden_metadata(overridden: Override) -> Option<OverriddenMetadata> {
    Some(OverriddenMetadata {
        message: overridden.to_string(),
        overriding_layer: to_metadata(&overridden.layer)?,
        effective_value: overridden.effective_value,
    })
}

fn to_config_layer(layer: &Layer) -> Option<ConfigLayer> {
    let ConfigLayerMetadata { name, version } = to_metadata(layer)?;
    Some(ConfigLayer { name, version, config: layer.redacted_values() })
}

fn to_metadata(layer: &Layer) -> Option<ConfigLayerMetadata> {
    Some(ConfigLayerMetadata { name: to_source(&layer.name)?, version: layer.version.clone() })
}

/// Returns the layer's source in the terms of Codex. Codex has no layer of defaults, and calls everything that is set
/// for one process or one thread "session flags".
fn to_source(name: &LayerName) -> Option<ConfigLayerSource> {
    match name {
        LayerName::Defaults => None,
        LayerName::Home { file } => {
            Some(ConfigLayerSource::User { file: file.to_string_lossy().into_owned(), profile: None })
        }
        LayerName::Profile { file, name } => {
            Some(ConfigLayerSource::User { file: file.to_string_lossy().into_owned(), profile: Some(name.clone()) })
        }
        LayerName::Project { folder, .. } => {
            Some(ConfigLayerSource::Project { dot_codex_folder: folder.to_string_lossy().into_owned() })
        }
        LayerName::Environment | LayerName::CommandLine | LayerName::RuntimeFeatures | LayerName::Thread => {
            Some(ConfigLayerSource::SessionFlags {})
        }
    }
}

#[cfg(test)]
mod tests;
