//! The command line.

#[cfg(feature = "acp")]
mod acp;
mod app_server;
mod config_args;
mod draw;
mod export;
#[cfg(feature = "gallery")]
mod gallery;
mod help;
mod history;
mod login;
mod usage;

use std::error::Error;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use clap_complete::Shell;
use easel_config::Environment;

use crate::commands;
use crate::os;
use crate::server;
#[cfg(feature = "acp")]
use acp::AcpArgs;
use app_server::{AppServerArgs, GenerateCommand};
use config_args::ConfigArgs;
use draw::DrawArgs;
use export::ExportArgs;
#[cfg(feature = "gallery")]
use gallery::GalleryArgs;
use history::{ImagesArgs, PruneArgs, ThreadsArgs};
use login::{LoginArgs, LoginCommand};
use usage::UsageArgs;

/// An image-generation app-server: a client spawns it and drives it over stdio with JSON-RPC.
#[derive(Debug, Parser)]
#[command(
    name = "easel",
    // Not that of the file, which is easel.exe on Windows.
    bin_name = "easel",
    version = help::VERSION.as_str(),
    arg_required_else_help = true,
    after_help = help::AFTER
)]
struct Cli {
    #[command(flatten)]
    config: ConfigArgs,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server (stdio, Unix socket or WebSocket).
    #[command(after_help = help::AFTER_APP_SERVER)]
    AppServer(Box<AppServerArgs>),
    /// Run as an agent of the Agent Client Protocol over stdio, for editors.
    #[cfg(feature = "acp")]
    Acp(AcpArgs),
    /// Draw an image, or edit images.
    ///
    /// The prompt goes to the model of the provider, which calls the image tool. With --size, --quality, --background,
    /// --format, -n or --mask, it goes to the image tool as it is. The paths of the images are printed.
    #[command(visible_alias = "generate", after_help = help::AFTER_DRAW)]
    Draw(Box<DrawArgs>),
    /// Serve the image tool to a host that speaks the Model Context Protocol, over stdio.
    ///
    /// Running it turns the standalone image tool on. docs/HOSTS.md has the configuration of each host.
    #[cfg(feature = "mcp")]
    McpServer(ConfigArgs),
    /// Spawn an app-server and show a whole conversation: start, draw, edit, read back.
    Demo {
        #[command(flatten)]
        config: ConfigArgs,
        /// The provider to use, by its name in the configuration, or openai. Its images may be billed. Default: the
        /// built-in preview.
        #[arg(long, value_name = "NAME")]
        provider: Option<String>,
        /// Print the JSON-RPC messages, one JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Find out whether images can be made, and if not, why.
    ///
    /// Checks home, configuration, credential, proxy, certificates, provider, model and image tool. Sends no request
    /// that is billed. The exit code is 1 if a check fails.
    Doctor {
        #[command(flatten)]
        config: ConfigArgs,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Manage the stored API key.
    Login(LoginArgs),
    /// Remove the stored API key.
    Logout,
    /// Show what images have cost, from the ledger of billed calls.
    Usage(UsageArgs),
    /// List the stored threads, the one that changed last first.
    Threads(ThreadsArgs),
    /// List the generated images, newest first.
    Images(ImagesArgs),
    /// Show the generated images in a browser.
    ///
    /// Serves a page on this machine until Ctrl-C, and prints its address, which contains a token. With --out, writes
    /// the page to a file that needs no server.
    #[cfg(feature = "gallery")]
    #[command(after_help = help::AFTER_GALLERY)]
    Gallery(GalleryArgs),
    /// Copy an image to a file, scaled if asked, or write the icons of an app or a sheet of sprites.
    ///
    /// All files of a set are written, or none. Images are not changed.
    #[command(after_help = help::AFTER_EXPORT)]
    Export(Box<ExportArgs>),
    /// Remove files that no thread needs.
    ///
    /// These are model copies, which are made again when a model sees their images, and unfinished files of processes
    /// that ended too early. Files and folders that the database does not know are listed and kept.
    Prune(PruneArgs),
    /// Show the features and whether they are on.
    #[command(subcommand)]
    Features(FeaturesCommand),
    /// Check the configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print the script that completes commands and options in a shell.
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Write the manual pages.
    #[command(hide = true)]
    Man {
        /// The folder to write to.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
enum FeaturesCommand {
    /// List the features and whether they are on.
    List(ConfigArgs),
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Print every problem of the configuration. The exit code is 1 if there is a problem.
    Check(ConfigArgs),
}

/// Runs the command. The exit code is 0 for success, 1 for a failure, 2 for wrong usage, and 130 if the user stopped
/// the command.
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
    match execute(cli, Environment::from_process()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if is_closed_pipe(&*error) => ExitCode::SUCCESS,
        Err(error) => {
            commands::report_error(&*error);
            exit_code(&*error)
        }
    }
}

fn execute(cli: Cli, environment: Environment) -> Result<(), Box<dyn Error>> {
    let config = cli.config;
    match cli.command {
        Command::AppServer(mut args) => match &args.generate {
            Some(GenerateCommand::GenerateJsonSchema { out }) => {
                commands::schema::write(out, easel_schema::JSON_SCHEMA)
            }
            Some(GenerateCommand::GenerateTs { out }) => commands::schema::write(out, easel_schema::TYPESCRIPT),
            None => {
                let after = std::mem::take(&mut args.config);
                server::run(&environment, config.merge(after), args.into_listen())
            }
        },
        #[cfg(feature = "acp")]
        Command::Acp(args) if args.login => commands::setup::login::log_in(&environment, config.merge(args.config)),
        #[cfg(feature = "acp")]
        Command::Acp(args) => commands::faces::acp::run(&environment, config.merge(args.config)),
        Command::Draw(args) => {
            let (invocation, options) = args.into_options(config);
            commands::draw::run(&environment, invocation, options)
        }
        #[cfg(feature = "mcp")]
        Command::McpServer(after) => commands::faces::mcp_server::run(&environment, config.merge(after)),
        Command::Demo { config: after, provider, json } => {
            commands::demo::run(&environment, config.merge(after), provider.as_deref(), json)
        }
        Command::Doctor { config: after, json } => {
            commands::setup::doctor::run(&environment, config.merge(after), json)
        }
        Command::Login(LoginArgs { command: Some(LoginCommand::Status), .. }) => {
            commands::setup::login::show_status(&environment, config.merge(ConfigArgs::default()))
        }
        Command::Login(LoginArgs { command: None, .. }) => {
            commands::setup::login::log_in(&environment, config.merge(ConfigArgs::default()))
        }
        Command::Logout => commands::setup::login::log_out(&environment, config.merge(ConfigArgs::default())),
        Command::Usage(args) => {
            config.refuse()?;
            commands::stored::usage::run(&environment, args.into_report())
        }
        Command::Threads(ThreadsArgs { archived, limit, json }) => {
            config.refuse()?;
            commands::stored::threads::run(&environment, archived, limit, json)
        }
        Command::Images(ImagesArgs { thread, limit, json }) => {
            config.refuse()?;
            commands::stored::images::run(&environment, thread.as_deref(), limit, json)
        }
        #[cfg(feature = "gallery")]
        Command::Gallery(args) => {
            let (invocation, options) = args.into_options(config);
            commands::faces::gallery::run(&environment, invocation, &options)
        }
        Command::Export(args) => {
            config.refuse()?;
            commands::export::run(&environment, args.into_options()?)
        }
        Command::Prune(args) => {
            config.refuse()?;
            commands::stored::prune::run(&environment, args.into_options())
        }
        Command::Features(FeaturesCommand::List(after)) => {
            commands::setup::features::list(environment, config.merge(after))
        }
        Command::Config(ConfigCommand::Check(after)) => {
            commands::setup::config::check(&environment, config.merge(after))
        }
        Command::Completions { shell } => {
            config.refuse()?;
            commands::manual::print_completions(shell, Cli::command())
        }
        Command::Man { out } => {
            config.refuse()?;
            commands::manual::write_pages(&out, Cli::command())
        }
    }
}

fn exit_code(error: &(dyn Error + 'static)) -> ExitCode {
    if error.is::<commands::UsageError>() {
        return ExitCode::from(2);
    }
    if error.is::<commands::Interrupted>() { ExitCode::from(130) } else { ExitCode::FAILURE }
}

/// Returns whether the reader of the output has gone away, as in `easel usage | head`.
fn is_closed_pipe(error: &(dyn Error + 'static)) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
