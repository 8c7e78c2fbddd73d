//! The texts of the help and the version that clap cannot derive from the types.

use std::sync::LazyLock;

use easel_protocol::PEER_VERSION;

/// The commit that the executable is built from, which packages set when they build it.
const COMMIT: Option<&str> = option_env!("EASEL_COMMIT");

/// The version of Easel, of the protocol, and the commit if it is known.
pub(super) static VERSION: LazyLock<String> = LazyLock::new(|| {
    let commit = COMMIT.map(|commit| format!(", commit {commit}")).unwrap_or_default();
    format!("{} (app-server protocol {PEER_VERSION}{commit})", env!("CARGO_PKG_VERSION"))
});

/// What follows the list of commands.
pub(super) const AFTER: &str = "\
Environment variables:
  EASEL_HOME      Easel's home. Default: $CODEX_HOME/easel, else ~/.easel
  EASEL__KEY      A configuration key, such as EASEL__IMAGES__PARALLEL=2
  OPENAI_API_KEY  The API key of the provider openai, instead of a stored one
  HTTPS_PROXY     The proxy of providers; NO_PROXY lists hosts that are reached without it
  SSL_CERT_FILE   The certificates that are trusted (Linux)
  NO_COLOR        If set, no colors, and no pictures unless `draw` has --inline or --previews
  RUST_LOG        What is logged on stderr, such as easel=debug
  LOG_FORMAT      `json` logs JSON

Exit codes: 0 success, 1 failure, 2 wrong usage, 130 stopped by Ctrl-C.

Examples:
  easel draw a red star over a mountain       Draw an image
  easel demo                                  See a conversation with the built-in preview, without a key
  easel login --with-api-key                  Store a key of the OpenAI API
  easel doctor                                Find out why images cannot be made
  easel app-server --enable imagegenext       Serve a client over stdio";

/// Examples of the options that set the configuration.
pub(super) const AFTER_APP_SERVER: &str = "\
Examples:
  easel app-server -c images.parallel=2
  easel app-server --listen ws://127.0.0.1:4500";

/// Examples of drawing.
pub(super) const AFTER_DRAW: &str = "\
Examples:
  easel draw a lighthouse at dusk -o lighthouse.png
  easel draw --continue make it night
  easel draw \"add a hat\" -i cat.png --quality high
  git log -1 --format=%s | easel draw - --json

Ctrl-C stops the request and says what may be billed.";

/// Examples of the gallery.
#[cfg(feature = "gallery")]
pub(super) const AFTER_GALLERY: &str = "\
Examples:
  easel gallery --open
  easel gallery --out gallery.html --limit 500

The address gives access to all images of the home as long as the command runs.";

/// Examples of exports.
pub(super) const AFTER_EXPORT: &str = "\
Examples:
  easel export img_4k2hw1 -o lighthouse.webp --width 800
  easel export img_4k2hw1 --set web public --background \"#ffffff\"
  easel export img_4k2hw1 --set sizes assets --sizes 64,128,256 --name logo
  easel export img_4k2hw1 img_7c9xd0 --set sprites assets --sizes 64 --fit contain";
