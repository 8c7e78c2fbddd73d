//! `easel completions` and `easel man`: what clap writes about the command line.

use std::error::Error;
use std::path::Path;

use clap::Command;
use clap_complete::Shell;

use super::print_text;

/// Prints the completion script of a shell.
///
/// # Errors
/// If it cannot be printed.
pub(crate) fn print_completions(shell: Shell, mut command: Command) -> Result<(), Box<dyn Error>> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, "easel", &mut script);
    Ok(print_text(&script)?)
}

/// Writes a manual page for each command.
///
/// # Errors
/// If a file cannot be written.
pub(crate) fn write_pages(folder: &Path, command: Command) -> Result<(), Box<dyn Error>> {
    let written = std::fs::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(command, folder));
    written.map_err(|error| format!("cannot write to {}: {error}", folder.display()).into())
}
