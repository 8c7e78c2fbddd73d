//! A log of the requests that tests send over HTTP. The interop tests check each of them against OpenAI's API document.
//!
//! Every HTTP server of the tests passes what it received to [`record`].

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

/// The environment variable that names the folder of the log. Without it nothing is recorded.
const FOLDER_VARIABLE: &str = "EASEL_REQUEST_LOG";

/// A header that only tests send. It names the endpoints where a provider deviates from OpenAI's API by design, and
/// how.
pub const DIALECT_HEADER: &str = "x-easel-dialect";

/// The headers that are recorded. Others may hold credentials, and no check looks at them.
const RECORDED_HEADERS: [&str; 2] = ["content-type", DIALECT_HEADER];

/// Writes one file: the request line, the recorded headers, an empty line and the body.
///
/// `head` is the request line and the headers.
///
/// # Panics
///
/// Panics if the folder of the log cannot be written.
pub fn record(head: &str, body: &[u8]) {
    static NEXT_NUMBER: AtomicU32 = AtomicU32::new(0);
    #[expect(clippy::disallowed_methods, reason = "a setting of the tests, not of the program")]
    let Some(folder) = std::env::var_os(FOLDER_VARIABLE) else { return };
    let mut lines = head.lines();
    let mut recorded = lines.next().unwrap_or_default().to_owned();
    for line in lines {
        let name = line.split_once(':').map_or("", |(name, _)| name);
        if RECORDED_HEADERS.iter().any(|header| header.eq_ignore_ascii_case(name)) {
            recorded.push('\n');
            recorded.push_str(line);
        }
    }
    let name = format!("{}-{}.http", std::process::id(), NEXT_NUMBER.fetch_add(1, Ordering::Relaxed));
    let request = [recorded.as_bytes(), b"\n\n", body].concat();
    std::fs::write(Path::new(&folder).join(name), request).expect("the folder of the request log is writable");
}
