//! The image tool, pure: what the model is offered and told, what its arguments mean, which images a call refers to,
//! what the bytes of an image say, and what goes back to the model.
//!
//! This crate does no IO and reads no clock. What a provider and a store must do for it stands in [`port`] as small
//! traits; who implements them is none of its business.
//!
//! Start at [`plan`](mod@plan): one call of the tool from its arguments to a job for the provider, or to a sentence for the model.

pub mod plan;

pub mod arguments;
pub mod references;
pub mod spec;

pub mod capability;
pub mod gate;
pub mod preset;

pub mod history;
pub mod output;

pub mod handle;
pub mod idempotency;
pub mod sniff;
pub mod strip;

pub mod port;
