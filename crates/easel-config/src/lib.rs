//! Configuration of Easel: finds the home folder, reads and validates every layer, and merges the layers.
//!
//! Layers, lowest precedence first: built-in defaults, `config.toml` in the home folder, the profile chosen from it,
//! `.easel/config.toml` of the thread's project, environment variables (`EASEL__FEATURES__IMAGEGENEXT=true`), the
//! command line, features that a client switched at run time, and the overrides of one thread. Every layer is validated
//! against the table of keys in `keys`, so a mistake invalidates one key and never prevents the start of the server.
//! The `config` crate merges the rest.
//!
//! This crate must not know the wire, HTTP or an async runtime: it reads small files and returns at once. Nothing else
//! in the workspace reads the process environment; everything goes through [`Environment`]. Warnings and errors never
//! repeat a value, because a value in the wrong place may be a secret.
//!
//! Only [`Loader::write`] changes a file, and only the home's `config.toml`.
//!
//! Start reading at [`Loader`], then [`Config`] for what can be set, `keys` for the limits of each key, and `validate`
//! for how one layer is checked.

mod environment;
mod home;
mod loader;
mod os;
pub mod private_file;

mod keys;
mod settings;

mod layers;
mod validate;
mod warning;

mod write;

#[cfg(test)]
mod tests;

pub use environment::Environment;
pub use home::{HomeError, create_home, home};
pub use keys::{HIDDEN, closest};
pub use layers::{Invocation, Layer, LayerName, canonicalize_if_exists, has_secret_key, storable_overrides};
pub use loader::{Loaded, Loader, Override};
pub use settings::{
    Acp, AcpImages, Approval, Config, CredentialsStore, Detail, EditStyle, FEATURES, Feature, Features, History, Hook,
    Hooks, ImageResult, Images, KeepUnmasked, Limits, Mcp, Pictures, Project, ProviderAuth, ProviderConfig,
    ProviderImages, ReasoningSummary, SecretValue, Server, TrustLevel, Wire,
};
pub use validate::did_you_mean;
pub use warning::Warning;
pub use write::{Edit, Merge, WriteError, WriteOutcome};
