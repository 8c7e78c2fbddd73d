//! Where a provider is, and the client that speaks to it.

use std::sync::OnceLock;
use std::time::Duration;

use reqwest::{Client, ClientBuilder, RequestBuilder, Url};

use crate::credential::Credential;
use crate::failure::cause;
use crate::record::{AuthScheme, PathStyle, Record};

/// Shorter than any server keeps a connection that nobody uses. A request into one that the server is just closing
/// would be lost, and nobody could say whether it was accepted.
const IDLE: Duration = Duration::from_secs(4);

/// One origin. Credentials that go to it go to no other: redirects are not followed.
#[derive(Debug)]
pub struct Endpoint {
    base: Url,
    /// Made when first used: it costs milliseconds that starting must not.
    client: OnceLock<Result<Client, String>>,
    connect_timeout: Duration,
}

impl Endpoint {
    pub fn new(base: Url, connect_timeout: Duration) -> Self {
        Self { base, client: OnceLock::new(), connect_timeout }
    }

    pub fn base(&self) -> &Url {
        &self.base
    }

    /// The host, with the port where it is not the scheme's own.
    pub(crate) fn host(&self) -> String {
        let host = self.base.host_str().unwrap_or_default();
        self.base.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// A request to `path` below the base, such as `images/edits`, with all headers but the body's.
    ///
    /// # Errors
    /// One sentence, when the client cannot be made: no certificates for TLS, a credential that no header can hold.
    pub fn post(
        &self,
        record: &Record,
        path: &str,
        model: &str,
        credential: Option<&Credential>,
        originator: &str,
    ) -> Result<RequestBuilder, String> {
        let request = authorised(self.client()?.post(self.url(record, path, model)), record, credential)?;
        Ok(if originator.is_empty() { request } else { request.header("originator", header(originator)) })
    }

    /// A question to `path` below the base.
    ///
    /// # Errors
    /// As [`Self::post`].
    pub(crate) fn get(
        &self,
        record: &Record,
        path: &str,
        credential: Option<&Credential>,
    ) -> Result<RequestBuilder, String> {
        authorised(self.client()?.get(self.url(record, path, "")), record, credential)
    }

    fn url(&self, record: &Record, path: &str, model: &str) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty();
            if record.path_style == PathStyle::AzureDeployment {
                segments.push("openai");
                if path.starts_with("images/") {
                    segments.extend(["deployments", model]);
                }
            }
            segments.extend(path.split('/'));
        }
        if !record.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&record.query);
        }
        url
    }

    /// The client for this origin, without any header of a credential.
    pub(crate) fn client(&self) -> Result<&Client, String> {
        self.client.get_or_init(|| self.made()).as_ref().map_err(Clone::clone)
    }

    /// Certificates come from the system, or on Linux from where `SSL_CERT_FILE` and `SSL_CERT_DIR` point. A machine
    /// without any may well speak plainly to a provider beside it.
    fn made(&self) -> Result<Client, String> {
        let made = self.builder().build();
        let made = if self.base.scheme() == "http" {
            made.or_else(|_| self.builder().tls_certs_only([]).build())
        } else {
            made
        };
        made.map_err(|error| format!("the HTTP client cannot be made: {}", cause(&error)))
    }

    /// A client with this endpoint's settings, for another origin.
    pub(crate) fn builder(&self) -> ClientBuilder {
        // Fails only when a provider of cryptography is there already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Client::builder()
            .user_agent(concat!("easel/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(self.connect_timeout)
            .pool_idle_timeout(IDLE)
    }
}

/// The request with the provider's headers and the credential.
fn authorised(
    mut request: RequestBuilder,
    record: &Record,
    credential: Option<&Credential>,
) -> Result<RequestBuilder, String> {
    for (name, value) in &record.headers {
        request = request.header(name, sensitive(value.expose())?);
    }
    let Some(credential) = credential else { return Ok(request) };
    request = match &record.auth {
        AuthScheme::Bearer => {
            request.header("authorization", sensitive(&format!("Bearer {}", credential.secret.expose()))?)
        }
        AuthScheme::Header(name) => request.header(name, sensitive(credential.secret.expose())?),
        AuthScheme::None => request,
    };
    Ok(match &credential.account_id {
        Some(account) => request.header("chatgpt-account-id", sensitive(account)?),
        None => request,
    })
}

/// A header value that no log shows.
fn sensitive(value: &str) -> Result<reqwest::header::HeaderValue, String> {
    let mut value = reqwest::header::HeaderValue::from_str(value)
        .map_err(|_| "the credential holds a character that a header cannot".to_owned())?;
    value.set_sensitive(true);
    Ok(value)
}

/// A name as a header can hold it.
fn header(name: &str) -> String {
    name.chars().filter(|c| c.is_ascii_graphic() || *c == ' ').take(100).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::presets::Preset;

    fn url(preset: Preset, base: &str, path: &str) -> String {
        let endpoint = Endpoint::new(base.parse().unwrap(), Duration::from_secs(1));
        endpoint.url(&preset.record(), path, "my deployment").to_string()
    }

    #[test]
    fn azure_names_the_deployment_in_the_path_of_images_and_in_the_body_of_answers() {
        for base in ["https://r.openai.azure.com", "https://r.openai.azure.com/"] {
            let legacy = |path| url(Preset::AzureLegacy, base, path);
            assert_eq!(
                legacy("images/edits"),
                "https://r.openai.azure.com/openai/deployments/my%20deployment/images/edits?api-version=2025-04-01-preview"
            );
            assert_eq!(
                legacy("responses"),
                "https://r.openai.azure.com/openai/responses?api-version=2025-04-01-preview"
            );
        }
        let base = "https://r.openai.azure.com/openai/v1";
        assert_eq!(url(Preset::Azure, base, "responses"), "https://r.openai.azure.com/openai/v1/responses");
    }

    #[test]
    fn a_host_is_named_without_what_may_be_secret() {
        for (base, host) in [
            ("https://images.example.com/secret/v1?key=secret", "images.example.com"),
            ("http://user:secret@[::1]:8080/v1", "[::1]:8080"),
            ("https://h:443/v1", "h"),
        ] {
            assert_eq!(Endpoint::new(base.parse().unwrap(), Duration::ZERO).host(), host);
        }
    }
}
