//! The gallery: one page that shows the generated images, their records and what they cost.
//!
//! The page is plain TypeScript in `page/`, bundled into files that are committed and embedded here. It gets its data
//! in two ways: a [`Server`] serves it on this machine, with what changes, and [`export()`] writes it into the page
//! itself, so that the file needs no server. Both read through the app-server in the same process, so the crate knows
//! neither the store nor a provider.
//!
//! Start at [`Gallery`] for what is read, then `page` for what the browser is allowed, then `server`.

mod export;
mod gallery;
mod page;
mod server;

pub use export::{Export, ExportError, ExportOptions, export};
pub use gallery::{Gallery, ReadError};
pub use server::{Server, new_token};
