//! A store, a provider and an audience without disk, network and client. All write into one log, so that a test can
//! see what came before what.

pub(crate) mod images;
pub(crate) mod log;
pub(crate) mod provider;
pub(crate) mod render;
pub(crate) mod store;
pub(crate) mod world;
