//! Where a provider is, and the client that speaks to it.

mod address;
mod clients;

use std::time::Duration;

use reqwest::{Client, RequestBuilder, Url};

use secrecy::ExposeSecret;

use crate::credential::Credential;
use crate::profile::{ApiProfile, AuthScheme, PathStyle};
pub(crate) use address::{NotPublic, is_public};
pub(crate) use clients::Target;
use clients::{Clients, is_loopback};

/// One origin. Credentials that go to it go to no other: redirects are not followed.
#[derive(Debug)]
pub struct Endpoint {
    base: Url,
    clients: Clients,
}

impl Endpoint {
    pub fn new(base: Url, connect_timeout: Duration) -> Self {
        let clients = Clients::new(&base, connect_timeout);
        Self { base, clients }
    }

    pub fn base(&self) -> &Url {
        &self.base
    }

    /// The host, with the port where it is not the scheme's own.
    pub(crate) fn host(&self) -> String {
        let host = self.base.host_str().unwrap_or_default();
        self.base.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// Why no secret may be sent here, if none may: anybody on the way to another machine can read plain HTTP.
    pub fn exposes_secrets(&self, record: &ApiProfile) -> Option<&'static str> {
        let exposed = self.base.scheme() == "http" && !is_loopback(&self.base) && !record.allow_plain_http;
        exposed.then_some("plain http:// shows a key to anybody on the way; use https://, or allow_plain_http = true")
    }

    /// A request to `path` below the base, such as `images/edits`, with all headers but the body's.
    ///
    /// # Errors
    /// One sentence: no client can be made without certificates for TLS, no header can hold the credential, or others
    /// could read it on the way.
    pub async fn post(
        &self,
        record: &ApiProfile,
        path: &str,
        model: &str,
        credential: Option<&Credential>,
        originator: &str,
    ) -> Result<RequestBuilder, String> {
        let request = self.client(Target::Own).await?.post(self.url(record, path, model));
        let request = self.authorised(request, record, credential)?;
        Ok(if originator.is_empty() { request } else { request.header("originator", header(originator)) })
    }

    /// A question to `path` below the base.
    ///
    /// # Errors
    /// As [`Self::post`].
    pub(crate) async fn get(
        &self,
        record: &ApiProfile,
        path: &str,
        credential: Option<&Credential>,
    ) -> Result<RequestBuilder, String> {
        self.authorised(self.client(Target::Own).await?.get(self.url(record, path, "")), record, credential)
    }

    /// The request with what authorises it, unless others could read that.
    fn authorised(
        &self,
        request: RequestBuilder,
        record: &ApiProfile,
        credential: Option<&Credential>,
    ) -> Result<RequestBuilder, String> {
        if (credential.is_some() || !record.headers.is_empty())
            && let Some(reason) = self.exposes_secrets(record)
        {
            return Err(reason.to_owned());
        }
        authorised(request, record, credential)
    }

    fn url(&self, record: &ApiProfile, path: &str, model: &str) -> Url {
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

    /// The client for `target`, without any header of a credential.
    pub(crate) async fn client(&self, target: Target) -> Result<&Client, String> {
        self.clients.get(target).await
    }
}

/// The request with the provider's headers and the credential.
fn authorised(
    mut request: RequestBuilder,
    record: &ApiProfile,
    credential: Option<&Credential>,
) -> Result<RequestBuilder, String> {
    for (name, value) in &record.headers {
        request = request.header(name, sensitive(value.expose_secret())?);
    }
    let Some(credential) = credential else { return Ok(request) };
    request = match &record.auth {
        AuthScheme::Bearer => {
            request.header("authorization", sensitive(&format!("Bearer {}", credential.secret.expose_secret()))?)
        }
        AuthScheme::Header(name) => request.header(name, sensitive(credential.secret.expose_secret())?),
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
    use easel_imagegen::preset::Preset;
    use secrecy::SecretString;

    use super::*;
    fn url(preset: Preset, base: &str, path: &str) -> String {
        let endpoint = Endpoint::new(base.parse().unwrap(), Duration::from_secs(1));
        endpoint.url(&ApiProfile::from_preset(preset), path, "my deployment").to_string()
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

    #[tokio::test]
    async fn a_secret_goes_over_plain_http_to_this_machine_alone_unless_allowed() {
        let credential = Credential {
            kind: easel_imagegen::capability::AuthKind::ApiKey,
            secret: SecretString::from("sk-canary-0123456789".to_owned()),
            account_id: None,
        };
        let mut with_header = ApiProfile::from_preset(Preset::Generic);
        with_header.headers.insert("x-key".to_owned(), SecretString::from("sk-canary".to_owned()));
        let plain = ApiProfile::from_preset(Preset::Generic);
        let allowed = ApiProfile { allow_plain_http: true, ..with_header.clone() };
        for (base, record, credential, sent) in [
            ("http://192.168.0.9:8080/v1", &plain, Some(&credential), false),
            ("http://images.example.com/v1", &with_header, None, false),
            ("http://images.example.com/v1", &plain, None, true),
            ("http://images.example.com/v1", &allowed, Some(&credential), true),
            ("https://images.example.com/v1", &with_header, Some(&credential), true),
            ("http://127.0.0.1:8080/v1", &with_header, Some(&credential), true),
            ("http://localhost:8080/v1", &with_header, Some(&credential), true),
        ] {
            let endpoint = Endpoint::new(base.parse().unwrap(), Duration::from_secs(1));
            let made = [
                endpoint.post(record, "responses", "m", credential, "").await,
                endpoint.get(record, "models", credential).await,
            ];
            for request in made {
                assert_eq!(request.is_ok(), sent, "{base} {request:?}");
            }
        }
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
