//! The layers of a configuration: where they come from, how each is read, and how they are merged.

pub(crate) mod file;
mod layer;
mod nesting;
mod overrides;
pub(crate) mod project_file;
mod raw_value;
mod stack;
mod trust;

pub use layer::{Layer, LayerName};
pub(crate) use nesting::is_nested_too_deep;
pub use overrides::{Invocation, has_secret_key, storable_overrides};
pub(crate) use overrides::{RawLayer, from_command_line, from_environment, from_features, from_thread};
pub use project_file::canonicalize_if_exists;
pub(crate) use raw_value::{RawEntry, RawValue, from_json, nest};
pub(crate) use stack::{LayerStack, default_layer};
pub(crate) use trust::is_trusted;
