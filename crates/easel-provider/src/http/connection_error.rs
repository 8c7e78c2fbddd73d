//! Sentences about connections that cannot be opened or break.

use std::error::Error;
use std::io;

use super::Endpoint;
use super::destination::Proxy;
use crate::os;

/// A reason why a connection fails that has a remedy of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reason {
    UnknownName,
    Timeout,
    /// No trusted authority has signed the certificate.
    UntrustedCertificate,
    /// The certificate is not valid for another reason, such as its host or its time.
    InvalidCertificate,
    /// The other side sent something other than TLS.
    NotTls,
    /// The other side sent something other than HTTP.
    NotHttp,
    ProxyLogin,
    ProxyRefusal,
    Other,
}

/// Why a provider cannot be reached, and what helps. Both are parts of a sentence.
#[derive(Debug)]
pub(crate) struct Unreachable {
    pub(crate) message: String,
    pub(crate) remedy: String,
}

/// Returns why no connection to `provider` could be opened, and what helps. `cause` is the redacted innermost cause.
///
/// `provider` is the description of the provider with its address.
pub(crate) fn describe_unreachable(
    provider: &str,
    endpoint: &Endpoint,
    error: &reqwest::Error,
    cause: &str,
) -> Unreachable {
    let (reason, proxy) = (find_reason(error), endpoint.proxy());
    let target = proxy.map_or_else(|| endpoint.host(), |proxy| proxy.address.clone());
    let cause = match (reason, proxy) {
        (Reason::Timeout, _) => {
            format!(
                "no connection to {target} within {} s (connect_timeout_ms)",
                endpoint.connect_timeout().as_secs_f32()
            )
        }
        (Reason::UnknownName, _) => format!("the name {} cannot be resolved", without_port(&target)),
        (Reason::NotTls, _) => format!("{} does not speak TLS at this port ({cause})", endpoint.host()),
        (Reason::ProxyLogin, Some(proxy)) => format!("{proxy} requires a login"),
        (Reason::ProxyRefusal, Some(proxy)) => format!("{proxy} refused to connect to it"),
        (
            Reason::UntrustedCertificate
            | Reason::InvalidCertificate
            | Reason::NotHttp
            | Reason::ProxyLogin
            | Reason::ProxyRefusal
            | Reason::Other,
            _,
        ) => cause.to_owned(),
    };
    let through = proxy.filter(|_| !matches!(reason, Reason::ProxyLogin | Reason::ProxyRefusal));
    let through = through.map_or_else(String::new, |proxy| format!(" through {proxy}"));
    Unreachable { message: format!("{provider} cannot be reached{through}: {cause}"), remedy: remedy(reason, proxy) }
}

/// Returns why the connection to `provider` was lost before a response began, and what helps if that is known.
pub(super) fn lost_message(provider: &str, endpoint: &Endpoint, error: &reqwest::Error, cause: &str) -> String {
    let through = endpoint.proxy().map_or_else(String::new, |proxy| format!(" through {proxy}"));
    let remedy = match find_reason(error) {
        Reason::NotHttp if endpoint.base().scheme() == "http" => {
            "; if the provider expects https, start its base_url with https://"
        }
        Reason::NotHttp
        | Reason::UnknownName
        | Reason::Timeout
        | Reason::UntrustedCertificate
        | Reason::InvalidCertificate
        | Reason::NotTls
        | Reason::ProxyLogin
        | Reason::ProxyRefusal
        | Reason::Other => "",
    };
    format!("the connection to {provider}{through} was lost before it answered: {cause}{remedy}")
}

fn remedy(reason: Reason, proxy: Option<&Proxy>) -> String {
    match (reason, proxy) {
        (Reason::UntrustedCertificate, _) if os::READS_SSL_CERT_FILE => {
            "set SSL_CERT_FILE to a file with the certificate of its authority".to_owned()
        }
        (Reason::UntrustedCertificate, _) => "add its authority to the certificates of the system".to_owned(),
        (Reason::InvalidCertificate, _) => "check its base_url, its certificate and the clock".to_owned(),
        (Reason::NotTls, _) => "if it expects plain http, start its base_url with http://".to_owned(),
        (Reason::ProxyLogin, Some(proxy)) => format!("put user and password into {}", proxy.variables),
        (Reason::Timeout, None) => "check its base_url and the network".to_owned(),
        (Reason::UnknownName, None) => "check its base_url and the network's name server".to_owned(),
        (_, Some(proxy)) => format!("check {}, or list the host in NO_PROXY", proxy.variables),
        (Reason::ProxyLogin | Reason::ProxyRefusal | Reason::NotHttp | Reason::Other, None) => {
            "check its base_url, and that the server runs".to_owned()
        }
    }
}

/// Looks through all causes of an error. Some libraries have no public type for their errors, so texts decide there.
fn find_reason(error: &reqwest::Error) -> Reason {
    let mut next: Option<&(dyn Error + 'static)> = error.source();
    while let Some(cause) = next {
        let inner = unwrap_io(cause);
        if let Some(tls) = inner.downcast_ref::<rustls::Error>() {
            return tls_reason(tls);
        }
        match inner.to_string().as_str() {
            "tls handshake eof" => return Reason::NotTls,
            "dns error" => return Reason::UnknownName,
            "tunnel error: proxy authorization required" => return Reason::ProxyLogin,
            "tunnel error: unsuccessful" => return Reason::ProxyRefusal,
            text if text.starts_with("invalid HTTP ") => return Reason::NotHttp,
            _ => {}
        }
        next = cause.source();
    }
    if error.is_timeout() { Reason::Timeout } else { Reason::Other }
}

/// Returns what an I/O error contains, at any depth. It is not one of the causes of the error.
fn unwrap_io<'a>(mut error: &'a (dyn Error + 'static)) -> &'a (dyn Error + 'static) {
    while let Some(inner) = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        error = inner;
    }
    error
}

fn tls_reason(error: &rustls::Error) -> Reason {
    if let rustls::Error::InvalidCertificate(problem) = error {
        let is_untrusted = matches!(problem, rustls::CertificateError::UnknownIssuer);
        return if is_untrusted { Reason::UntrustedCertificate } else { Reason::InvalidCertificate };
    }
    if matches!(error, rustls::Error::InvalidMessage(_)) { Reason::NotTls } else { Reason::Other }
}

fn without_port(address: &str) -> &str {
    address.rsplit_once(':').map_or(address, |(host, _)| host)
}
