//! The bundled chat models, and those that a provider lists.

use easel_protocol::model::{InputModality, Model, ReasoningEffortOption};

/// The reasoning efforts and their descriptions, from the least to the greatest.
const EFFORTS: [(&str, &str); 5] = [
    ("low", "Answers fast."),
    ("medium", "Balances speed and depth."),
    ("high", "Thinks longer."),
    ("xhigh", "Thinks longer still."),
    ("max", "Thinks longest."),
];

/// Models whose efforts are known from the list of the Codex app-server 0.169.0: the greatest effort, and the default.
/// Its effort `ultra` is left out, because it also hands work to other agents.
const KNOWN_EFFORTS: [(&str, &str, &str); 9] = [
    ("gpt-6.1-sol", "max", "low"),
    ("gpt-6.1-terra", "max", "low"),
    ("gpt-6-astra", "max", "low"),
    ("gpt-6-sol", "max", "medium"),
    ("gpt-6-luna", "max", "medium"),
    ("gpt-5.6-sol", "max", "low"),
    ("gpt-5.6-terra", "max", "medium"),
    ("gpt-5.6-luna", "max", "medium"),
    ("gpt-5.5", "xhigh", "medium"),
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
    let (efforts, default_effort) = efforts_of(id);
    Model {
        id: id.to_owned(),
        model: id.to_owned(),
        display_name: name.to_owned(),
        description: String::new(),
        hidden: false,
        supported_reasoning_efforts: efforts,
        default_reasoning_effort: default_effort.to_owned(),
        input_modalities: vec![InputModality::Text, InputModality::Image],
        is_default: id == default,
    }
}

/// Returns the efforts of a model and its default. For an unknown model the list is empty, and the default is a guess,
/// because clients require one.
fn efforts_of(id: &str) -> (Vec<ReasoningEffortOption>, &'static str) {
    let Some((_, greatest, default)) = KNOWN_EFFORTS.iter().find(|(known, ..)| *known == id) else {
        return (Vec::new(), "medium");
    };
    let count = EFFORTS.iter().position(|(effort, _)| effort == greatest).map_or(0, |at| at + 1);
    let options = EFFORTS[..count].iter().map(|(effort, description)| ReasoningEffortOption {
        reasoning_effort: (*effort).to_owned(),
        description: (*description).to_owned(),
    });
    (options.collect(), default)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn efforts_are_listed_for_known_models_only() {
        let efforts = |id| {
            let (options, default) = efforts_of(id);
            (options.into_iter().map(|option| option.reasoning_effort).collect::<Vec<_>>().join(" "), default)
        };
        assert_eq!(efforts("gpt-5.5"), ("low medium high xhigh".to_owned(), "medium"));
        assert_eq!(efforts("gpt-6.1-sol"), ("low medium high xhigh max".to_owned(), "low"));
        assert_eq!(efforts("llama"), (String::new(), "medium"));
    }
}
