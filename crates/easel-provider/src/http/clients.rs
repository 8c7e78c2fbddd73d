//! HTTP clients. Each is created once, on a blocking thread: reading the system's certificates takes milliseconds.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, ClientBuilder, Url};
use tokio::sync::OnceCell;

use super::public_address::PublicOnly;
use super::{EndpointError, root_cause};

/// How long an idle connection is kept. Servers keep idle connections longer.
///
/// A request on a connection that the server is closing would be lost, and whether it was accepted would be unknown.
const IDLE_TIMEOUT: Duration = Duration::from_secs(4);

/// The hosts that a client may connect to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// The provider's own host.
    Provider,
    /// Any other host with a public address.
    Public,
}

/// The clients of one endpoint. They follow no redirects.
#[derive(Debug)]
pub(super) struct Clients {
    options: ClientOptions,
    provider: OnceCell<Result<Client, EndpointError>>,
    public: OnceCell<Result<Client, EndpointError>>,
}

#[derive(Debug, Clone, Copy)]
struct ClientOptions {
    connect_timeout: Duration,
    /// Whether the base URL is plain HTTP.
    is_plain: bool,
    /// Whether the base URL is on this machine.
    is_loopback: bool,
}

impl Clients {
    pub(super) fn new(base: &Url, connect_timeout: Duration) -> Self {
        let is_plain = base.scheme() == "http";
        let options = ClientOptions { connect_timeout, is_plain, is_loopback: is_loopback(base) };
        Self { options, provider: OnceCell::new(), public: OnceCell::new() }
    }

    /// Returns the client for `target`, and creates it first if necessary.
    ///
    /// # Errors
    ///
    /// Fails if the client cannot be created. Later calls then return the same error.
    pub(super) async fn get(&self, target: Target) -> Result<&Client, EndpointError> {
        let client = match target {
            Target::Provider => &self.provider,
            Target::Public => &self.public,
        };
        let options = self.options;
        let create = || async move {
            let created = tokio::task::spawn_blocking(move || options.build(target)).await;
            created.unwrap_or_else(|error| Err(EndpointError::Client(Arc::from(error.to_string()))))
        };
        client.get_or_init(create).await.as_ref().map_err(Clone::clone)
    }
}

impl ClientOptions {
    /// Builds a client with the certificates of the system, or on Linux with those of `SSL_CERT_FILE` and
    /// `SSL_CERT_DIR`.
    fn build(self, target: Target) -> Result<Client, EndpointError> {
        let built = match target {
            Target::Provider => match self.provider().build() {
                // A host without root certificates can still use a local `http://` provider.
                Err(_) if self.is_plain => self.provider().tls_certs_only([]).build(),
                built => built,
            },
            // A proxy would resolve names itself, without the check for public addresses.
            Target::Public => self.builder().no_proxy().dns_resolver(PublicOnly).build(),
        };
        built.map_err(|error| EndpointError::Client(Arc::from(root_cause(&error))))
    }

    fn provider(self) -> ClientBuilder {
        let builder = self.builder();
        // A request to this machine may carry a key and must not go through a proxy on another machine.
        if self.is_loopback { builder.no_proxy() } else { builder }
    }

    fn builder(self) -> ClientBuilder {
        // Fails only if a crypto provider is already installed. That one is used then.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Client::builder()
            .user_agent(concat!("easel/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(self.connect_timeout)
            .pool_idle_timeout(IDLE_TIMEOUT)
    }
}

/// Returns whether a URL leads to this machine: to a loopback address, or to `localhost` or a name below it (RFC 6761).
pub fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    match host.parse::<IpAddr>() {
        Ok(address) => address.to_canonical().is_loopback(),
        Err(_) => {
            let name = host.trim_end_matches('.');
            name == "localhost" || name.ends_with(".localhost")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_hosts_are_this_machine() {
        let is_loopback = |url: &str| is_loopback(&url.parse().unwrap());
        for url in [
            "http://127.0.0.1:8080/v1",
            "http://127.9.8.7",
            "https://[::1]:1/v1",
            "http://[::ffff:127.0.0.1]",
            "http://LOCALHOST/v1",
            "http://localhost./v1",
            "http://sd.localhost:9",
            "http://2130706433",
        ] {
            assert!(is_loopback(url), "{url}");
        }
        for url in ["http://192.168.0.9", "http://localhost.example.com", "http://notlocalhost", "http://[fe80::1]"] {
            assert!(!is_loopback(url), "{url}");
        }
    }
}
