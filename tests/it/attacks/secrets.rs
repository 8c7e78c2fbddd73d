//! No credential and no file leaves the machine unintentionally.

mod account;
#[cfg(unix)]
mod helper;
#[cfg(target_os = "linux")]
mod process_memory;
mod project;
mod provider_texts;
mod reference_files;
mod terminal;
mod thread_config;
#[cfg(unix)]
mod traces;
