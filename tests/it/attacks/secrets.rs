//! No credential and no file leaves the machine unintentionally.

mod account;
#[cfg(unix)]
mod helper;
#[cfg(target_os = "linux")]
mod memory;
mod project;
mod reach;
mod stored;
mod terminal;
#[cfg(unix)]
mod traces;
mod words;
