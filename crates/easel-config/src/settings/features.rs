//! `[features]`: features that can be switched.

use serde::{Deserialize, Serialize};

/// `[features]`: whether each feature is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Features {
    /// The kill switch: if off, no image tool is offered to any model.
    pub image_generation: bool,
    /// Whether the standalone tool `image_gen.imagegen` is offered to the model.
    pub imagegenext: bool,
}

impl Default for Features {
    fn default() -> Self {
        Self { image_generation: true, imagegenext: false }
    }
}

/// A feature that can be switched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Feature {
    /// The key under `features`.
    pub name: &'static str,
    /// Whether it is ready for everyone. Otherwise it is under development.
    pub is_stable: bool,
    /// Whether it is on if no layer sets it.
    pub default: bool,
    /// One sentence for people.
    pub description: &'static str,
}

/// All features, in the order in which they are listed.
pub const FEATURES: &[Feature] = &[
    Feature {
        name: "image_generation",
        is_stable: true,
        default: true,
        description: "Kill switch: turns off all image tools, for every client.",
    },
    Feature {
        name: "imagegenext",
        is_stable: false,
        default: false,
        description: "Offer the standalone tool image_gen.imagegen to the model.",
    },
];

impl Features {
    /// Returns whether the feature is on, or `None` if there is no feature with this name.
    pub fn is_enabled(&self, name: &str) -> Option<bool> {
        match name {
            "image_generation" => Some(self.image_generation),
            "imagegenext" => Some(self.imagegenext),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_lists_every_feature_with_its_default() {
        for feature in FEATURES {
            assert_eq!(Features::default().is_enabled(feature.name), Some(feature.default), "{}", feature.name);
        }
        let fields = serde_json::to_value(Features::default()).unwrap();
        assert_eq!(fields.as_object().unwrap().len(), FEATURES.len());
        assert_eq!(Features::default().is_enabled("plugins"), None);
    }
}
