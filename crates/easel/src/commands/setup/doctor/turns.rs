//! Checks of what a turn would use: credential, model and image tool.

use easel_config::Config;
use easel_imagegen::gate::{self, Decision};
use easel_imagegen::spec;
use easel_protocol::tool::{HeldBackReason, ToolExposure};

use super::check::Check;
use crate::credentials::Account;
use crate::providers::AnyProvider;

/// The name of the check of the credential.
pub(super) const CREDENTIAL: &str = "credential";

/// Checks that the provider has a credential, if it needs one, and says where it comes from.
pub(super) async fn check_credential(provider: &AnyProvider, account: &Account) -> Check {
    const NAME: &str = CREDENTIAL;
    if provider.unavailable_reason().is_some() {
        return Check::skipped(NAME, "The provider cannot be used.");
    }
    if let Err(error) = provider.check_credential().await {
        return Check::from_error(NAME, &error.to_string(), provider.credential_remedy());
    }
    if let Some(problem) = account.problem(None) {
        return Check::warning(NAME, problem, "Log in again: easel login --with-api-key");
    }
    match provider.credential_source() {
        Some(source) => Check::ok(NAME, format!("It comes from {source}.")),
        None => Check::ok(NAME, "None is needed."),
    }
}

/// Checks that the provider lists the model.
pub(super) fn check_model(model: &str, listed: &[String]) -> Check {
    const NAME: &str = "model";
    if model.is_empty() {
        return Check::failed(NAME, "No model is set.", "Set `model` in config.toml.");
    }
    if listed.is_empty() || listed.iter().any(|listed| listed == model) {
        return Check::ok(NAME, format!("`{model}`."));
    }
    let end = easel_config::did_you_mean(easel_config::closest(model, listed.iter().map(String::as_str)));
    Check::warning(NAME, format!("The provider does not list `{model}`{end}"), "Set `model` in config.toml.")
}

/// Says which image tool a turn offers, or why it offers none. Without a login that is not known.
pub(super) fn check_tool(decision: &Decision, config: &Config, has_no_credential: bool) -> Check {
    const NAME: &str = "image tool";
    let describe =
        |reasons: &[HeldBackReason]| reasons.iter().map(|reason| gate::describe(*reason)).collect::<Vec<_>>().join(" ");
    match decision.exposure {
        ToolExposure::Standalone => Check::ok(NAME, format!("Turns offer {}.", spec::STANDALONE_NAME)),
        ToolExposure::Hosted => {
            let reasons = describe(&decision.standalone_held_back);
            let finding = format!("Turns offer the provider's hosted tool {}.", spec::HOSTED_NAME);
            Check::ok(NAME, format!("{finding} {reasons}"))
        }
        ToolExposure::None => {
            // The reasons that hold back both come first in both lists.
            match decision.standalone_held_back.as_slice() {
                _ if !config.features.image_generation => Check::failed(
                    NAME,
                    gate::describe(HeldBackReason::ImageGenerationOff),
                    "Remove `image_generation = false`, or pass --enable image_generation.",
                ),
                [HeldBackReason::ImagegenextOff] => Check::failed(
                    NAME,
                    "Turns offer none: the feature `imagegenext` is off.",
                    "Set `features.imagegenext = true` in config.toml.",
                ),
                // A login decides the kind of credential, which other keys have even if they are not set.
                [HeldBackReason::AuthNotEligible, ..] if has_no_credential => {
                    Check::skipped(NAME, "There is no credential to choose it by.")
                }
                reasons => {
                    let finding = format!("Turns offer none. {}", describe(reasons));
                    Check::failed(NAME, finding, "Choose a provider or model that can.")
                }
            }
        }
    }
}
