//! The token with which clients of a WebSocket authenticate.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use easel_config::private_file::{self, PrivateFile};
use easel_rpc::Token;

/// The name of the token's file in Easel's home.
const FILE_NAME: &str = "ws-token";

/// Maximum size of a token's file, in bytes.
const MAX_FILE_LEN: u64 = 4096;

/// Where the token comes from. The options are those of the Codex app-server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum WebSocketAuth {
    /// A file in Easel's home, which is created if it does not exist.
    #[default]
    HomeFile,
    /// `--ws-token-file`
    File(PathBuf),
    /// `--ws-token-sha256`
    Sha256([u8; 32]),
}

/// A token, and the file in Easel's home that contains it.
pub(super) struct LoadedToken {
    pub(super) token: Token,
    pub(super) file: Option<PathBuf>,
}

/// Why a token cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum TokenError {
    #[error("cannot create or read the token in {}", path.display())]
    HomeFile { path: PathBuf, source: io::Error },
    #[error("cannot read --ws-token-file {}", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("{} contains no token", .0.display())]
    Empty(PathBuf),
}

impl WebSocketAuth {
    /// Loads the token, and creates it in the home if necessary.
    pub(super) fn load(self, home: &Path) -> Result<LoadedToken, TokenError> {
        match self {
            Self::HomeFile => {
                let path = home.join(FILE_NAME);
                let file = read_or_create(home, &path);
                let file = file.map_err(|source| TokenError::HomeFile { path: path.clone(), source })?;
                if file.was_exposed {
                    tracing::warn!(
                        "other users could read {} until now; delete the file to get a new token",
                        path.display()
                    );
                }
                Ok(LoadedToken { token: parse(&path, &file.text)?, file: Some(path) })
            }
            Self::File(path) => {
                let file = private_file::read_unchanged(&path, MAX_FILE_LEN);
                let file = file.map_err(|source| TokenError::File { path: path.clone(), source })?;
                if file.was_exposed {
                    tracing::warn!("other users can read the token in {} and connect with it", path.display());
                }
                Ok(LoadedToken { token: parse(&path, &file.text)?, file: None })
            }
            Self::Sha256(digest) => Ok(LoadedToken { token: Token::from_sha256(digest), file: None }),
        }
    }
}

fn parse(path: &Path, text: &str) -> Result<Token, TokenError> {
    if text.trim().is_empty() {
        return Err(TokenError::Empty(path.to_owned()));
    }
    Ok(Token::new(text))
}

/// Reads the token in the home, or creates it. It never changes, so that several servers of one home and their clients
/// can share it.
fn read_or_create(home: &Path, path: &Path) -> io::Result<PrivateFile> {
    match private_file::read(path, MAX_FILE_LEN) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        result => return result,
    }
    let mut random = [0; 32];
    getrandom::fill(&mut random).map_err(io::Error::other)?;
    let text = hex::encode(random);
    // Only the owner can read a temporary file from the start, and it is complete when it gets its final name.
    let mut staged = private_file::create_temporary(tempfile::Builder::new().prefix(".ws-token-"), home)?;
    writeln!(staged, "{text}")?;
    staged.as_file().sync_all()?;
    match staged.persist_noclobber(path) {
        Ok(_) => Ok(PrivateFile { text, was_exposed: false }),
        // Another server has created it in the meantime.
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => private_file::read(path, MAX_FILE_LEN),
        Err(error) => Err(error.error),
    }
}

/// A text is not the hexadecimal form of a SHA-256 digest.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected 64 hexadecimal digits")]
pub(crate) struct Sha256Error;

/// Parses a SHA-256 digest.
///
/// # Errors
/// If the text is not 64 hexadecimal digits.
pub(crate) fn parse_sha256(text: &str) -> Result<[u8; 32], Sha256Error> {
    let mut digest = [0; 32];
    hex::decode_to_slice(text, &mut digest).map_err(|_| Sha256Error)?;
    Ok(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digest_is_64_hexadecimal_digits() {
        let text = format!("0aF1{}", "00".repeat(30));
        assert_eq!(parse_sha256(&text).expect("a digest")[..3], [0x0a, 0xf1, 0]);
        for text in ["", "0", &text[1..], &format!("{text}0"), &text.replace("0a", "0g"), &"é".repeat(32)] {
            parse_sha256(text).expect_err(text);
        }
    }
}
