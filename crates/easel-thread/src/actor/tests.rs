//! Tests of the actor with a store, a provider and an event sink that log what is done to them.

mod approvals;
mod calls;
mod config_change;
mod events;
mod faults;
mod hooks;
mod host_calls;
mod hosted;
mod interrupts;
mod lookups;
mod message;
mod panics;
mod previews;
mod repeats;
mod steering;
mod threads;
