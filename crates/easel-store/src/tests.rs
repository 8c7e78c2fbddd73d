//! The store over real folders, real files, and real processes that are really killed.

mod full_disk;
mod given;
mod history;
mod images;
mod lanes;
mod migration;
mod pages;
mod pending;
mod places;
mod plans;
mod processes;
mod recovery;
mod references;
mod removal;
pub(crate) mod sample;
mod search;
