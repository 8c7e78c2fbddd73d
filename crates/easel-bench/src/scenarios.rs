//! The scenarios. Each adds rows to the report.

mod basics;
mod history;
mod interrupts;
mod limits;
mod preview;
mod repeats;
mod turns;

use clap::Args;

use crate::photo;
use crate::program::{Kind, Program};
use crate::provider::Pictures;
use crate::report::Report;

/// Photographs that a provider sends in turn.
const PHOTOS: u64 = 8;

/// How much is measured.
#[derive(Debug, Clone, Args)]
pub(crate) struct Effort {
    /// Measure little, to try a scenario: the figures mean nothing.
    #[arg(long)]
    pub(crate) quick: bool,
    /// Also measure a thread of 10,000 turns, which takes minutes to fill.
    #[arg(long)]
    pub(crate) long: bool,
    /// Run only this scenario. May be repeated.
    #[arg(long, value_name = "NAME")]
    pub(crate) only: Vec<String>,
}

impl Effort {
    /// Returns a number of repetitions.
    fn count(&self, full: usize) -> usize {
        if self.quick { full.div_ceil(10) } else { full }
    }
}

/// What a scenario works with.
struct Context<'a> {
    programs: &'a [Program],
    effort: &'a Effort,
    photos: Pictures,
}

impl Context<'_> {
    /// Returns the programs without the peer, where a comparison with it would be unfair or is impossible.
    fn own_programs(&self) -> Vec<Program> {
        self.programs.iter().filter(|program| program.kind != Kind::Peer).cloned().collect()
    }
}

type Scenario = fn(&Context<'_>, &mut Report);

const SCENARIOS: [(&str, Scenario); 7] = [
    ("basics", basics::measure),
    ("preview", preview::measure),
    ("turns", turns::measure),
    ("repeats", repeats::measure),
    ("interrupts", interrupts::measure),
    ("limits", limits::measure),
    ("history", history::measure),
];

/// Runs the scenarios.
pub(crate) fn run_all(programs: &[Program], effort: &Effort, report: &mut Report) {
    let photos = Pictures::new((0..PHOTOS).map(photo::png));
    let context = Context { programs, effort, photos };
    for (name, run) in SCENARIOS {
        if effort.only.is_empty() || effort.only.iter().any(|only| only == name) {
            run(&context, report);
        }
    }
}
