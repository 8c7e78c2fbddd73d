//! Checks of the way to the provider: proxy, certificates, and the provider itself.

use std::time::Duration;

use easel_config::Environment;
use easel_imagegen::port::Provider;
use easel_provider::{Probe, ProbeError, Proxy};
use reqwest::Url;
use tokio::net::TcpStream;

use super::check::{Check, sentence, without_number};
use crate::providers::AnyProvider;

/// How long a proxy may take to accept a connection.
const PROXY_TIMEOUT: Duration = Duration::from_secs(5);

/// Checks that the proxy that the provider's requests use, if any, accepts connections.
pub(super) async fn check_proxy(provider: &AnyProvider) -> Check {
    const NAME: &str = "proxy";
    let Some(base) = base_url(provider) else { return Check::ok(NAME, "None is needed.") };
    if easel_provider::is_loopback(&base) {
        return Check::ok(NAME, "None is used: the provider is on this machine.");
    }
    let Some(Proxy { address, host, port, variables }) = provider.proxy() else {
        return Check::ok(NAME, "None is used.");
    };
    let connect = TcpStream::connect((host, port));
    let failure = match tokio::time::timeout(PROXY_TIMEOUT, connect).await {
        Ok(Ok(_)) => return Check::ok(NAME, format!("{address} ({variables}) accepts connections.")),
        Ok(Err(error)) => without_number(&error.to_string()).to_ascii_lowercase(),
        Err(_) => format!("no answer within {} s", PROXY_TIMEOUT.as_secs()),
    };
    let remedy = format!("Correct or unset {variables}, or list the provider's host in NO_PROXY.");
    Check::failed(NAME, format!("The proxy {address} of {variables} cannot be reached: {failure}."), remedy)
}

fn base_url(provider: &AnyProvider) -> Option<Url> {
    provider.info().base_url.as_deref().and_then(|url| Url::parse(url).ok())
}

/// Checks the files of certificates that the environment selects.
pub(super) fn check_certificates(environment: &Environment, provider: &AnyProvider) -> Check {
    const NAME: &str = "certificates";
    if base_url(provider).is_none_or(|base| base.scheme() != "https") {
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
                let cause = without_number(&error.to_string()).to_ascii_lowercase();
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
        let remedy = "Correct [model_providers] or model_provider in config.toml.";
        return (Check::from_error(NAME, reason, remedy), Vec::new());
    }
    let Some(probed) = provider.probe().await else {
        return (Check::ok(NAME, "`preview` is built in: it draws placeholders without a network."), Vec::new());
    };
    let check = match probed {
        Ok(Probe::Models(models)) => {
            return (Check::ok(NAME, format!("{name} accepts requests.")), models);
        }
        Ok(Probe::LongList) => Check::ok(NAME, format!("{name} accepts requests.")),
        Ok(Probe::NoList { status, is_documented }) => {
            let finding = format!("{name} answers, but not with a list of models (HTTP {status}).");
            let remedy = "Check base_url in config.toml.";
            if is_documented { Check::failed(NAME, finding, remedy) } else { Check::warning(NAME, finding, remedy) }
        }
        Ok(Probe::Limited(status)) => {
            Check::warning(NAME, format!("{name} allows no more requests for now (HTTP {status})."), "Try again later.")
        }
        Err(ProbeError::Failed(message)) => {
            Check::failed(NAME, sentence(&message), "Check base_url in config.toml, and the provider's own log.")
        }
        Err(ProbeError::Credential(_)) => Check::skipped(NAME, "There is no credential to try it with."),
        Err(error @ ProbeError::Rejected(_)) => {
            let source = provider.credential_source().map(|source| format!(" The credential comes from {source}."));
            let finding = sentence(&error.to_string()) + &source.unwrap_or_default();
            Check::failed(NAME, finding, provider.credential_remedy())
        }
        Err(ProbeError::Unreachable { message, remedy }) => Check::failed(NAME, sentence(&message), sentence(&remedy)),
    };
    (check, Vec::new())
}

/// Returns a URL without the parts that may be secret.
fn show_url(url: &str) -> String {
    let Ok(url) = Url::parse(url) else { return "an invalid URL".to_owned() };
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{}{port}", url.scheme(), url.host_str().unwrap_or_default())
}
