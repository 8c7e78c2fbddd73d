//! The actor as it runs, with a store, a provider and an audience that write down what is done to them.

mod calls;
mod faults;
mod hosted;
mod interrupts;
mod message;
mod panics;
mod previews;
mod steering;
mod stricter;
mod telling;
mod threads;
