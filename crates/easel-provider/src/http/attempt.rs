//! The log line of an attempt.

use std::time::{Duration, Instant};

use reqwest::Response;

use super::upload::Upload;
use crate::rejection::{Redactor, Rejection, request_id};

/// One attempt of a request that was answered with success. Logs its times when it is dropped, which is after the body
/// of the response has arrived.
#[derive(Debug)]
pub(crate) struct Attempt {
    provider: String,
    path: &'static str,
    number: u32,
    status: u16,
    request_id: Option<String>,
    upload: Upload,
    started: Instant,
    head_at: Instant,
}

/// What identifies an attempt in the log.
#[derive(Debug, Clone, Copy)]
pub(super) struct AttemptInfo<'a> {
    pub(super) provider: &'a str,
    pub(super) path: &'static str,
    /// Counts the attempts from 1.
    pub(super) number: u32,
    pub(super) started: Instant,
}

impl AttemptInfo<'_> {
    /// Returns the attempt whose response has begun. Returns `None` if its line would not be logged.
    pub(super) fn to_attempt(self, response: &Response, redactor: &Redactor, upload: &Upload) -> Option<Attempt> {
        tracing::enabled!(tracing::Level::INFO).then(|| Attempt {
            provider: self.provider.to_owned(),
            path: self.path,
            number: self.number,
            status: response.status().as_u16(),
            request_id: request_id(response.headers(), redactor),
            upload: upload.clone(),
            started: self.started,
            head_at: Instant::now(),
        })
    }

    /// Logs an attempt that failed.
    pub(super) fn log_failure(self, rejection: Option<&Rejection>, error: &str) {
        tracing::info!(
            provider = self.provider,
            path = self.path,
            attempt = self.number,
            status = rejection.map(|rejection| rejection.status),
            code = rejection.and_then(|rejection| rejection.code.as_deref()),
            request_id = rejection.and_then(|rejection| rejection.request_id.as_deref()),
            elapsed_ms = to_ms(self.started.elapsed()),
            error,
            "a request failed"
        );
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        let since_start = |at: Instant| at.saturating_duration_since(self.started);
        let connect = self.upload.start_time().map(since_start).unwrap_or_default();
        let sent = self.upload.end_time().map(since_start).unwrap_or(connect);
        tracing::info!(
            provider = self.provider,
            path = self.path,
            attempt = self.number,
            status = self.status,
            request_id = self.request_id,
            connect_ms = to_ms(connect),
            upload_ms = to_ms(sent.saturating_sub(connect)),
            first_byte_ms = to_ms(since_start(self.head_at).saturating_sub(sent)),
            body_ms = to_ms(self.head_at.elapsed()),
            "a request was answered"
        );
    }
}

/// Returns whole milliseconds, as a number that the log writes as one.
fn to_ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
