//! The store over real folders, real files, and real processes that are really killed.

#[cfg(unix)]
mod full_disk;
#[cfg(unix)]
mod given;
mod history;
#[cfg(unix)]
mod images;
#[cfg(unix)]
mod lanes;
#[cfg(unix)]
mod migration;
mod pages;
#[cfg(unix)]
mod pending;
#[cfg(unix)]
mod places;
#[cfg(unix)]
mod plans;
#[cfg(unix)]
mod processes;
#[cfg(unix)]
mod recovery;
#[cfg(unix)]
mod references;
mod removal;
pub(crate) mod sample;
mod search;
