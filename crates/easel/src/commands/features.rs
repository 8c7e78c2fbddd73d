//! `easel features list`

use std::error::Error;

use easel_config::{Environment, FEATURES, Invocation, Loader};

use super::{print, report};

pub(crate) fn list(environment: Environment, invocation: Invocation) -> Result<(), Box<dyn Error>> {
    let home = easel_config::home(&environment)?;
    let loaded = Loader::new(environment, home, invocation).load();
    for warning in &loaded.warnings {
        report(&warning.to_string());
    }
    for feature in FEATURES {
        let stage = if feature.is_stable { "stable" } else { "under development" };
        let on = loaded.config.features.is_enabled(feature.name).unwrap_or(feature.default);
        let state = if on { "on" } else { "off" };
        print(&format!("{:<18} {stage:<18} {state:<4} {}", feature.name, feature.description))?;
    }
    if loaded.warnings.is_empty() { Ok(()) } else { Err("the configuration has the problems named above".into()) }
}
