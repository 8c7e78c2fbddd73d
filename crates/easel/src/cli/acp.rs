//! The arguments of `easel acp`.

use clap::Args;

use super::ConfigArgs;

#[derive(Debug, Args)]
pub(super) struct AcpArgs {
    #[command(flatten)]
    pub(super) config: ConfigArgs,
    /// Store an API key from standard input and exit. Editors run this in a terminal.
    #[arg(long)]
    pub(super) login: bool,
}
