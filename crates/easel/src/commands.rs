//! The commands that are not servers. Their result goes to stdout, everything else to stderr.

pub(crate) mod demo;
pub(crate) mod features;
pub(crate) mod login;
pub(crate) mod schema;

use std::io::{self, Write};

use crate::process::terminal::plain;

/// The command line asks for what there is not: exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct WrongUsage(pub(crate) String);

/// Tells a person what went wrong, in one line that holds nothing a terminal obeys.
pub(crate) fn report(problem: &str) {
    // A closed stderr leaves nobody to tell.
    let _ = writeln!(io::stderr(), "easel: {}", plain(problem));
}

/// Prints one line of the result, which holds nothing that a terminal obeys.
#[expect(clippy::disallowed_methods, reason = "a command prints its result, and no server runs in its process")]
pub(crate) fn print(line: &str) -> io::Result<()> {
    writeln!(io::stdout(), "{}", plain(line))
}
