//! Whole answers over a real connection.

mod fixture;

mod body;
mod faults;
mod hosted;
mod once;
mod pictures;
mod sending;
mod stalled;
mod text;
mod truncated_images;
