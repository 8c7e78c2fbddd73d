//! The program: its command line, the method handlers, and the wiring between the crates.
//!
//! Start at [`server`] for the life of the process and its connections, at [`methods`] for what each method does, and
//! at [`app`] for the services that do it.

mod cli;
mod commands;

mod server;

mod methods;
mod requests;

mod accounts;
mod approvals;
mod hooks;
mod images;
mod settings;
mod threads;
mod tool_calls;
mod tools;
mod turns;
mod usage;

mod app;
mod connections;
mod credentials;
mod events;
mod os;
mod process;
mod programs;
mod providers;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
