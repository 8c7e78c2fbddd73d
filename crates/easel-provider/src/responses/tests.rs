//! Whole answers over a real connection.

mod fixture;

mod body;
mod faults;
mod hosted;
mod once;
mod pictures;
mod saying;
mod sending;
mod stalled;
