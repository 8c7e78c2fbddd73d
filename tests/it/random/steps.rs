//! The steps of a run. Each sends requests, compares the responses with the model, and changes the model accordingly.

mod cancellations;
mod faults;
mod images;
mod metadata;
mod reads;
mod subscriptions;
mod threads;
mod turns;
