//! No client, and no stranger, makes another client wait.

#[cfg(unix)]
mod connections;
mod requests;
#[cfg(unix)]
mod searches;
