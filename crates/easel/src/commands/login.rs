//! `easel login` and `easel logout`. The key passes through standard input and is never shown.

use std::error::Error;
use std::io::{IsTerminal, Read};

use easel_config::Environment;

use super::{print, report};
use crate::credentials::{ACCOUNT_ORIGIN, Account};

/// Bytes that are read of standard input; a key has a few hundred.
const LONGEST_INPUT: u64 = 16 * 1024;

type Failure = Box<dyn Error>;

pub(crate) fn with_api_key(environment: &Environment) -> Result<(), Failure> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        report("type or paste the key, then Enter and Ctrl-D; better: easel login --with-api-key < FILE");
    }
    let mut key = String::new();
    stdin.lock().take(LONGEST_INPUT).read_to_string(&mut key).map_err(|_| "standard input is not text")?;
    account(environment)?.log_in(&key)?;
    print(&format!("The key is stored. It is sent to {ACCOUNT_ORIGIN} and nowhere else."))?;
    Ok(())
}

pub(crate) fn status(environment: &Environment) -> Result<(), Failure> {
    let source =
        account(environment)?.source().ok_or("there is no API key: `easel login --with-api-key` stores one")?;
    print(&format!("There is an API key; it comes from {}.", source.place()))?;
    Ok(())
}

pub(crate) fn out(environment: &Environment) -> Result<(), Failure> {
    let account = account(environment)?;
    let said = if account.log_out()? { "The stored key is removed." } else { "There was no stored key." };
    print(said)?;
    if let Some(source) = account.source() {
        report(&format!("a key is still in use: it comes from {}", source.place()));
    }
    Ok(())
}

fn account(environment: &Environment) -> Result<Account, Failure> {
    let home = easel_config::home(environment)?;
    easel_config::create_home(&home)?;
    let (account, problem) = Account::open(environment, home);
    if let Some(problem) = problem {
        report(&problem.to_string());
    }
    Ok(account)
}
