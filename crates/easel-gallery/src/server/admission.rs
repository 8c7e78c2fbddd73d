//! Decides which requests are answered: those of the page, which the user has opened with its token.

use easel_rpc::Token;
use hyper::header::{AUTHORIZATION, CONTENT_LENGTH, HOST, HeaderMap, HeaderName, ORIGIN, TRANSFER_ENCODING};
use hyper::{Method, Request, StatusCode};

/// How a browser says which page a request comes from.
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// Maximum length of a path with its query in bytes.
const MAX_PATH: usize = 2_048;
/// What is served without a token: the page, which contains no data.
pub(super) const PAGE_PATH: &str = "/";

/// What a request must present.
#[derive(Debug)]
pub(super) struct Admission {
    /// The values of `Host` by which the page is reached.
    hosts: [String; 2],
    token: Token,
}

impl Admission {
    pub(super) fn new(port: u16, token: Token) -> Self {
        Self { hosts: [format!("127.0.0.1:{port}"), format!("localhost:{port}")], token }
    }

    /// Checks the head of a request.
    ///
    /// A name that a DNS server resolves to this machine is not one of the hosts (DNS rebinding). A browser sends
    /// `Origin` or `Sec-Fetch-Site` with what another web page requests, and no web page knows the token.
    pub(super) fn check<B>(&self, request: &Request<B>) -> Result<(), (StatusCode, &'static str)> {
        let (headers, uri) = (request.headers(), request.uri());
        if request.method() != Method::GET {
            return Err((StatusCode::METHOD_NOT_ALLOWED, "only GET is allowed"));
        }
        if uri.path_and_query().is_none_or(|path| path.as_str().len() > MAX_PATH) {
            return Err((StatusCode::URI_TOO_LONG, "the path is too long"));
        }
        let has_body = single_header(headers, &CONTENT_LENGTH).is_some_and(|length| length != "0");
        if has_body || headers.get_all(CONTENT_LENGTH).iter().count() > 1 || headers.contains_key(TRANSFER_ENCODING) {
            return Err((StatusCode::PAYLOAD_TOO_LARGE, "a request has no body"));
        }
        let host = single_header(headers, &HOST).filter(|host| self.hosts.iter().any(|ours| ours == host));
        let Some(host) = host.filter(|_| uri.authority().is_none()) else {
            return Err((StatusCode::MISDIRECTED_REQUEST, "the Host must be the address that was printed"));
        };
        if headers.contains_key(ORIGIN) && single_header(headers, &ORIGIN) != Some(&format!("http://{host}")) {
            return Err((StatusCode::FORBIDDEN, "other web pages are not allowed"));
        }
        if uri.path() == PAGE_PATH {
            return Ok(());
        }
        if headers.contains_key(FETCH_SITE) && single_header(headers, &FETCH_SITE) != Some("same-origin") {
            return Err((StatusCode::FORBIDDEN, "other web pages are not allowed"));
        }
        match single_header(headers, &AUTHORIZATION).and_then(|value| value.split_once(' ')) {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") && self.token.matches(token) => Ok(()),
            Some(_) | None => Err((StatusCode::UNAUTHORIZED, "the token is missing or wrong")),
        }
    }
}

/// Returns the value of a header that occurs exactly once and is text.
fn single_header<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    if values.next().is_some() { None } else { first.to_str().ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST_HEADER: (&str, &str) = ("host", "127.0.0.1:8000");
    const BEARER: (&str, &str) = ("authorization", "Bearer secret");

    fn status(method: &str, path: &str, headers: &[(&'static str, &str)]) -> u16 {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let admission = Admission::new(8_000, Token::new("secret"));
        admission.check(&request.body(()).unwrap()).map_or_else(|(status, _)| status.as_u16(), |()| 200)
    }

    #[test]
    fn page_needs_no_token_and_data_does() {
        assert_eq!(status("GET", "/", &[HOST_HEADER]), 200);
        assert_eq!(status("GET", "/api/images", &[HOST_HEADER]), 401);
        assert_eq!(status("GET", "/api/images", &[HOST_HEADER, BEARER]), 200);
        for token in ["Bearer", "Bearer ", "Bearer Secret", "Basic secret", "secret"] {
            assert_eq!(status("GET", "/api/images", &[HOST_HEADER, ("authorization", token)]), 401, "{token}");
        }
        assert_eq!(status("GET", "/api/images", &[HOST_HEADER, BEARER, BEARER]), 401);
    }

    #[test]
    fn host_must_be_the_printed_address() {
        assert_eq!(status("GET", "/", &[("host", "localhost:8000")]), 200);
        for host in ["evil.example:8000", "127.0.0.1", "127.0.0.1:8001", "localhost", "127.0.0.1:8000.evil", ""] {
            assert_eq!(status("GET", "/", &[("host", host)]), 421, "{host}");
        }
        assert_eq!(status("GET", "/", &[]), 421);
        assert_eq!(status("GET", "/", &[HOST_HEADER, HOST_HEADER]), 421);
        assert_eq!(status("GET", "http://evil.example/", &[HOST_HEADER]), 421);
    }

    #[test]
    fn other_origins_and_sites_are_refused() {
        let path = "/api/images";
        for origin in ["null", "http://evil.example", "http://localhost:8000", "https://127.0.0.1:8000"] {
            assert_eq!(status("GET", path, &[HOST_HEADER, BEARER, ("origin", origin)]), 403, "{origin}");
            assert_eq!(status("GET", "/", &[HOST_HEADER, ("origin", origin)]), 403, "{origin}");
        }
        assert_eq!(status("GET", path, &[HOST_HEADER, BEARER, ("origin", "http://127.0.0.1:8000")]), 200);
        for site in ["cross-site", "same-site", "none"] {
            assert_eq!(status("GET", path, &[HOST_HEADER, BEARER, ("sec-fetch-site", site)]), 403, "{site}");
        }
        assert_eq!(status("GET", path, &[HOST_HEADER, BEARER, ("sec-fetch-site", "same-origin")]), 200);
        assert_eq!(status("GET", "/", &[HOST_HEADER, ("sec-fetch-site", "cross-site")]), 200);
    }

    #[test]
    fn only_short_gets_without_body_are_answered() {
        for method in ["POST", "PUT", "DELETE", "HEAD", "OPTIONS", "TRACE"] {
            assert_eq!(status(method, "/", &[HOST_HEADER]), 405, "{method}");
        }
        assert_eq!(status("GET", "/", &[HOST_HEADER, ("content-length", "1")]), 413);
        assert_eq!(status("GET", "/", &[HOST_HEADER, ("transfer-encoding", "chunked")]), 413);
        assert_eq!(status("GET", &format!("/{}", "a".repeat(MAX_PATH)), &[HOST_HEADER]), 414);
    }
}
