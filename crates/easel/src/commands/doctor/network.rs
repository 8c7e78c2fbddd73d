//! Checks of the way to the provider: proxy, certificates, and the provider itself.

use std::time::Duration;

use easel_config::Environment;
use easel_imagegen::port::Provider;
use easel_provider::{Probe, ProbeError};
use reqwest::Url;
use tokio::net::TcpStream;

use super::check::{Check, sentence};
use crate::providers::AnyProvider;

/// How long a proxy may take to accept a connection.
const PROXY_TIMEOUT: Duration = Duration::from_secs(5);

/// Checks that the proxy, if the environment sets one, accepts connections.
pub(super) async fn check_proxy(environment: &Environment, base: Option<&Url>) -> Check {
    const NAME: &str = "proxy";
    let Some(base) = base else { return Check::ok(NAME, "None is needed.") };
    if easel_provider::is_loopback(base) {
        return Check::ok(NAME, "None is used: the provider is on this machine.");
    }
    let Some((variable, value)) = proxy_variable(environment, base.scheme()) else {
        return Check::ok(NAME, "None is set.");
    };
    let remedy = format!("Correct or unset {variable}, or list the provider's host in NO_PROXY.");
    let url = Url::parse(value).or_else(|_| Url::parse(&format!("http://{value}"))).ok();
    let address = url.as_ref().and_then(|url| Some((url.host_str()?.to_owned(), url.port_or_known_default()?)));
    // The value may contain a password.
    let Some((host, port)) = address else { return Check::failed(NAME, format!("{variable} is not a URL."), remedy) };
    let connect = TcpStream::connect((host.trim_matches(['[', ']']), port));
    let failure = match tokio::time::timeout(PROXY_TIMEOUT, connect).await {
        Ok(Ok(_)) => return Check::ok(NAME, format!("{host}:{port} ({variable}) accepts connections.")),
        Ok(Err(error)) => error.to_string().split(" (os error ").next().unwrap_or_default().to_ascii_lowercase(),
        Err(_) => format!("no answer within {} s", PROXY_TIMEOUT.as_secs()),
    };
    Check::failed(NAME, format!("The proxy {host}:{port} of {variable} cannot be reached: {failure}."), remedy)
}

/// Returns the variable that sets the proxy for a scheme, and its value.
fn proxy_variable<'a>(environment: &'a Environment, scheme: &str) -> Option<(&'static str, &'a str)> {
    let names = match scheme {
        "http" => ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"],
        _ => ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"],
    };
    names.into_iter().find_map(|name| Some((name, environment.text(name)?)))
}

/// Checks the files of certificates that the environment selects.
pub(super) fn check_certificates(environment: &Environment, base: Option<&Url>) -> Check {
    const NAME: &str = "certificates";
    if base.is_none_or(|base| base.scheme() != "https") {
        return Check::ok(NAME, "None are needed.");
    }
    if let Some(file) = environment.path("SSL_CERT_FILE") {
        let remedy = "Set SSL_CERT_FILE to a file of certificates in PEM format, or unset it.";
        return match std::fs::read(&file) {
            Ok(bytes) if bytes.windows(PEM_START.len()).any(|window| window == PEM_START) => {
                Check::ok(NAME, format!("Those of {} (SSL_CERT_FILE).", file.display()))
            }
            Ok(_) => Check::failed(NAME, format!("{} contains no certificate.", file.display()), remedy),
            Err(error) => {
                let error = error.to_string();
                let cause = error.split(" (os error ").next().unwrap_or_default().to_ascii_lowercase();
                Check::failed(NAME, format!("{} cannot be read: {cause}.", file.display()), remedy)
            }
        };
    }
    match environment.path("SSL_CERT_DIR") {
        Some(folder) if folder.is_dir() => Check::ok(NAME, format!("Those of {} (SSL_CERT_DIR).", folder.display())),
        Some(folder) => {
            let finding = format!("{} is not a folder.", folder.display());
            Check::failed(NAME, finding, "Set SSL_CERT_DIR to a folder of certificates, or unset it.")
        }
        None => Check::ok(NAME, "Those of the system."),
    }
}

/// The start of a certificate in PEM format.
const PEM_START: &[u8] = b"-----BEGIN CERTIFICATE-----";

/// Checks that the provider can be reached and accepts the credential. Returns the models that it lists, too.
pub(super) async fn check_provider(provider: &AnyProvider) -> (Check, Vec<String>) {
    const NAME: &str = "provider";
    let info = provider.info();
    let name = format!("`{}` at {}", info.id, info.base_url.as_deref().map(show_url).unwrap_or_default());
    if let Some(reason) = provider.unavailable_reason() {
        return (
            Check::failed(NAME, reason, "Correct [model_providers] or model_provider in config.toml."),
            Vec::new(),
        );
    }
    let Some(probed) = provider.probe().await else {
        return (Check::ok(NAME, "`preview` is built in: it draws placeholders without a network."), Vec::new());
    };
    let check = match probed {
        Ok(Probe::Models(models)) => {
            return (Check::ok(NAME, format!("{name} accepts requests.")), models);
        }
        Ok(Probe::NoList(status)) => Check::ok(NAME, format!("{name} answers; it lists no models (HTTP {status}).")),
        Err(ProbeError::Credential(_)) => Check::skipped(NAME, "There is no credential to try it with."),
        Err(error @ ProbeError::Rejected(_)) => {
            let source = provider.credential_source().map(|source| format!(" The credential comes from {source}."));
            let finding = sentence(&error.to_string()) + &source.unwrap_or_default();
            Check::failed(NAME, finding, provider.credential_remedy())
        }
        Err(error @ ProbeError::Unreachable(_)) => {
            let remedy = "Check base_url in config.toml, the network and the proxy.";
            Check::failed(NAME, sentence(&error.to_string()), remedy)
        }
    };
    (check, Vec::new())
}

/// Returns a URL without the parts that may be secret.
fn show_url(url: &str) -> String {
    let Ok(url) = Url::parse(url) else { return "an invalid URL".to_owned() };
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{}{port}", url.scheme(), url.host_str().unwrap_or_default())
}
