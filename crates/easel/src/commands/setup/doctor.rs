//! `easel doctor`: finds out whether images can be made, and if not, why. It sends no request that is billed.

mod check;
mod home;
mod network;
mod turns;

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;

use easel_config::{Environment, Invocation, Loader, Warning};
use easel_imagegen::port::Provider;
use serde_json::{Map, json};

use crate::commands::print;
use crate::credentials::{Account, LoginStore};
use crate::providers::{Providers, default_model};
use crate::settings::derive_thread_config;
use check::{Check, Status};

/// Prints the checks, one a line, or all as one JSON object.
///
/// # Errors
/// If a check fails.
pub(crate) fn run(environment: &Environment, invocation: Invocation, json: bool) -> Result<(), Box<dyn Error>> {
    let home = easel_config::home(environment)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let checks = runtime.block_on(check_all(environment, invocation, home));
    let failed = checks.iter().filter(|check| check.status == Status::Failed).count();
    if json {
        print(&json!({ "ok": failed == 0, "version": env!("CARGO_PKG_VERSION"), "checks": checks }).to_string())?;
    } else {
        checks.iter().try_for_each(|check| print(&check.to_line()))?;
    }
    match failed {
        0 => Ok(()),
        1 => Err("one check failed".into()),
        count => Err(format!("{count} checks failed").into()),
    }
}

async fn check_all(environment: &Environment, invocation: Invocation, home: PathBuf) -> Vec<Check> {
    let home_check = home::check_home(&home);
    if home_check.status == Status::Failed {
        // Whatever else would fail is a consequence.
        return vec![home_check, Check::skipped("others", "Nothing else can be checked without a home.")];
    }
    let mut checks = vec![home_check, home::check_disk(&home), home::check_database(&home).await];
    let loader = Loader::new(environment.clone(), home.clone(), invocation);
    let loaded = loader.load();
    let project = loader.load_for_thread(&environment.cwd, &Map::new());
    checks.push(check_config(&[loaded.warnings, project.warnings].concat()));

    let config = loaded.config;
    let store = LoginStore::new(home.clone(), config.cli_auth_credentials_store);
    let account = Arc::new(Account::open(environment, store));
    let providers = Providers::new(environment.clone(), home, Arc::clone(&account));
    let provider = providers.get(providers.default_id(&config), &config);
    let members = provider.members();
    for member in &members {
        let of_member = [
            turns::check_credential(member, &account).await,
            network::check_proxy(member).await,
            network::check_certificates(environment, member),
        ];
        let is_only = members.len() == 1;
        checks.extend(of_member.map(|check| if is_only { check } else { check.about(&member.info().id) }));
    }
    let mut listed = None;
    for member in &members {
        let (check, models) = network::check_provider(member).await;
        checks.push(check);
        // The first one answers.
        listed.get_or_insert(models);
    }
    if provider.unavailable_reason().is_none() {
        let model = default_model(provider.info(), &config);
        let has_chat_model = members.first().is_some_and(|own| own.has_chat_model());
        checks.push(if has_chat_model {
            turns::check_model(&model, &listed.unwrap_or_default())
        } else {
            Check::ok("model", "The provider has none that answers; the built-in rule passes on the words of a turn.")
        });
        let decision = derive_thread_config(&config).choose_tool(&*provider, &model);
        let has_no_credential =
            checks.iter().any(|check| check.name == turns::CREDENTIAL && check.status == Status::Failed);
        checks.push(turns::check_tool(&decision, &config, has_no_credential));
    }
    checks
}

fn check_config(warnings: &[Warning]) -> Check {
    const NAME: &str = "config";
    let Some(worst) = warnings.iter().find(|warning| warning.is_whole_file).or(warnings.first()) else {
        return Check::ok(NAME, "It has no problems.");
    };
    let count = if warnings.len() > 1 { format!(" (1 of {})", warnings.len()) } else { String::new() };
    let finding = format!("{worst}{count}");
    if worst.is_whole_file {
        Check::failed(NAME, finding, "Mend the file. `easel config check` names every problem.")
    } else {
        Check::warning(NAME, finding, "See `easel config check`.")
    }
}
