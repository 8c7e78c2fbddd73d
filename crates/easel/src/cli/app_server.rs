//! The arguments of `easel app-server`. Options of the Codex app-server that have no effect here are accepted, since
//! clients pass them.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::ConfigArgs;
use crate::server::{Listen, WebSocketAuth, parse_sha256};

#[derive(Debug, Args)]
pub(super) struct AppServerArgs {
    #[command(flatten)]
    pub(super) config: ConfigArgs,
    #[command(subcommand)]
    pub(super) generate: Option<GenerateCommand>,
    /// Where to listen: stdio://, unix://PATH, or ws://IP:PORT on a loopback address; port 0 picks a free port.
    #[arg(long, value_name = "URL", default_value = "stdio://")]
    listen: Listen,
    /// The same as --listen stdio://
    #[arg(long, conflicts_with = "listen")]
    stdio: bool,
    #[command(flatten)]
    web_socket: WebSocketArgs,
}

// The options of the Codex app-server. Without them, the token is in a file in Easel's home.
#[derive(Debug, Args)]
pub(super) struct WebSocketArgs {
    /// How clients of ws:// authenticate: with a token in the header `Authorization: Bearer`.
    #[arg(long, value_name = "MODE", value_parser = ["capability-token"])]
    ws_auth: Option<String>,
    /// A file with the token, instead of the one in Easel's home.
    #[arg(long, value_name = "PATH")]
    ws_token_file: Option<PathBuf>,
    /// The SHA-256 of the token, instead of the token.
    #[arg(long, value_name = "HEX", value_parser = parse_sha256, conflicts_with = "ws_token_file")]
    ws_token_sha256: Option<[u8; 32]>,
}

impl AppServerArgs {
    pub(super) fn into_listen(self) -> Listen {
        let auth = match (self.web_socket.ws_token_file, self.web_socket.ws_token_sha256) {
            (Some(path), _) => WebSocketAuth::File(path),
            (None, Some(digest)) => WebSocketAuth::Sha256(digest),
            (None, None) => WebSocketAuth::HomeFile,
        };
        match self.listen {
            Listen::WebSocket(address, _) => Listen::WebSocket(address, auth),
            other @ (Listen::Stdio | Listen::Unix(_)) => other,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum GenerateCommand {
    /// Write the protocol as a JSON Schema bundle.
    GenerateJsonSchema {
        /// The folder to write to.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// Write the protocol as TypeScript types.
    GenerateTs {
        /// The folder to write to.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
}
