//! Whole answers over a real connection.

mod fixture;

mod body;
mod cut_images;
mod faults;
mod hosted;
mod once;
mod pictures;
mod sending;
mod stalled;
mod text;
