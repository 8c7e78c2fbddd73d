//! Easel's disk: threads and their history in SQLite, image bytes as files, and the journal of image calls.
//!
//! Image bytes are never in the database, and nothing here knows a provider, a client or JSON-RPC. The crate implements
//! the ports of `easel-imagegen`; the pages it reads are the answers of `easel-protocol`.
//!
//! What holds it together: a thread writes to the database and others read it, each with a connection of its own
//! ([`EaselStore`] sends them closures); a file is written aside and renamed into place when it is whole; a process is alive as long as it holds the lock file of its
//! owner id; whatever a dead process left open is closed by `recover`.
//!
//! Start at `store`, then `append` for how events become rows, `journal` and `recover` for how an image survives.

mod lanes;
mod store;
mod worker;

mod append;
mod attachments;
mod fork;
mod history;
mod memory;
mod removal;
mod revert;
mod steers;
mod thread_list;
mod turn_list;

mod journal;
mod lease;
mod made;
mod recover;

mod arrivals;
mod files;
mod framing;
mod intake;
mod source;
mod spare;

mod database;
mod fault;
mod home;
mod image_list;

mod deletion;
mod export;

mod name;
mod os;
mod owner;
mod page;
mod paths;
mod settings;
mod usage;
mod words;

#[cfg(test)]
mod tests;

pub use export::{Existing, ExportRefused, Exported};
pub use files::{StagedImage, ThreadFiles};
pub use fork::{Fork, HistoryRefused};
pub use image_list::{ImageBytes, StoredImage};
pub use lease::{LeaseRefused, WriterBusy};
pub use made::MadeWriter;
pub use page::PageRefused;
pub use revert::Reverted;
pub use settings::Settings;
pub use source::Limits;
pub use steers::PendingMessage;
pub use store::EaselStore;
pub use usage::{DayOfTokens, UsagePage, Used};
