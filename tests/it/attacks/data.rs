//! Acknowledged data is not lost, and a thread survives changes to its files.

mod answered;
mod pictures;
#[cfg(unix)]
mod places;
