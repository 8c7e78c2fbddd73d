//! No client and no unauthorized connection makes another client wait.

#[cfg(unix)]
mod connections;
mod requests;
#[cfg(unix)]
mod searches;
