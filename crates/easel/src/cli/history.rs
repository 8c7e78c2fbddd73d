//! The arguments of the commands that list and clean up what is stored.

use clap::Args;

use crate::commands::stored::prune::Options;

#[derive(Debug, Args)]
pub(super) struct ThreadsArgs {
    /// List the archived threads instead of the others.
    #[arg(long)]
    pub(super) archived: bool,
    /// The maximum number of threads.
    #[arg(short = 'n', long, value_name = "NUMBER", default_value_t = 20)]
    pub(super) limit: u32,
    /// Print one JSON object a line, as in thread/list.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct ImagesArgs {
    /// Only the images of this thread.
    #[arg(long, value_name = "ID")]
    pub(super) thread: Option<String>,
    /// The maximum number of images.
    #[arg(short = 'n', long, value_name = "NUMBER", default_value_t = 20)]
    pub(super) limit: u32,
    /// Print one JSON object a line, as in image/list.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct PruneArgs {
    /// Remove it. Without this option, only print what would be removed.
    #[arg(long)]
    yes: bool,
    /// Also delete archived threads that have not changed for this number of days, with the images that no other thread
    /// shows.
    #[arg(long, value_name = "DAYS")]
    archived_days: Option<u32>,
}

impl PruneArgs {
    pub(super) fn into_options(self) -> Options {
        Options { remove: self.yes, archived_days: self.archived_days }
    }
}
