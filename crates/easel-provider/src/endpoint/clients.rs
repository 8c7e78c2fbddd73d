//! HTTP clients, each made once and away from the runtime: reading the system's certificates takes milliseconds.

use std::net::IpAddr;
use std::time::Duration;

use reqwest::{Client, ClientBuilder, Url};
use tokio::sync::OnceCell;

use super::address::PublicOnly;
use crate::failure::cause;

/// Shorter than any server keeps a connection that nobody uses. A request into one that the server is just closing
/// would be lost, and nobody could say whether it was accepted.
const IDLE: Duration = Duration::from_secs(4);

/// Where a request goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// The provider's own host.
    Own,
    /// Any other host whose address is public.
    Public,
}

/// The clients of one endpoint, by target. Neither follows a redirect.
#[derive(Debug)]
pub(super) struct Clients {
    settings: Settings,
    own: OnceCell<Result<Client, String>>,
    public: OnceCell<Result<Client, String>>,
}

#[derive(Debug, Clone, Copy)]
struct Settings {
    connect_timeout: Duration,
    /// The base URL is plain HTTP.
    plain: bool,
    /// The base URL leads to this machine.
    loopback: bool,
}

impl Clients {
    pub(super) fn new(base: &Url, connect_timeout: Duration) -> Self {
        let settings = Settings { connect_timeout, plain: base.scheme() == "http", loopback: is_loopback(base) };
        Self { settings, own: OnceCell::new(), public: OnceCell::new() }
    }

    pub(super) async fn get(&self, target: Target) -> Result<&Client, String> {
        let client = match target {
            Target::Own => &self.own,
            Target::Public => &self.public,
        };
        let settings = self.settings;
        let make = || async move {
            let made = tokio::task::spawn_blocking(move || settings.make(target)).await;
            made.unwrap_or_else(|error| Err(format!("the HTTP client cannot be made: {error}")))
        };
        client.get_or_init(make).await.as_ref().map_err(Clone::clone)
    }
}

impl Settings {
    /// Certificates come from the system, or on Linux from where `SSL_CERT_FILE` and `SSL_CERT_DIR` point. A machine
    /// without any may well speak plainly to a provider beside it.
    fn make(self, target: Target) -> Result<Client, String> {
        let made = match target {
            Target::Own => match self.own().build() {
                Err(_) if self.plain => self.own().tls_certs_only([]).build(),
                made => made,
            },
            // A proxy would look names up by itself, where nobody checks what comes out.
            Target::Public => self.builder().no_proxy().dns_resolver(PublicOnly).build(),
        };
        made.map_err(|error| format!("the HTTP client cannot be made: {}", cause(&error)))
    }

    fn own(self) -> ClientBuilder {
        let builder = self.builder();
        // What goes to this machine, perhaps with a key, goes through no other.
        if self.loopback { builder.no_proxy() } else { builder }
    }

    fn builder(self) -> ClientBuilder {
        // Fails only when a provider of cryptography is there already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Client::builder()
            .user_agent(concat!("easel/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(self.connect_timeout)
            .pool_idle_timeout(IDLE)
    }
}

/// Whether a URL leads to this machine: to a loopback address, or to `localhost` or a name below it, which RFC 6761
/// reserves for them.
pub(super) fn is_loopback(url: &Url) -> bool {
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
    fn this_machine_is_told_from_all_others() {
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
