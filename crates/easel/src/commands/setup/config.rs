//! `easel config check`: every problem of the configuration, of the file and of what it names.

use std::error::Error;

use easel_config::{Environment, Invocation, Loaded, Loader};

use crate::commands::{print, report};
use crate::credentials::{Account, LoginStore};
use crate::providers::{Providers, provider_ids};

/// Fails if a file of the configuration or an option of the command line has a problem, for a command that costs money:
/// what has a problem is ignored, and it may be a limit. Prints the problems to stderr.
///
/// # Errors
/// If there is a problem.
pub(crate) fn require_no_problem(environment: &Environment, invocation: &Invocation) -> Result<(), Box<dyn Error>> {
    let home = easel_config::home(environment)?;
    let loader = Loader::new(environment.clone(), home, invocation.clone());
    print_problems(&load(&loader, environment).1)
}

/// Loads the configuration, and returns it with the problems of all its layers.
fn load(loader: &Loader, environment: &Environment) -> (Loaded, Vec<String>) {
    let loaded = loader.load();
    let project = loader.load_for_thread(&environment.cwd, &serde_json::Map::new());
    let problems = loaded.warnings.iter().chain(&project.warnings).map(ToString::to_string).collect();
    (loaded, problems)
}

fn print_problems(problems: &[String]) -> Result<(), Box<dyn Error>> {
    for problem in problems {
        report(problem);
    }
    match problems.len() {
        0 => Ok(()),
        1 => Err("the configuration has a problem".into()),
        count => Err(format!("the configuration has {count} problems").into()),
    }
}

/// Prints every problem of the configuration to stderr.
///
/// # Errors
/// If there is a problem.
pub(crate) fn check(environment: &Environment, invocation: Invocation) -> Result<(), Box<dyn Error>> {
    let home = easel_config::home(environment)?;
    let loader = Loader::new(environment.clone(), home.clone(), invocation);
    let (loaded, mut problems) = load(&loader, environment);
    for ignored in &loaded.ignored {
        report(&format!("note: {ignored}"));
    }
    let store = LoginStore::new(home.clone(), loaded.config.cli_auth_credentials_store);
    let account = Account::open(environment, store);
    let providers = Providers::new(environment.clone(), home, account.into());
    let mut ids = provider_ids(&loaded.config);
    for id in [&loaded.config.model_provider, &loaded.config.images.provider].into_iter().flatten() {
        if !ids.contains(&id.as_str()) {
            ids.push(id);
        }
    }
    for id in ids {
        let provider = providers.get_single(id, &loaded.config);
        problems.extend(provider.unavailable_reason().map(ToOwned::to_owned));
    }
    print_problems(&problems)?;
    let file = loader.file();
    let source = if file.exists() { file.display().to_string() } else { "the defaults".to_owned() };
    Ok(print(&format!("The configuration has no problems ({source})."))?)
}
