//! The providers of threads, built from the configuration.
//!
//! [`Providers`] builds and caches them, [`AnyProvider`] is one of them, [`ThreadProvider`] is what a thread uses of
//! them, and [`ProviderCatalog`] implements the methods that list them.

mod account;
mod any_provider;
mod cache;
mod catalog;
mod error;
mod http;
mod models;
mod origins;
mod thread_provider;
mod unavailable;

pub(crate) use any_provider::AnyProvider;
pub(crate) use cache::{Providers, provider_ids, require_provider};
pub(crate) use catalog::{ProviderCatalog, default_model};
pub(crate) use error::ProviderError;
pub(crate) use origins::{api_origin, backend_origin};
pub(crate) use thread_provider::ThreadProvider;
