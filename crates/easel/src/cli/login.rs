//! The arguments of `easel login`.

use clap::{Args, Subcommand};

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, arg_required_else_help = true)]
pub(super) struct LoginArgs {
    /// Ask for the API key, or read it from standard input. Not accepted as an argument, which other processes could
    /// see.
    #[arg(long, required = true)]
    with_api_key: bool,
    #[command(subcommand)]
    pub(super) command: Option<LoginCommand>,
}

#[derive(Debug, Subcommand)]
pub(super) enum LoginCommand {
    /// Show where the API key comes from. The exit code is 1 if there is no key.
    Status,
}
