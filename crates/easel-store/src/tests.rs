//! Tests of the store with real folders, files and processes, which are killed.

mod attachments;
mod compaction;
mod deletion;
mod ephemeral_forks;
mod export_sets;
mod full_disk;
mod growth;
mod history;
#[cfg(unix)]
mod home_location;
mod host_calls;
mod images;
#[cfg(unix)]
mod import;
mod ledger;
mod migration;
#[cfg(unix)]
mod model_copies;
mod pages;
mod pending_messages;
mod processes;
mod query_plans;
mod recovery;
mod removals;
pub(crate) mod sample;
mod search;
mod usage;
mod workers;
