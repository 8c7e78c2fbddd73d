//! Admits WebSocket handshakes of programs on this machine, never of web pages.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use sha2::{Digest, Sha256};
use tungstenite::handshake::server::Request;
use tungstenite::http::header::{AUTHORIZATION, HOST, ORIGIN};
use tungstenite::http::{HeaderMap, HeaderName, StatusCode};

/// A bearer token, stored as its SHA-256.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Token([u8; 32]);

impl Token {
    /// Creates a token from its text. White space around it is ignored, because files end with a newline.
    pub fn new(text: &str) -> Self {
        Self(Sha256::digest(text.trim().as_bytes()).into())
    }

    /// Creates a token from the SHA-256 of its text.
    pub fn from_sha256(digest: [u8; 32]) -> Self {
        Self(digest)
    }

    /// Returns whether a client presents this token. Compares the hashes in constant time.
    pub fn matches(&self, text: &str) -> bool {
        let Self(presented) = Self::new(text);
        self.0.iter().zip(presented).fold(0, |differing, (ours, theirs)| differing | (ours ^ theirs)) == 0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(***)")
    }
}

/// What a client must present, besides not being a web page.
#[derive(Debug, Clone, Copy)]
pub enum Admission {
    /// This token as `Authorization: Bearer`, and a `Host` that is a loopback address.
    Token(Token),
    /// Nothing more: the connection itself identifies the user, as a Unix socket does.
    Known,
}

/// Checks the headers. A browser sends `Origin` with every WebSocket. Its `Host` is the name that it looked up, which
/// is not a loopback address even if a DNS server resolves it to one (DNS rebinding).
pub(super) fn check(request: &Request, admission: &Admission) -> Result<(), (StatusCode, &'static str)> {
    let headers = request.headers();
    if headers.contains_key(ORIGIN) {
        return Err((StatusCode::FORBIDDEN, "web pages are not allowed"));
    }
    let token = match admission {
        Admission::Token(token) => token,
        Admission::Known => return Ok(()),
    };
    if !single_header(headers, &HOST).is_some_and(is_loopback_host) {
        return Err((StatusCode::FORBIDDEN, "the Host must be a loopback address"));
    }
    let presented = single_header(headers, &AUTHORIZATION).and_then(|value| value.split_once(' '));
    match presented {
        Some((scheme, text)) if scheme.eq_ignore_ascii_case("bearer") && token.matches(text) => Ok(()),
        Some(_) | None => Err((StatusCode::UNAUTHORIZED, "a bearer token is required")),
    }
}

/// Returns the value of a header that occurs exactly once and is text.
fn single_header<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    if values.next().is_some() { None } else { first.to_str().ok() }
}

fn is_loopback_host(host: &str) -> bool {
    if let Ok(address) = host.parse::<SocketAddr>() {
        return address.ip().is_loopback();
    }
    let without_port = match host.rsplit_once(':') {
        Some((name, port)) if !name.contains(':') && port.parse::<u16>().is_ok() => name,
        Some(_) | None => host,
    };
    let bare = without_port.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(without_port);
    bare.eq_ignore_ascii_case("localhost") || bare.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "0123456789abcdef";

    fn verdict(headers: &[(&'static str, &str)]) -> u16 {
        let mut request = Request::new(());
        for (name, value) in headers {
            request.headers_mut().append(*name, value.parse().unwrap());
        }
        let admission = Admission::Token(Token::new(&format!("{TOKEN}\n")));
        check(&request, &admission).map_or_else(|(status, _)| status.as_u16(), |()| 101)
    }

    #[test]
    fn host_must_be_loopback() {
        let bearer = ("authorization", "Bearer 0123456789abcdef");
        for host in ["127.0.0.1", "127.0.0.1:4500", "localhost", "LocalHost:80", "[::1]", "[::1]:4500", "127.8.9.1:1"] {
            assert_eq!(verdict(&[("host", host), bearer]), 101, "{host}");
        }
        for host in ["", "evil.example", "evil.example:4500", "127.0.0.1.evil.example", "localhost.evil:1", "10.0.0.1"]
        {
            assert_eq!(verdict(&[("host", host), bearer]), 403, "{host}");
        }
        for host in ["[::2]:4500", "127.0.0.1@evil", "0.0.0.0:4500", "[localhost", "localhost:x"] {
            assert_eq!(verdict(&[("host", host), bearer]), 403, "{host}");
        }
        assert_eq!(verdict(&[bearer]), 403, "no Host at all");
        assert_eq!(verdict(&[("host", "localhost"), ("host", "evil"), bearer]), 403, "two of them");
    }

    #[test]
    fn origin_header_is_always_rejected() {
        for origin in ["null", "http://localhost:4500", "https://evil.example", "file://"] {
            let headers = [("host", "localhost"), ("authorization", "Bearer 0123456789abcdef"), ("origin", origin)];
            assert_eq!(verdict(&headers), 403, "{origin}");
            let mut request = Request::new(());
            request.headers_mut().insert("origin", origin.parse().unwrap());
            assert!(check(&request, &Admission::Known).is_err());
        }
    }

    #[test]
    fn token_must_match_and_scheme_ignores_case() {
        for (shown, expected) in [
            ("Bearer 0123456789abcdef", 101),
            ("bearer 0123456789abcdef", 101),
            ("Bearer 0123456789abcde", 401),
            ("Bearer 0123456789abcdeF", 401),
            ("Bearer ", 401),
            ("Basic 0123456789abcdef", 401),
            ("0123456789abcdef", 401),
        ] {
            assert_eq!(verdict(&[("host", "localhost"), ("authorization", shown)]), expected, "{shown}");
        }
        assert_eq!(verdict(&[("host", "localhost")]), 401);
        assert!(check(&Request::new(()), &Admission::Known).is_ok());
        assert_eq!(format!("{:?}", Token::new(TOKEN)), "Token(***)");
    }
}
