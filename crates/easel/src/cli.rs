//! The command line. Options of the Codex app-server that have no effect here are accepted, since clients pass them.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use easel_config::{Environment, Invocation};
use easel_store::LedgerRange;

use crate::commands;
use crate::commands::usage::{GroupKey, OutputFormat, Report};
use crate::process::os;
use crate::server::{self, Listen, WebSocketAuth, parse_sha256};

/// An image-generation app-server: a client spawns it and drives it over stdio with JSON-RPC.
#[derive(Debug, Parser)]
#[command(name = "easel", version, arg_required_else_help = true)]
struct Cli {
    #[command(flatten)]
    config: ConfigArgs,
    #[command(subcommand)]
    command: Command,
}

// Accepted before and after the subcommand; both apply. They are not clap's global arguments, because clap drops those
// before the subcommand if there are others after it. Not a doc comment, which clap would print as the subcommand's
// help.
#[derive(Debug, Default, Args)]
struct ConfigArgs {
    /// Set a configuration key, such as images.parallel=2. The value is parsed as TOML, or used as a string if it is
    /// not TOML. May be repeated.
    #[arg(short = 'c', long = "config", value_name = "KEY=VALUE")]
    overrides: Vec<String>,
    /// Turn a feature on. May be repeated.
    #[arg(long, value_name = "FEATURE")]
    enable: Vec<String>,
    /// Turn a feature off. May be repeated; takes precedence over --enable.
    #[arg(long, value_name = "FEATURE")]
    disable: Vec<String>,
    /// Use [profiles.NAME] of config.toml.
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
}

impl ConfigArgs {
    /// Combines the options before the subcommand with those after it, which take precedence.
    fn merge(self, after: Self) -> Invocation {
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
    /// Run the server (stdio, Unix socket or WebSocket).
    AppServer(Box<AppServerArgs>),
    /// Spawn an app-server and show a whole conversation: start, draw, edit, read back.
    Demo {
        /// The provider to use, by its name in the configuration, or openai. Its images may be billed.
        #[arg(long, value_name = "NAME")]
        provider: Option<String>,
        /// Print the raw JSON-RPC messages.
        #[arg(long)]
        json: bool,
    },
    /// Manage the stored API key.
    Login(LoginArgs),
    /// Remove the stored API key.
    Logout,
    /// Show what images have cost, from the ledger of billed calls.
    Usage(UsageArgs),
    /// Show the features and whether they are on.
    #[command(subcommand)]
    Features(FeaturesCommand),
}

#[derive(Debug, Args)]
struct AppServerArgs {
    #[command(flatten)]
    config: ConfigArgs,
    #[command(subcommand)]
    generate: Option<GenerateCommand>,
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
struct WebSocketArgs {
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
    fn into_listen(self) -> Listen {
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
enum GenerateCommand {
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

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, arg_required_else_help = true)]
struct LoginArgs {
    /// Read the API key from standard input. Not accepted as an argument, which other processes could see.
    #[arg(long, required = true)]
    with_api_key: bool,
    #[command(subcommand)]
    command: Option<LoginCommand>,
}

#[derive(Debug, Subcommand)]
enum LoginCommand {
    /// Show where the API key comes from. The exit code is 1 if there is no key.
    Status,
}

#[derive(Debug, Args)]
struct UsageArgs {
    /// Only the calls of one month, such as 2026-11, in the local time zone.
    #[arg(long, value_name = "YYYY-MM", value_parser = parse_month)]
    month: Option<LedgerRange>,
    /// Print sums instead of single calls.
    #[arg(long, value_name = "KEY")]
    by: Option<GroupKey>,
    /// Print one JSON object a line.
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Print comma-separated values with a header, for a spreadsheet.
    #[arg(long)]
    csv: bool,
}

impl UsageArgs {
    fn into_report(self) -> Report {
        let format = match (self.json, self.csv) {
            (true, _) => OutputFormat::Json,
            (false, true) => OutputFormat::Csv,
            (false, false) => OutputFormat::Table,
        };
        Report { range: self.month.unwrap_or(LedgerRange::all()), by: self.by, format }
    }
}

fn parse_month(month: &str) -> Result<LedgerRange, String> {
    LedgerRange::month(month).ok_or_else(|| "expected a month such as 2026-11".to_owned())
}

#[derive(Debug, Subcommand)]
enum FeaturesCommand {
    /// List the features and whether they are on.
    List(ConfigArgs),
}

/// Runs the command. The exit code is 0 for success, 1 for a failure, and 2 for wrong usage.
pub(crate) fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(usage) => {
            // Help and version go to stdout and count as success, even if stdout is a closed pipe.
            let _ = usage.print();
            return ExitCode::from(u8::try_from(usage.exit_code()).unwrap_or(2));
        }
    };
    if let Err(error) = os::protect_memory() {
        commands::report(&format!("core dumps stay enabled: {error}"));
    }
    let environment = Environment::from_process();
    let config = cli.config;
    let result = match cli.command {
        Command::AppServer(mut args) => match &args.generate {
            Some(GenerateCommand::GenerateJsonSchema { out }) => {
                commands::schema::write(out, easel_protocol::schema::json_schema_files())
            }
            Some(GenerateCommand::GenerateTs { out }) => {
                commands::schema::write(out, easel_protocol::schema::typescript_files())
            }
            None => {
                let after = std::mem::take(&mut args.config);
                server::run(&environment, config.merge(after), args.into_listen())
            }
        },
        Command::Demo { provider, json } => commands::demo::run(&environment, provider.as_deref(), json),
        Command::Login(LoginArgs { command: Some(LoginCommand::Status), .. }) => {
            commands::login::show_status(&environment, config.merge(ConfigArgs::default()))
        }
        Command::Login(LoginArgs { command: None, .. }) => {
            commands::login::log_in(&environment, config.merge(ConfigArgs::default()))
        }
        Command::Logout => commands::login::log_out(&environment, config.merge(ConfigArgs::default())),
        Command::Usage(args) => commands::usage::run(&environment, args.into_report()),
        Command::Features(FeaturesCommand::List(after)) => commands::features::list(environment, config.merge(after)),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            commands::report_error(&*error);
            if error.is::<commands::UsageError>() { ExitCode::from(2) } else { ExitCode::FAILURE }
        }
    }
}
