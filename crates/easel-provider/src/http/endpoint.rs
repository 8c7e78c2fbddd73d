//! The address of a provider and the requests to it.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use hyper_util::client::proxy::matcher::Matcher;
use reqwest::header::HeaderValue;
use reqwest::{Client, RequestBuilder, Url};
use secrecy::ExposeSecret;

use super::clients::{Clients, Target, is_loopback};
use super::destination::Proxy;
use crate::credential::Credential;
use crate::profile::{ApiProfile, AuthScheme, PathStyle};

/// Segments of base URLs that errors show. Any other one may be a key, as in the paths of some gateways.
const SHOWN_SEGMENTS: [&str; 10] =
    ["api", "backend-api", "codex", "compatible-mode", "inference", "openai", "serverless", "v1", "v1beta", "v2"];

/// The base URL of a provider and its HTTP clients.
///
/// Credentials go to the origin of the base URL only: redirects are not followed.
#[derive(Debug)]
pub struct Endpoint {
    base: Url,
    clients: Clients,
    connect_timeout: Duration,
    /// The proxy of the environment, once an error or a request has asked for it.
    proxy: OnceLock<Option<Proxy>>,
}

/// The reason why no request to an endpoint can be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// The HTTP client cannot be created, for example because the system has no root certificates.
    #[error("the HTTP client cannot be created: {0}")]
    Client(Arc<str>),
    /// The URL or a header is not valid.
    #[error("the request cannot be built: {0}")]
    Request(String),
    /// A secret contains a character that a header cannot carry.
    #[error("the credential contains a character that a header cannot carry")]
    InvalidHeader,
    /// A secret would go over plain HTTP to another machine.
    #[error("plain http:// exposes the key to everybody on the way; use https://, or set allow_plain_http = true")]
    PlainHttp,
}

impl Endpoint {
    /// Creates an endpoint at `base`.
    pub fn new(base: Url, connect_timeout: Duration) -> Self {
        let clients = Clients::new(&base, connect_timeout);
        Self { base, clients, connect_timeout, proxy: OnceLock::new() }
    }

    /// Returns the base URL.
    pub fn base(&self) -> &Url {
        &self.base
    }

    /// Returns the host, with the port if it is not the default of the scheme.
    pub(crate) fn host(&self) -> String {
        let host = self.base.host_str().unwrap_or_default();
        self.base.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// Returns host and path of a request for people. Of the base URL, user and query are left out, and segments that
    /// may be secret are hidden. The caller removes the secrets of the request.
    pub(crate) fn request_address(&self, profile: &ApiProfile, path: &str, model: &str) -> String {
        let mut address = self.host();
        let url = self.url(profile, path, model);
        let segments = |url: &Url| {
            let segments = url.path_segments().into_iter().flatten().filter(|segment| !segment.is_empty());
            segments.map(str::to_owned).collect::<Vec<_>>()
        };
        let base_len = segments(&self.base).len();
        for (index, segment) in segments(&url).iter().enumerate() {
            let is_shown = index >= base_len || SHOWN_SEGMENTS.contains(&segment.as_str());
            address.push('/');
            address.push_str(if is_shown { segment } else { "***" });
        }
        address
    }

    pub(crate) const fn connect_timeout(&self) -> Duration {
        self.connect_timeout
    }

    /// Returns the proxy that requests to the provider use.
    pub(crate) fn proxy(&self) -> Option<&Proxy> {
        let find = || {
            let uri = self.base.as_str().parse().ok().filter(|_| !is_loopback(&self.base))?;
            let proxy = Matcher::from_system().intercept(&uri)?;
            let variables = match self.base.scheme() {
                "https" => "HTTPS_PROXY or ALL_PROXY",
                _ => "HTTP_PROXY or ALL_PROXY",
            };
            // The authority without user and password.
            let host = proxy.uri().host()?;
            let address = proxy.uri().port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
            let port = proxy.uri().port_u16().unwrap_or(match proxy.uri().scheme_str() {
                Some("https") => 443,
                Some(scheme) if scheme.starts_with("socks") => 1080,
                Some(_) | None => 80,
            });
            let host = host.trim_matches(['[', ']']).to_owned();
            Some(Proxy { address, host, port, variables })
        };
        self.proxy.get_or_init(find).as_ref()
    }

    /// Checks that secrets may be sent to this endpoint.
    ///
    /// # Errors
    ///
    /// Returns [`EndpointError::PlainHttp`] if anybody on the way to the provider could read them.
    pub fn check_transport(&self, profile: &ApiProfile) -> Result<(), EndpointError> {
        let is_exposed = self.base.scheme() == "http" && !is_loopback(&self.base) && !profile.allow_plain_http;
        if is_exposed { Err(EndpointError::PlainHttp) } else { Ok(()) }
    }

    /// Builds a POST request to `path` below the base URL, such as `images/edits`, without the headers that describe
    /// the body.
    ///
    /// # Errors
    ///
    /// Fails if no client can be created, if a header cannot carry the credential, or if others could read the
    /// credential on the way.
    pub(crate) async fn post(
        &self,
        profile: &ApiProfile,
        path: &str,
        model: &str,
        credential: Option<&Credential>,
        originator: &str,
    ) -> Result<RequestBuilder, EndpointError> {
        let request = self.client(Target::Provider).await?.post(self.url(profile, path, model));
        let request = self.authorize(request, profile, credential)?;
        Ok(if originator.is_empty() { request } else { request.header("originator", to_header_text(originator)) })
    }

    /// Builds a GET request to `path` below the base URL.
    ///
    /// # Errors
    ///
    /// Fails for the same reasons as [`Self::post`].
    pub(crate) async fn get(
        &self,
        profile: &ApiProfile,
        path: &str,
        credential: Option<&Credential>,
    ) -> Result<RequestBuilder, EndpointError> {
        self.authorize(self.client(Target::Provider).await?.get(self.url(profile, path, "")), profile, credential)
    }

    /// Returns the client for `target`. It adds no credential by itself.
    ///
    /// # Errors
    ///
    /// Fails if the client cannot be created.
    pub(crate) async fn client(&self, target: Target) -> Result<&Client, EndpointError> {
        self.clients.get(target).await
    }

    /// Adds the headers of the profile and the credential.
    fn authorize(
        &self,
        mut request: RequestBuilder,
        profile: &ApiProfile,
        credential: Option<&Credential>,
    ) -> Result<RequestBuilder, EndpointError> {
        if credential.is_some() || !profile.headers.is_empty() {
            self.check_transport(profile)?;
        }
        for (name, value) in &profile.headers {
            request = request.header(name, sensitive_value(value.expose_secret())?);
        }
        let Some(credential) = credential else { return Ok(request) };
        let secret = credential.secret.expose_secret();
        request = match &profile.auth {
            AuthScheme::Bearer => request.header("authorization", sensitive_value(&format!("Bearer {secret}"))?),
            AuthScheme::Header(name) => request.header(name, sensitive_value(secret)?),
            AuthScheme::None => request,
        };
        Ok(match &credential.account_id {
            Some(account) => request.header("chatgpt-account-id", sensitive_value(account)?),
            None => request,
        })
    }

    fn url(&self, profile: &ApiProfile, path: &str, model: &str) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty();
            if profile.path_style == PathStyle::AzureDeployment {
                segments.push("openai");
                if path.starts_with("images/") {
                    segments.extend(["deployments", model]);
                }
            }
            segments.extend(path.split('/'));
        }
        if !profile.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&profile.query);
        }
        url
    }
}

