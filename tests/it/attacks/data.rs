//! Acknowledged data is not lost, and a thread survives changes to its files.

mod acknowledged;
mod edited_images;
#[cfg(unix)]
mod home_paths;
mod missing_images;
