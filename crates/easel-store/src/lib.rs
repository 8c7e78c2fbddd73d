//! Easel's disk: threads and their history in SQLite, image bytes as files, and the journal of image calls.
//!
//! The crate implements the storage ports of `easel-imagegen` and reads pages in the response types of
//! `easel-protocol`. It knows no provider, no client and no JSON-RPC. Image bytes are never in the database.
//!
//! Four rules hold it together:
//!
//! - One worker thread writes to the database, three read it, and one has the ephemeral threads. Each has its own
//!   connection, and [`EaselStore`] sends it closures, so that no read waits for a write.
//! - A file is written under a hidden name and renamed when it is complete.
//! - A process is alive as long as it holds the lock file of its owner id.
//! - `recovery` closes everything that a dead process left open.
//!
//! Start at `store`, the public API. Then read `threads::append` for how events become rows, and `journal` and
//! `recovery` for how an image survives a crash.

mod store;

mod db;
mod error;
mod files;
mod home;
mod images;
mod journal;
mod lists;
mod os;
mod recovery;
mod threads;

#[cfg(any(fuzzing, test))]
#[doc(hidden)]
pub mod fuzzing;

#[cfg(test)]
mod tests;

pub use files::image_writer::ImageWriter;
pub use files::prune::{Amount, Listing, Prunable, Pruned};
pub use files::thread_files::ThreadFiles;
pub use images::edits::{CompareError, ComparedFiles, CompositeError, CompositeSources, HeatMapBounds};
pub use images::export::{
    ExistingFile, ExportError, ExportedImage, FileOfSet, NewFile, PathError, SetError, check_export_target,
};
pub use images::import::copy::ImportLimits;
pub use images::lookup::{ImageBytes, StoredImage};
pub use journal::host_calls::{HostCallEnd, HostCallRequest, KnownHostCall};
pub use journal::{Counted, SpendingCounts};
pub use lists::ledger::{LedgerRange, LedgerRow};
pub use lists::page::PageError;
pub use lists::usage::{DailyTokens, UsagePage, UsageRow};
pub use store::EaselStore;
pub use threads::face::ThreadOwner;
pub use threads::fork::{Fork, HistoryError};
pub use threads::lease::{LeaseError, WriterBusy};
pub use threads::pending_messages::PendingMessage;
pub use threads::revert::RevertRange;
pub use threads::settings::StoredSettings;
