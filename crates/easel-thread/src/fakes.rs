//! A store, a provider and an event sink in memory. All write to one log, so that a test can check the order of
//! actions.

pub(crate) mod approver;
pub(crate) mod fixture;
pub(crate) mod hooks;
pub(crate) mod images;
pub(crate) mod log;
pub(crate) mod provider;
pub(crate) mod render;
pub(crate) mod store;
