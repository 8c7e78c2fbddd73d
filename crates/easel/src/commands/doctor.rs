//! `easel doctor`: finds out whether images can be made, and if not, why. It sends no request that is billed.

mod check;
mod home;
mod network;
mod turns;

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;

use easel_config::{Environment, Invocation, Loader};
use easel_imagegen::port::Provider;
use reqwest::Url;
use serde_json::json;

use super::print;
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
    let remedy = "See `easel config check`.";
    checks.push(match loaded.warnings.as_slice() {
        [] => Check::ok("config", "It has no problems."),
        [warning] => Check::failed("config", warning.to_string(), remedy),
        [warning, ..] => Check::failed("config", format!("{warning} (1 of {})", loaded.warnings.len()), remedy),
    });

    let config = loaded.config;
    let store = LoginStore::new(home.clone(), config.cli_auth_credentials_store);
    let account = Arc::new(Account::open(environment, store));
    let providers = Providers::new(environment.clone(), home, Arc::clone(&account));
    let provider = providers.get(providers.default_id(&config), &config);
    let base = provider.info().base_url.as_deref().and_then(|url| Url::parse(url).ok());
    for member in provider.members() {
        checks.push(turns::check_credential(member, &account).await);
    }
    checks.push(network::check_proxy(environment, base.as_ref()).await);
    checks.push(network::check_certificates(environment, base.as_ref()));
    let mut listed = None;
    for member in provider.members() {
        let (check, models) = network::check_provider(member).await;
        checks.push(check);
        // The first one answers.
        listed.get_or_insert(models);
    }
    if provider.unavailable_reason().is_none() {
        let model = default_model(provider.info(), &config);
        checks.push(turns::check_model(&model, &listed.unwrap_or_default()));
        let decision = derive_thread_config(&config).choose_tool(&*provider, &model);
        checks.push(turns::check_tool(&decision, &config));
    }
    checks
}
