//! The command line. Options of the Codex app-server that mean nothing here are accepted, since clients pass them.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use easel_config::{Environment, Invocation};

use crate::commands;
use crate::process::os;
use crate::server::{self, Listen, WebSocketAuth, parse_sha256};

/// An image-generation app-server: spawned by a client, driven over stdio with JSON-RPC.
#[derive(Debug, Parser)]
#[command(name = "easel", version, arg_required_else_help = true)]
struct Cli {
    #[command(flatten)]
    configuration: Configuration,
    #[command(subcommand)]
    command: Command,
}

/// Taken before and after the subcommand, and both count. Not clap's global arguments: of those, what stands before the
/// subcommand is lost when more stands after it.
#[derive(Debug, Default, Args)]
struct Configuration {
    /// Set a key of the configuration: a dotted key and a TOML value, else a string. May be repeated.
    #[arg(short = 'c', long = "config", value_name = "KEY=VALUE")]
    overrides: Vec<String>,
    /// Turn a feature on. May be repeated.
    #[arg(long, value_name = "FEATURE")]
    enable: Vec<String>,
    /// Turn a feature off. May be repeated; wins over --enable.
    #[arg(long, value_name = "FEATURE")]
    disable: Vec<String>,
    /// Use [profiles.NAME] of the configuration file.
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
}

impl Configuration {
    /// What stands after the subcommand comes later and so wins.
    fn then(self, after: Self) -> Invocation {
        Invocation {
            overrides: [self.overrides, after.overrides].concat(),
            enable: [self.enable, after.enable].concat(),
            disable: [self.disable, after.disable].concat(),
            profile: after.profile.or(self.profile),
        }
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve JSON-RPC to the client that spawned this process, or to those that connect.
    AppServer(Box<AppServer>),
    /// Spawn an app-server and show a whole conversation: start, draw, edit, read back.
    Demo {
        /// The provider that answers and draws, by its name in the configuration, or openai. Its images may be billed.
        #[arg(long, value_name = "NAME")]
        provider: Option<String>,
        /// Print the lines that pass instead of a story.
        #[arg(long)]
        json: bool,
    },
    /// Store an API key, or tell whether there is one.
    Login(Login),
    /// Forget the stored API key.
    Logout,
    /// The features and whether they are on.
    #[command(subcommand)]
    Features(Features),
}

#[derive(Debug, Args)]
struct AppServer {
    #[command(flatten)]
    configuration: Configuration,
    #[command(subcommand)]
    generator: Option<Generator>,
    /// Where to listen: stdio://, unix://PATH, or ws://IP:PORT on a loopback address, where port 0 is any.
    #[arg(long, value_name = "URL", default_value = "stdio://")]
    listen: Listen,
    /// The same as --listen stdio://
    #[arg(long, conflicts_with = "listen")]
    stdio: bool,
    #[command(flatten)]
    web_socket: WebSocketOptions,
}

/// Spelled as those of the Codex app-server. Without them the token is in a file of the home.
#[derive(Debug, Args)]
struct WebSocketOptions {
    /// How clients of ws:// prove that they may connect: they show a token as `Authorization: Bearer`.
    #[arg(long, value_name = "MODE", value_parser = ["capability-token"])]
    ws_auth: Option<String>,
    /// A file that holds the token, instead of the one in Easel's home.
    #[arg(long, value_name = "PATH")]
    ws_token_file: Option<PathBuf>,
    /// The SHA-256 of the token, instead of the token.
    #[arg(long, value_name = "HEX", value_parser = parse_sha256, conflicts_with = "ws_token_file")]
    ws_token_sha256: Option<[u8; 32]>,
}

impl AppServer {
    fn listen(self) -> Listen {
        let auth = match (self.web_socket.ws_token_file, self.web_socket.ws_token_sha256) {
            (Some(path), _) => WebSocketAuth::File(path),
            (None, Some(digest)) => WebSocketAuth::Sha256(digest),
            (None, None) => WebSocketAuth::Own,
        };
        match self.listen {
            Listen::WebSocket(address, _) => Listen::WebSocket(address, auth),
            other @ (Listen::Stdio | Listen::Unix(_)) => other,
        }
    }
}

#[derive(Debug, Subcommand)]
enum Generator {
    /// Write the protocol as a JSON Schema bundle.
    GenerateJsonSchema {
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// Write the protocol as TypeScript types.
    GenerateTs {
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, arg_required_else_help = true)]
struct Login {
    /// Read the key from standard input. It is never an argument: arguments are visible to every process.
    #[arg(long, required = true)]
    with_api_key: bool,
    #[command(subcommand)]
    question: Option<LoginQuestion>,
}

#[derive(Debug, Subcommand)]
enum LoginQuestion {
    /// Say where the key comes from; exit code 1 when there is none.
    Status,
}

#[derive(Debug, Subcommand)]
enum Features {
    List(Configuration),
}

/// Runs the command; 0 is done, 1 failed, 2 wrong usage.
pub(crate) fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(usage) => {
            // Help and version go to stdout and are no failure; a closed pipe there is nobody's fault.
            let _ = usage.print();
            return ExitCode::from(u8::try_from(usage.exit_code()).unwrap_or(2));
        }
    };
    if let Err(problem) = os::protect_memory() {
        commands::report(&problem);
    }
    let environment = Environment::from_process();
    let before = cli.configuration;
    let done = match cli.command {
        Command::AppServer(mut serving) => match &serving.generator {
            Some(Generator::GenerateJsonSchema { out }) => {
                commands::schema::write(out, easel_protocol::schema::json_schema_files())
            }
            Some(Generator::GenerateTs { out }) => {
                commands::schema::write(out, easel_protocol::schema::typescript_files())
            }
            None => {
                let after = std::mem::take(&mut serving.configuration);
                server::run(&environment, before.then(after), serving.listen())
            }
        },
        Command::Demo { provider, json } => commands::demo::run(&environment, provider.as_deref(), json),
        Command::Login(Login { question: Some(LoginQuestion::Status), .. }) => {
            commands::login::status(&environment, before.then(Configuration::default()))
        }
        Command::Login(Login { question: None, .. }) => {
            commands::login::with_api_key(&environment, before.then(Configuration::default()))
        }
        Command::Logout => commands::login::out(&environment, before.then(Configuration::default())),
        Command::Features(Features::List(after)) => commands::features::list(environment, before.then(after)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            commands::report(&error.to_string());
            if error.is::<commands::WrongUsage>() { ExitCode::from(2) } else { ExitCode::FAILURE }
        }
    }
}
