//! Acknowledged data is not lost, and a thread survives changes to its files.

mod acknowledged;
#[cfg(unix)]
mod home_paths;
mod missing_images;
