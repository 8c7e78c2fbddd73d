//! The messages of the protocol that Easel reads and writes. Fields that it does not use are left out.

mod config_option;
mod content;
mod initialize;
mod permission;
mod session;
mod update;

pub(crate) use config_option::*;
pub(crate) use content::*;
pub(crate) use initialize::*;
pub(crate) use permission::*;
pub(crate) use session::*;
pub(crate) use update::*;
