//! The program: its command line, the method handlers, and the wiring between the crates.
//!
//! Start at [`server`] for the way of a connection, at [`methods`] for what each method does, and at [`app`] for what
//! they all share. JSON-RPC codes of refusals stand in [`refusal`] and nowhere else.

mod cli;
mod commands;

mod server;

mod methods;

mod active;
mod app;
mod attachments;
mod client;
mod configuration;
mod connections;
mod credentials;
mod given;
mod hub;
mod lease;
mod loaded;
mod offer;
mod order;
mod overrides;
mod prices;
mod provider;
mod reach;
mod refusal;
mod rewrite;
mod rules;

mod logging;
mod os;
mod private_file;
mod terminal;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