/// Creates a header value that is redacted in logs.
fn sensitive_value(value: &str) -> Result<HeaderValue, EndpointError> {
    let mut value = HeaderValue::from_str(value).map_err(|_| EndpointError::InvalidHeader)?;
    value.set_sensitive(true);
    Ok(value)
}

/// Keeps at most 100 characters that a header can carry.
fn to_header_text(name: &str) -> String {
    name.chars().filter(|c| c.is_ascii_graphic() || *c == ' ').take(100).collect()
}

#[cfg(test)]
mod tests {
    use easel_imagegen::preset::Preset;
    use secrecy::SecretString;

    use super::*;

    fn url(preset: Preset, base: &str, path: &str) -> String {
        let endpoint = Endpoint::new(base.parse().unwrap(), Duration::from_secs(1));
        endpoint.url(&ApiProfile::from_preset(preset), path, "my deployment").to_string()
    }

    #[test]
    fn azure_puts_the_deployment_in_image_paths_only() {
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

    #[tokio::test]
    async fn secrets_need_https_or_loopback_unless_allowed() {
        let credential = Credential {
            kind: easel_imagegen::capability::AuthKind::ApiKey,
            secret: SecretString::from("sk-canary-0123456789".to_owned()),
            account_id: None,
        };
        let mut with_header = ApiProfile::from_preset(Preset::Generic);
        with_header.headers.insert("x-key".to_owned(), SecretString::from("sk-canary".to_owned()));
        let plain = ApiProfile::from_preset(Preset::Generic);
        let allowed = ApiProfile { allow_plain_http: true, ..with_header.clone() };
        for (base, profile, credential, sent) in [
            ("http://192.168.0.9:8080/v1", &plain, Some(&credential), false),
            ("http://images.example.com/v1", &with_header, None, false),
            ("http://images.example.com/v1", &plain, None, true),
            ("http://images.example.com/v1", &allowed, Some(&credential), true),
            ("https://images.example.com/v1", &with_header, Some(&credential), true),
            ("http://127.0.0.1:8080/v1", &with_header, Some(&credential), true),
            ("http://localhost:8080/v1", &with_header, Some(&credential), true),
        ] {
            let endpoint = Endpoint::new(base.parse().unwrap(), Duration::from_secs(1));
            let requests = [
                endpoint.post(profile, "responses", "m", credential, "").await,
                endpoint.get(profile, "models", credential).await,
            ];
            for request in requests {
                assert_eq!(request.is_ok(), sent, "{base} {request:?}");
            }
        }
    }

    #[test]
    fn address_has_the_path_without_secrets() {
        for (base, address) in [
            ("https://api.openai.com/v1/", "api.openai.com/v1/responses"),
            ("http://user:secret@[::1]:8080?key=secret", "[::1]:8080/responses"),
            ("https://gateway.example/0123456789abcdef0123456789abcdef/v1", "gateway.example/***/v1/responses"),
            ("https://gateway.example/k3y/openai/v1", "gateway.example/***/openai/v1/responses"),
            ("https://gateway.example//v1//k3y//", "gateway.example/v1/***/responses"),
        ] {
            let endpoint = Endpoint::new(base.parse().unwrap(), Duration::ZERO);
            let profile = ApiProfile::from_preset(Preset::Generic);
            assert_eq!(endpoint.request_address(&profile, "responses", "m"), address);
        }
    }

    #[test]
    fn host_contains_no_secret() {
        for (base, host) in [
            ("https://images.example.com/secret/v1?key=secret", "images.example.com"),
            ("http://user:secret@[::1]:8080/v1", "[::1]:8080"),
            ("https://h:443/v1", "h"),
        ] {
            assert_eq!(Endpoint::new(base.parse().unwrap(), Duration::ZERO).host(), host);
        }
    }
}
