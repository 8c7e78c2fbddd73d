//! `easel login` and `easel logout`. The key passes through standard input and is never shown.

use std::error::Error;
use std::io::{IsTerminal, Read};

use easel_config::{Environment, Invocation, Loader};

use super::{print, report};
use crate::credentials::store::{Kept, LoginStore};
use crate::credentials::{Account, KeySource, Origin};
use crate::providers::api_origin;

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
    let (account, origin) = account(environment, invocation)?;
    let Kept { place, instead } = account.log_in(&key, origin.clone())?;
    if let Some(error) = instead {
        report(&error.to_string());
    }
    print(&format!("The key is stored in {}. It is sent to {origin} and nowhere else.", place.name()))?;
    Ok(())
}

pub(crate) fn status(environment: &Environment, invocation: Invocation) -> Result<(), Failure> {
    let (account, origin) = account(environment, invocation)?;
    // What a request would say, and which origin it would go to.
    account.check(&origin)?;
    let place = account.source().map(KeySource::place).unwrap_or_default();
    print(&format!("Logged in with an API key for {origin}; it comes from {place}."))?;
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

/// The account, and the origin that its key goes to with this configuration.
fn account(environment: &Environment, invocation: Invocation) -> Result<(Account, Origin), Failure> {
    let home = easel_config::home(environment)?;
    easel_config::create_home(&home)?;
    let config = Loader::new(environment.clone(), home.clone(), invocation).load().config;
    let store = LoginStore::new(home, config.cli_auth_credentials_store);
    let account = Account::open(environment, store);
    if let Some(problem) = account.problem(None) {
        report(&problem);
    }
    Ok((account, api_origin(&config)?))
}
