//! What a client of the WebSocket must show.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use easel_rpc::Token;

use crate::process::private_file::{self, Secret};

/// The name of the file in the home.
const NAME: &str = "ws-token";

/// Bytes that are read of a token's file.
const LONGEST: u64 = 4096;

/// Where the token comes from. Options are spelled as those of the Codex app-server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum WebSocketAuth {
    /// A file in the home, made when it is not there.
    #[default]
    Own,
    /// `--ws-token-file`
    File(PathBuf),
    /// `--ws-token-sha256`
    Sha256([u8; 32]),
}

/// The token, and the file in the home that has it.
pub(super) struct Known {
    pub(super) token: Token,
    pub(super) file: Option<PathBuf>,
}

impl WebSocketAuth {
    pub(super) fn token(self, home: &Path) -> Result<Known, String> {
        match self {
            Self::Own => {
                let path = home.join(NAME);
                let text = own(home, &path).map_err(|error| format!("{}: {error}", path.display()))?;
                if text.was_open {
                    tracing::warn!("other users could read {} until now; remove it to get a new token", path.display());
                }
                Ok(Known { token: token(&path, &text.text)?, file: Some(path) })
            }
            Self::File(path) => {
                let text = private_file::read_as_it_is(&path, LONGEST);
                let text = text.map_err(|error| format!("--ws-token-file {}: {error}", path.display()))?;
                if text.was_open {
                    tracing::warn!("other users can read {}, and connect with the token in it", path.display());
                }
                Ok(Known { token: token(&path, &text.text)?, file: None })
            }
            Self::Sha256(digest) => Ok(Known { token: Token::from_sha256(digest), file: None }),
        }
    }
}

fn token(path: &Path, text: &str) -> Result<Token, String> {
    if text.trim().is_empty() {
        return Err(format!("{} has no token in it", path.display()));
    }
    Ok(Token::new(text))
}

/// The token in the home. It stays the same, so that several servers of one home and their clients can share it.
fn own(home: &Path, path: &Path) -> io::Result<Secret> {
    match private_file::read(path, LONGEST) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        found => return found,
    }
    let mut bits = [0; 32];
    getrandom::fill(&mut bits).map_err(io::Error::other)?;
    let text: String = bits.iter().map(|byte| format!("{byte:02x}")).collect();
    // Made aside, readable by the owner alone from its first byte, and whole when it gets its name.
    let mut staged = tempfile::Builder::new().prefix(".ws-token-").tempfile_in(home)?;
    writeln!(staged, "{text}")?;
    staged.as_file().sync_all()?;
    match staged.persist_noclobber(path) {
        Ok(_) => Ok(Secret { text, was_open: false }),
        // Another server was faster.
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => private_file::read(path, LONGEST),
        Err(error) => Err(error.error),
    }
}

/// 64 hexadecimal digits.
pub(crate) fn parse_sha256(text: &str) -> Result<[u8; 32], String> {
    let mut digest = [0; 32];
    let digits: Option<Vec<u8>> =
        text.chars().map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    let digits = digits.filter(|digits| digits.len() == 64).ok_or("64 hexadecimal digits are needed")?;
    for (byte, pair) in digest.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = pair[0] << 4 | pair[1];
    }
    Ok(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_64_hexadecimal_digits() {
        let text = format!("0aF1{}", "00".repeat(30));
        assert_eq!(parse_sha256(&text).expect("a digest")[..3], [0x0a, 0xf1, 0]);
        for text in ["", "0", &text[1..], &format!("{text}0"), &text.replace("0a", "0g"), &"é".repeat(32)] {
            parse_sha256(text).expect_err(text);
        }
    }
}
