//! The page, assembled from its embedded files, and what the browser allows it.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

const INDEX: &str = include_str!("../page/index.html");
const SCRIPT: &str = include_str!("../page/dist/gallery.js");
const STYLE: &str = include_str!("../page/dist/style.css");

/// Where index.html has its parts.
const POLICY_MARK: &str = "<!-- policy -->";
const STYLE_MARK: &str = "<!-- style -->";
const DATA_MARK: &str = "<!-- data -->";
const SCRIPT_MARK: &str = "<!-- script -->";
const THUMBNAILS_MARK: &str = "<!-- thumbnails -->";

/// The page for a browser that gets the data from the server.
pub(crate) static SERVED: LazyLock<String> = LazyLock::new(|| parts("").concat());

/// The policy of the served page. Only its own script and style run, whatever a prompt contains; the page cannot be
/// framed, and connects to its own server only.
pub(crate) static SERVED_POLICY: LazyLock<String> =
    LazyLock::new(|| format!("{}; connect-src 'self'; frame-ancestors 'none'", policy()));

/// Returns the parts of a page that has its data in it: the records are between the first and the second part, the
/// thumbnails between the second and the third.
pub(crate) fn offline() -> [String; 3] {
    parts(&format!("<meta http-equiv=\"Content-Security-Policy\" content=\"{}\">", policy()))
}

/// Returns the page without its data.
fn parts(policy: &str) -> [String; 3] {
    let (head, rest) = INDEX.split_once(DATA_MARK).unwrap_or((INDEX, ""));
    let (script, tail) = rest.split_once(THUMBNAILS_MARK).unwrap_or((rest, ""));
    let head = head.replacen(POLICY_MARK, policy, 1).replacen(STYLE_MARK, STYLE, 1);
    [head, script.replacen(SCRIPT_MARK, SCRIPT, 1), tail.to_owned()]
}

/// Returns the policy of both kinds of pages.
fn policy() -> String {
    format!(
        "default-src 'none'; script-src '{}'; style-src '{}'; img-src data: blob:; base-uri 'none'; form-action 'none'; \
         require-trusted-types-for 'script'; trusted-types 'none'",
        source_of(SCRIPT),
        source_of(STYLE)
    )
}

/// Returns the hash of an inline element's text, as a policy names it.
fn source_of(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mark_is_replaced() {
        for page in [SERVED.clone(), offline().concat()] {
            assert!(!page.contains("<!-- "), "{page}");
            assert!(page.contains(SCRIPT) && page.contains(STYLE));
        }
    }

    #[test]
    fn embedded_files_have_no_carriage_returns() {
        // A browser reads them as line feeds, and would refuse a script with another hash.
        assert!([INDEX, SCRIPT, STYLE].iter().all(|file| !file.contains('\r')));
    }

    #[test]
    fn embedded_files_cannot_end_their_elements() {
        assert!(!SCRIPT.contains("</script") && !SCRIPT.contains("<!--"));
        assert!(!STYLE.contains("</style"));
    }
}
