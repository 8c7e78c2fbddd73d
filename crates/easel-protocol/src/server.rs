//! Requests about the server as a whole: its account, configuration, models, tools and usage.

pub mod absent;
pub mod account;
pub mod approval;
pub mod configuration;
pub mod handshake;
pub mod model;
pub mod rate_limits;
pub mod tool;
pub mod usage;
