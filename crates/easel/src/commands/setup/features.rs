//! `easel features list`

use std::error::Error;

use easel_config::{Environment, FEATURES, Invocation, Loader};

use crate::commands::{print, report};

/// Prints the features and whether they are on.
///
/// # Errors
/// If the configuration has problems, which are printed too.
pub(crate) fn list(environment: Environment, invocation: Invocation) -> Result<(), Box<dyn Error>> {
    let home = easel_config::home(&environment)?;
    let loaded = Loader::new(environment, home, invocation).load();
    for warning in &loaded.warnings {
        report(&warning.to_string());
    }
    for feature in FEATURES {
        let stage = if feature.is_stable { "stable" } else { "under development" };
        let is_on = loaded.config.features.is_enabled(feature.name).unwrap_or(feature.default);
        let state = if is_on { "on" } else { "off" };
        print(&format!("{:<18} {stage:<18} {state:<4} {}", feature.name, feature.description))?;
    }
    match loaded.warnings.len() {
        0 => Ok(()),
        1 => Err("the configuration has a problem; see the message on stderr".into()),
        count => Err(format!("the configuration has {count} problems; see the messages on stderr").into()),
    }
}
