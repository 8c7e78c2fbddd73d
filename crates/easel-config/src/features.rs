//! The features as data: what can be switched, how ripe it is, and what it means.

use serde::Serialize;

use crate::Features;

/// How ripe a feature is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Stage {
    /// Ready for everyone.
    Stable,
    /// Still being built.
    UnderDevelopment,
}

/// One switch under `[features]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Feature {
    /// The key under `features`.
    pub name: &'static str,
    /// How ripe it is.
    pub stage: Stage,
    /// What holds when no layer says otherwise.
    pub default: bool,
    /// One sentence for people.
    pub description: &'static str,
}

/// Every feature, in the order in which they are listed.
pub const FEATURES: &[Feature] = &[
    Feature {
        name: "image_generation",
        stage: Stage::Stable,
        default: true,
        description: "Kill switch: when off, no image tool of any kind is offered, on every face.",
    },
    Feature {
        name: "imagegenext",
        stage: Stage::UnderDevelopment,
        default: false,
        description: "Offer the standalone tool image_gen.imagegen to the model.",
    },
];

impl Features {
    /// Whether the feature of that name is on, or `None` when there is no such feature.
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
    fn the_table_names_every_switch_with_its_real_default() {
        for feature in FEATURES {
            assert_eq!(Features::default().is_enabled(feature.name), Some(feature.default), "{}", feature.name);
        }
        let switches = serde_json::to_value(Features::default()).unwrap();
        assert_eq!(switches.as_object().unwrap().len(), FEATURES.len());
        assert_eq!(Features::default().is_enabled("plugins"), None);
    }
}
