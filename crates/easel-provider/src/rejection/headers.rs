//! Headers of an error response.

use std::time::{Duration, SystemTime};

use reqwest::header::HeaderMap;

/// Returns the first value of a header, if it is text.
pub(super) fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

/// Returns the request id that the provider's support asks for.
pub(super) fn request_id(headers: &HeaderMap) -> Option<String> {
    ["x-request-id", "apim-request-id", "x-oai-request-id", "request-id"]
        .into_iter()
        .find_map(|name| text(headers, name))
}

/// Returns the time to wait from `retry-after-ms`, or from `Retry-After` in seconds or as a date.
///
/// `now` is the time since the Unix epoch.
pub(super) fn retry_after(headers: &HeaderMap, now: Duration) -> Option<Duration> {
    let number = |name: &str| text(headers, name)?.trim().parse::<f64>().ok().filter(|number| *number >= 0.0);
    if let Some(milliseconds) = number("retry-after-ms") {
        return Duration::try_from_secs_f64(milliseconds / 1_000.0).ok();
    }
    if let Some(seconds) = number("retry-after") {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let date = httpdate::parse_http_date(text(headers, "retry-after")?.trim()).ok()?;
    Some(date.duration_since(SystemTime::UNIX_EPOCH).ok()?.saturating_sub(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(name: &'static str, value: &'static str) -> Option<Duration> {
        let headers = HeaderMap::from_iter([(name.parse().unwrap(), value.parse().unwrap())]);
        retry_after(&headers, Duration::from_secs(784_111_700))
    }

    #[test]
    fn retry_after_takes_seconds_milliseconds_and_dates() {
        assert_eq!(wait("retry-after", "7"), Some(Duration::from_secs(7)));
        assert_eq!(wait("retry-after-ms", "250"), Some(Duration::from_millis(250)));
        assert_eq!(wait("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT"), Some(Duration::from_secs(77)));
        assert_eq!(wait("retry-after", "Sun, 06 Nov 1994 08:00:00 GMT"), Some(Duration::ZERO));
    }

    #[test]
    fn invalid_retry_after_is_ignored() {
        for value in ["-1", "soon", "NaN", "1e300", "Sun, 06 Nov 1994", "Sun, 99 Foo 1994 08:49:37 GMT", ""] {
            assert_eq!(wait("retry-after", value), None, "{value}");
        }
    }
}
