//! `easel login` and `easel logout`. The key is read from standard input and never printed.

use std::error::Error;
use std::io::{IsTerminal, Read};

use easel_config::{Environment, Invocation, Loader};
use rpassword::prompt_password;
use secrecy::{ExposeSecret, SecretString};
use tokio::task::spawn_blocking;

use crate::commands::{Interrupted, print, report};
use crate::credentials::{Account, KeySource, LoginStore, Origin, SavedKey};
use crate::os::TerminalModes;
use crate::providers::api_origin;

/// Maximum number of bytes that are read from standard input. A key has a few hundred.
const MAX_INPUT_LEN: u64 = 16 * 1024;

/// Stores the API key from the terminal or from standard input.
///
/// # Errors
/// If the input is not an API key, or it cannot be stored.
pub(crate) fn log_in(environment: &Environment, invocation: Invocation) -> Result<(), Box<dyn Error>> {
    let key = read_key()?;
    let (account, origin) = open_account(environment, invocation)?;
    let SavedKey { location, fallback_reason } = account.log_in(key.expose_secret(), origin.clone())?;
    if let Some(error) = fallback_reason {
        report(&error.to_string());
    }
    print(&format!("The key is stored in {}. Easel sends it only to {origin}.", location.name()))?;
    Ok(())
}

/// Reads the key: without an echo from a terminal, else from standard input.
fn read_key() -> Result<SecretString, Box<dyn Error>> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        return ask_for_key();
    }
    let mut key = String::new();
    stdin.lock().take(MAX_INPUT_LEN).read_to_string(&mut key).map_err(|_| "standard input is not text")?;
    Ok(key.into())
}

/// Asks for the key on the terminal, which does not show it. After Ctrl-C it shows again what is typed.
fn ask_for_key() -> Result<SecretString, Box<dyn Error>> {
    let modes = TerminalModes::current();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let answer = runtime.block_on(async {
        tokio::select! {
            biased;
            interrupted = tokio::signal::ctrl_c() => Err(interrupted),
            answer = async { spawn_blocking(|| prompt_password("API key (not shown): ")).await } => Ok(answer),
        }
    });
    // The thread still reads after Ctrl-C.
    runtime.shutdown_background();
    match answer {
        Ok(key) => Ok(key?.map_err(|error| format!("the key cannot be read from the terminal: {error}"))?.into()),
        Err(interrupted) => {
            modes.restore();
            interrupted?;
            Err(Interrupted("no key was stored".to_owned()).into())
        }
    }
}

/// Prints where the API key comes from.
///
/// # Errors
/// If there is no key for the configured origin.
pub(crate) fn show_status(environment: &Environment, invocation: Invocation) -> Result<(), Box<dyn Error>> {
    let (account, origin) = open_account(environment, invocation)?;
    // Requests make the same check.
    account.check_key(&origin)?;
    let source = account.key_source().map(KeySource::name).unwrap_or_default();
    print(&format!("Logged in with an API key for {origin}; it comes from {source}."))?;
    Ok(())
}

/// Removes the stored API key.
///
/// # Errors
/// If it cannot be removed.
pub(crate) fn log_out(environment: &Environment, invocation: Invocation) -> Result<(), Box<dyn Error>> {
    let (account, _) = open_account(environment, invocation)?;
    print(if account.log_out()? { "The stored key was removed." } else { "There was no stored key." })?;
    if let Some(source) = account.key_source() {
        report(&format!("a key is still in use: it comes from {}", source.name()));
    }
    Ok(())
}

/// Opens the account. Returns it with the origin that its key is sent to.
fn open_account(environment: &Environment, invocation: Invocation) -> Result<(Account, Origin), Box<dyn Error>> {
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
