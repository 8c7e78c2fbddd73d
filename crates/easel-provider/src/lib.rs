//! Providers that speak OpenAI's HTTP API, or something near it: a model that answers over server-sent events, and an
//! images endpoint.
//!
//! What such a provider can do and how its API differs is data, the [`ApiProfile`]; there is one implementation. This crate
//! knows HTTP and nothing of threads, disk layout or JSON-RPC: image bytes come from and go to the
//! [`Files`](easel_imagegen::port::Files) of the port, credentials come from whoever implements [`Credentials`].
//!
//! Two rules stand above all: a billed request that may have been accepted is repeated only on the user's own word, and a
//! credential leaves in one header to one origin and nowhere else.
//!
//! Start reading at [`HttpProvider`].

pub mod provider;

pub mod profile;

pub mod credential;
pub mod endpoint;

pub mod failure;

mod images;
mod models;
mod responses;

mod inline;
mod passage;
mod sse;
mod waiting;

#[cfg(test)]
mod staging;

#[cfg(test)]
use easel_testkit::request_log as recorder;

pub use credential::{Credential, CredentialError, Credentials};
pub use endpoint::Endpoint;
pub use profile::ApiProfile;
pub use provider::{HttpProvider, Retries, Timeouts};
