//! The image tool as pure functions: the tool's entry in a model request, its arguments, the images that a call refers
//! to, image formats, and the texts that go back to the model.
//!
//! This crate does no IO, reads no clock and draws no random numbers; its `clippy.toml` forbids them. The traits in
//! [`port`] say what a provider and a store do for the tool. Other crates implement them.
//!
//! Start at [`plan`](mod@plan): it turns one call of the tool into a job for the provider, or into an error for the
//! model.

pub mod plan;

pub mod arguments;
pub mod references;
pub mod spec;

pub mod approval;
pub mod capability;
pub mod gate;
pub mod hooks;
pub mod host_call;
pub mod preset;
pub mod spending;

pub mod edit;
pub mod history;
pub mod model_copy;
pub mod output;
pub mod tool_result;

pub mod handle;
pub mod idempotency;
pub mod image_item;
pub mod invisible;
pub mod item_id;
pub mod sniff;
pub mod strip;

pub mod port;

pub mod phase;
