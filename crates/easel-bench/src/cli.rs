//! The command line.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::program::{Kind, Program};
use crate::report::Report;
use crate::scenarios::{self, Effort};
use crate::{document, environment, instructions, phases};

/// Measure Easel beside other programs.
#[derive(Debug, Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print one table, and write it as JSON.
    Table {
        #[command(flatten)]
        programs: Programs,
        #[command(flatten)]
        effort: Effort,
        /// The JSON file.
        #[arg(long, value_name = "FILE")]
        json: PathBuf,
        /// The folder of `docs/`: replaces the table in PERFORMANCE.md and writes the plots.
        #[arg(long, value_name = "DIR")]
        docs: Option<PathBuf>,
    },
    /// Print the phases of one image turn.
    Phases {
        #[command(flatten)]
        programs: Programs,
        /// The folder of `docs/`: replaces the phases in PERFORMANCE.md.
        #[arg(long, value_name = "DIR")]
        docs: Option<PathBuf>,
    },
    /// Count the instructions of frequent operations, and compare them with kept counts.
    Instructions(instructions::Options),
}

#[derive(Debug, Args)]
struct Programs {
    /// The build of Easel to measure.
    #[arg(long, value_name = "FILE")]
    easel: PathBuf,
    /// An older build of Easel.
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// The executable of the Codex app-server.
    #[arg(long, value_name = "FILE")]
    peer: Option<PathBuf>,
}

impl Programs {
    fn to_list(&self) -> Vec<Program> {
        let easel = [Program::new(Kind::Easel, &self.easel)];
        let baseline = self.baseline.iter().map(|path| Program::new(Kind::Baseline, path));
        let peer = self.peer.iter().map(|path| Program::new(Kind::Peer, path));
        easel.into_iter().chain(baseline).chain(peer).collect()
    }
}

/// Runs the command.
pub(crate) fn run() -> ExitCode {
    match Cli::parse().command {
        Command::Table { programs, effort, json, docs } => {
            let programs = programs.to_list();
            // Before the measurements, which take long, so that they are not lost to a folder that does not exist.
            if let Some(folder) = json.parent() {
                std::fs::create_dir_all(folder).expect("the folder of the JSON file can be created");
            }
            let mut report = Report::new(environment::describe(&programs));
            scenarios::run_all(&programs, &effort, &mut report);
            let table = report.to_markdown();
            println!("{table}");
            report.write_json(&json);
            if let Some(docs) = docs {
                document::write_table(&docs, &report, &table);
            }
        }
        Command::Phases { programs, docs } => {
            let text = phases::measure(&programs.to_list()[0]);
            println!("{text}");
            if let Some(docs) = docs {
                document::write_phases(&docs, &text);
            }
        }
        Command::Instructions(options) => return instructions::run(&options),
    }
    ExitCode::SUCCESS
}
