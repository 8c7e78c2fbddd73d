//! The commands that serve other programs and browsers, as clients of the app-server in their own process.

#[cfg(feature = "acp")]
pub(crate) mod acp;
#[cfg(feature = "gallery")]
pub(crate) mod gallery;
#[cfg(feature = "mcp")]
pub(crate) mod mcp_server;
