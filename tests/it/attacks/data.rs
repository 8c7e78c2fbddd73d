//! Nothing that was accepted is lost, and a thread survives what happens to its files.

mod answered;
mod pictures;
#[cfg(unix)]
mod places;
