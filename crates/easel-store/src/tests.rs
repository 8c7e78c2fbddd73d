//! Tests of the store with real folders, files and processes, which are killed.

#[cfg(unix)]
mod attachments;
mod compaction;
mod deletion;
#[cfg(unix)]
mod full_disk;
mod growth;
mod history;
#[cfg(unix)]
mod home_location;
#[cfg(unix)]
mod host_calls;
#[cfg(unix)]
mod images;
#[cfg(unix)]
mod import;
#[cfg(unix)]
mod ledger;
#[cfg(unix)]
mod migration;
#[cfg(unix)]
mod model_copies;
mod pages;
#[cfg(unix)]
mod pending_messages;
#[cfg(unix)]
mod processes;
#[cfg(unix)]
mod query_plans;
#[cfg(unix)]
mod recovery;
pub(crate) mod sample;
mod search;
#[cfg(unix)]
mod workers;
