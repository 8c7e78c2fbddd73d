//! The rows of one thread: its history, its settings, and which process may write to it.

pub(crate) mod append;
pub(crate) mod delete_thread;
pub(crate) mod face;
pub(crate) mod fork;
pub(crate) mod history;
pub(crate) mod item_json;
pub(crate) mod lease;
pub(crate) mod pending_messages;
pub(crate) mod revert;
pub(crate) mod rows;
pub(crate) mod settings;
