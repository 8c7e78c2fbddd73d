//! Configuration of Easel: where its home is, which layers say what, and what holds in the end.
//!
//! Layers, later wins: built-in defaults, `config.toml` of the home (and the profile chosen from it),
//! `.easel/config.toml` of the thread's project, environment (`EASEL__FEATURES__IMAGEGENEXT=true`), command line,
//! features that the client switched, overrides of one thread. The `config` crate merges them and remembers the origin of every value; before that, every
//! source passes one table of known keys ([`KEYS`]), so that a mistake costs one key and not the start.
//!
//! This crate must not know the wire, the providers or an async runtime: it reads small files and answers at once.
//! Nothing else in the workspace reads the process environment; it all comes through [`Environment`].
//! No warning ever repeats a value, because a value in the wrong place may be a secret.
//!
//! [`Loader::write`] changes the home file, and nothing else does.
//!
//! Start reading at [`Loader`], then [`Config`] for what can be set, then `walk` for how one source is judged.

mod environment;
mod home;
mod loader;
mod stack;

mod edit;
mod lock;
mod write;

mod features;
mod keys;
mod provider_settings;
mod settings;

mod depth;
mod file;
mod node;
mod overrides;
mod owner;
mod peer;
mod policy;
mod project;
mod trust;
mod walk;

mod describe;
mod layer;
mod warning;

#[cfg(test)]
mod tests;

pub use describe::{describe, overridden};
pub use environment::Environment;
pub use features::{FEATURES, Feature, Stage};
pub use home::{HomeError, create_home, home};
pub use keys::{KEYS, Key, Kind, ProjectMay};
pub use layer::{Layer, LayerName};
pub use loader::{Loaded, Loader};
pub use overrides::{Invocation, known_overrides, names_secret};
pub use policy::{PROCESS_WIDE, RESERVED_FROM_PROJECTS};
pub use provider_settings::{EditStyle, Hidden, ProviderAuth, ProviderConfig, ProviderImages};
pub use settings::{
    Config, CredentialsStore, Detail, Features, History, ImageResult, Images, Limits, Price, Server, Wire,
};
pub use trust::{Project, TrustLevel};
pub use warning::Warning;
pub use write::{Edit, Merge, WriteRefused, Written};
