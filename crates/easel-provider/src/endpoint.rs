//! Where a provider is, and the client that speaks to it.

use std::sync::OnceLock;
use std::time::Duration;

use reqwest::{Client, ClientBuilder, RequestBuilder, Url};

use crate::credential::Credential;
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

    /// A request to `path` below the base, such as `images/edits`, with all headers but the body's.
    ///
    /// # Errors
    /// One sentence, when the client cannot be made (no TLS roots, a proxy that is no URL).
    pub fn post(
        &self,
        record: &Record,
        path: &str,
        model: &str,
        credential: Option<&Credential>,
        originator: &str,
    ) -> Result<RequestBuilder, String> {
        let mut request = self.client()?.post(self.url(record, path, model));
        for (name, value) in &record.headers {
            request = request.header(name, sensitive(value.expose())?);
        }
        if let Some(credential) = credential {
            request = match &record.auth {
                AuthScheme::Bearer => {
                    request.header("authorization", sensitive(&format!("Bearer {}", credential.secret.expose()))?)
                }
                AuthScheme::Header(name) => request.header(name, sensitive(credential.secret.expose())?),
                AuthScheme::None => request,
            };
            if let Some(account) = &credential.account_id {
                request = request.header("chatgpt-account-id", sensitive(account)?);
            }
        }
        if !originator.is_empty() {
            request = request.header("originator", header(originator));
        }
        Ok(request)
    }

    fn url(&self, record: &Record, path: &str, model: &str) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty();
            if record.path_style == PathStyle::AzureDeployment {
                segments.extend(["openai", "deployments", model]);
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
        let made = self
            .client
            .get_or_init(|| self.builder().build().map_err(|error| format!("the HTTP client cannot be made: {error}")));
        made.as_ref().map_err(Clone::clone)
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
