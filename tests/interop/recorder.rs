//! What the tests send over HTTP, kept for a judge.
//!
//! Every HTTP server of the tests passes what it received on to [`record`]. Two crates and a benchmark share this file.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

/// Names the folder that takes a file for each request: the request line, the kept headers, an empty line, the body.
const FOLDER: &str = "EASEL_REQUEST_LOG";

/// A header that only tests send: the endpoints where the provider's API departs from OpenAI's by design, and how.
pub(crate) const DIALECT: &str = "x-easel-dialect";

/// Other headers are not kept: they hold credentials, and nobody judges them.
const KEPT: [&str; 2] = ["content-type", DIALECT];

/// `head` is the request line and the headers.
pub(crate) fn record(head: &str, body: &[u8]) {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    #[expect(clippy::disallowed_methods, reason = "a setting of the tests, not of the program")]
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let mut lines = head.lines();
    let mut kept = lines.next().unwrap_or_default().to_owned();
    for line in lines {
        let name = line.split_once(':').map_or("", |(name, _)| name);
        if KEPT.iter().any(|kept| kept.eq_ignore_ascii_case(name)) {
            kept.push('\n');
            kept.push_str(line);
        }
    }
    let name = format!("{}-{}.http", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    let request = [kept.as_bytes(), b"\n\n", body].concat();
    std::fs::write(Path::new(&folder).join(name), request).expect("the folder of requests takes a file");
}
