//! `easel login` and `easel logout`. The key passes through standard input and is never shown.

use std::error::Error;
use std::io::{IsTerminal, Read};

use easel_config::{Config, Environment, Invocation, Loader};

use super::{print, report};
use crate::connections::Connections;
use crate::credentials::Account;
use crate::credentials::store::{Kept, LoginStore};
use crate::provider::api_url;

/// Bytes that are read of standard input; a key has a few hundred.
const LONGEST_INPUT: u64 = 16 * 1024;

type Failure = Box<dyn Error>;

pub(crate) fn with_api_key(environment: &Environment, invocation: Invocation) -> Result<(), Failure> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        report("type or paste the key, then Enter and Ctrl-D; better: easel login --with-api-key < FILE");
    }
    let mut key = String::new();
    stdin.lock().take(LONGEST_INPUT).read_to_string(&mut key).map_err(|_| "standard input is not text")?;
    let (account, config) = account(environment, invocation)?;
    let Kept { place, instead } = account.log_in(&key)?;
    if let Some(error) = instead {
        report(&error.to_string());
    }
    print(&format!("The key is stored in {}. It is sent to {} and nowhere else.", place.name(), api_url(&config)))?;
    Ok(())
}

pub(crate) fn status(environment: &Environment, invocation: Invocation) -> Result<(), Failure> {
    let (account, config) = account(environment, invocation)?;
    let source = account.source().ok_or("nobody is logged in: `easel login --with-api-key` stores an API key")?;
    print(&format!("Logged in with an API key for {}; it comes from {}.", api_url(&config), source.place()))?;
    Ok(())
}

pub(crate) fn out(environment: &Environment, invocation: Invocation) -> Result<(), Failure> {
    let (account, _) = account(environment, invocation)?;
    let said = if account.log_out()? { "The stored key is removed." } else { "There was no stored key." };
    print(said)?;
    if let Some(source) = account.source() {
        report(&format!("a key is still in use: it comes from {}", source.place()));
    }
    Ok(())
}

fn account(environment: &Environment, invocation: Invocation) -> Result<(Account, Config), Failure> {
    let home = easel_config::home(environment)?;
    easel_config::create_home(&home)?;
    let config = Loader::new(environment.clone(), home.clone(), invocation).load().config;
    let store = LoginStore::new(home, config.cli_auth_credentials_store);
    let (account, problem) = Account::open(environment, store, Connections::default());
    if let Some(problem) = problem {
        report(&problem.to_string());
    }
    Ok((account, config))
}
