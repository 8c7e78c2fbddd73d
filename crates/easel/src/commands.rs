//! The commands that do not run a server. They print their result to stdout and everything else to stderr.

pub(crate) mod demo;
pub(crate) mod draw;
pub(crate) mod export;
#[cfg(any(feature = "acp", feature = "gallery", feature = "mcp"))]
pub(crate) mod faces;
pub(crate) mod file_format;
mod format;
pub(crate) mod manual;
pub(crate) mod schema;
pub(crate) mod setup;
pub(crate) mod stored;

use std::error::Error;
use std::io::{self, BufRead, Read, Write};
use std::path::Path;

use easel_client::ClientError;
use easel_config::Config;
use easel_rpc::code::INVALID_PARAMS;

use crate::process::terminal::escape;
use crate::providers::provider_ids;

/// Maximum length of an answer on the terminal, in bytes.
const MAX_ANSWER_LEN: u64 = 1_024;

/// The arguments are wrong, or name something that does not exist. The exit code is 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct UsageError(pub(crate) String);

/// The user stopped the command. The exit code is 130, as of a program that SIGINT ends.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Interrupted(pub(crate) String);

/// Returns a path as text, for a request, since JSON has no other strings.
///
/// # Errors
/// If the path is not UTF-8.
pub(crate) fn to_utf8(path: &Path) -> Result<&str, UsageError> {
    path.to_str().ok_or_else(|| UsageError(format!("{} is not UTF-8", path.display())))
}

/// Returns an error of the server for the user of a command: without the code and the prefix of JSON-RPC, and in the
/// words of `reword`. Invalid params are wrong usage.
pub(crate) fn refusal(error: ClientError, reword: impl FnOnce(&str) -> String) -> Box<dyn Error> {
    match error {
        ClientError::Refused { code: INVALID_PARAMS, message } => {
            UsageError(reword(message.strip_prefix("Invalid params: ").unwrap_or(&message))).into()
        }
        ClientError::Refused { message, .. } => reword(&message).into(),
        error @ (ClientError::TooLong { .. } | ClientError::Closed | ClientError::Protocol(_) | ClientError::Io(_)) => {
            error.into()
        }
    }
}

/// Checks that the provider of an option exists.
pub(crate) fn require_provider(id: &str, config: &Config) -> Result<(), UsageError> {
    let known = provider_ids(config);
    // A name that cannot be one of a provider is not in the configuration.
    if known.contains(&id) {
        return Ok(());
    }
    Err(UsageError(format!("provider `{id}` does not exist; choose one of: {}", known.join(", "))))
}

/// Prints a message for the user to stderr, in one line without control sequences.
pub(crate) fn report(message: &str) {
    // There is nobody to report to if stderr is closed.
    let _ = writeln!(io::stderr(), "easel: {}", escape(message));
}

/// Asks a question on stderr, and reads the answer from standard input. Only `y` and `yes` agree.
pub(crate) fn ask(question: &str) -> io::Result<bool> {
    let mut stderr = io::stderr();
    write!(stderr, "easel: {} ", escape(question)).and_then(|()| stderr.flush())?;
    let mut answer = String::new();
    io::stdin().lock().take(MAX_ANSWER_LEN).read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

/// Prints an error and its sources.
pub(crate) fn report_error(error: &(dyn Error + 'static)) {
    report(&error_chain(error));
}

/// Joins the messages of an error and its sources. A message that already contains that of its source is not repeated.
pub(crate) fn error_chain(error: &(dyn Error + 'static)) -> String {
    let mut chain = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let message = error.to_string();
        if !chain.contains(&message) {
            chain.push_str(": ");
            chain.push_str(&message);
        }
        source = error.source();
    }
    chain
}

/// Prints one line of the result, without control sequences.
#[expect(clippy::disallowed_methods, reason = "a command prints its result, and no server runs in its process")]
pub(crate) fn print(line: &str) -> io::Result<()> {
    writeln!(io::stdout(), "{}", escape(line))
}

/// Prints a text of Easel's own as it is, such as a script.
#[expect(clippy::disallowed_methods, reason = "a command prints its result, and no server runs in its process")]
pub(crate) fn print_text(text: &[u8]) -> io::Result<()> {
    io::stdout().write_all(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    enum TestError {
        #[error("cannot open it")]
        Plain(#[source] io::Error),
        #[error("cannot open it: {0}")]
        Embedding(#[source] io::Error),
    }

    #[test]
    fn every_source_is_printed_once() {
        for error in [TestError::Plain as fn(io::Error) -> TestError, TestError::Embedding] {
            assert_eq!(error_chain(&error(io::Error::other("it is locked"))), "cannot open it: it is locked");
        }
    }
}
