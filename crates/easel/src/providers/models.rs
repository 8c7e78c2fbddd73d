//! The bundled chat models, and those that a provider lists.

use easel_protocol::model::{InputModality, Model, ReasoningEffortOption};

/// The reasoning efforts and their descriptions.
const EFFORTS: [(&str, &str); 4] = [
    ("low", "Answers fast."),
    ("medium", "Balances speed and depth."),
    ("high", "Thinks longer."),
    ("xhigh", "Thinks longest."),
];

/// Ids and display names. The first is the default.
const BUNDLED: [(&str, &str); 1] = [("gpt-5.5", "GPT-5.5")];

/// Returns the bundled models and, before them, the configured one if it is not bundled. Every configured model is
/// assumed to read images, because the user chose it.
pub(super) fn bundled_models(configured: Option<&str>) -> Vec<Model> {
    let custom = configured.filter(|custom| BUNDLED.iter().all(|(id, _)| id != custom)).map(|custom| (custom, custom));
    let named = custom.into_iter().chain(BUNDLED);
    let default = configured.unwrap_or(BUNDLED[0].0);
    named.map(|(id, name)| new_model(id, name, default)).collect()
}

/// Returns the bundled models, then the others that the provider lists.
pub(super) fn merge_listed(bundled: &[Model], listed: &[String]) -> Vec<Model> {
    let unknown = listed.iter().filter(|id| bundled.iter().all(|model| model.model != **id));
    bundled.iter().cloned().chain(unknown.map(|id| new_model(id, id, ""))).collect()
}

fn new_model(id: &str, name: &str, default: &str) -> Model {
    Model {
        id: id.to_owned(),
        model: id.to_owned(),
        display_name: name.to_owned(),
        description: String::new(),
        hidden: false,
        supported_reasoning_efforts: EFFORTS
            .map(|(effort, description)| ReasoningEffortOption {
                reasoning_effort: effort.to_owned(),
                description: description.to_owned(),
            })
            .into(),
        default_reasoning_effort: "medium".to_owned(),
        input_modalities: vec![InputModality::Text, InputModality::Image],
        is_default: id == default,
    }
}
