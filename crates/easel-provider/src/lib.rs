//! Providers with OpenAI's HTTP API or a compatible one: responses of a model over server-sent events, and images.
//!
//! There is one implementation, [`HttpProvider`]. The differences between providers are data, their [`ApiProfile`].
//! This crate knows HTTP, but not threads, disk layout or JSON-RPC: image bytes come from and go to the
//! [`Files`](easel_imagegen::port::Files) of the port, and credentials come from [`Credentials`].
//!
//! Two rules have priority over everything else:
//!
//! - A billed request that the provider may have accepted is repeated only if the user allows it.
//! - A credential goes to one origin, in one header.
//!
//! Reading order: [`provider`] is the entry point, [`profile`] describes an API, `http` sends requests, and `images`
//! and
//! `responses` are the two endpoints on top of it.

pub mod profile;
pub mod provider;

mod credential;
mod settings;

mod http;
mod os;
mod rejection;

mod images;
mod models;
mod responses;

mod json_images;

#[cfg(any(fuzzing, test))]
#[doc(hidden)]
pub mod fuzzing;

#[cfg(test)]
mod staging;

pub use credential::{Credential, CredentialError, Credentials};
pub use http::{Endpoint, EndpointError, Proxy, is_loopback};
pub use models::probe::{Probe, ProbeError};
pub use profile::ApiProfile;
pub use provider::HttpProvider;
pub use settings::{Retries, Timeouts};
