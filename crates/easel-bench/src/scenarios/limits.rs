//! What the limits of spending add to a turn that draws one image: the same turns with limits and without, alternately.

use easel_testkit::image::{RED, solid_png};

use crate::process::Process;
use crate::program::{Kind, Program, Setup, Tool};
use crate::provider::{Bodies, Pictures, Provider};
use crate::report::Report;
use crate::samples::{Summary, time};
use crate::scenarios::Context;

const TURNS: usize = 400;
/// Limits that are never reached, so that every turn reads all sums.
const LIMITS: &str = "[limits]\nimages_per_day = 1000000\ncost_per_day = 1000000\ncost_per_thread = 1000000\n\
                      [prices.gpt-image-2]\nimage = 0.04\n";
/// The images are small: their bytes do not pass through what is measured here.
const SIDE: u32 = 16;

/// The milliseconds of turns with limits and without.
struct Times {
    kind: Kind,
    limited: Vec<f64>,
    unlimited: Vec<f64>,
}

pub(super) fn measure(context: &Context<'_>, report: &mut Report) {
    // An older build may not know the keys.
    let programs = context.programs.iter().filter(|program| program.kind == Kind::Easel);
    let times: Vec<Times> = programs.map(|program| run(program, context.effort.count(TURNS))).collect();
    let mut add = |name: &str, values: fn(&Times) -> Vec<f64>| {
        report.add(name, "ms", times.iter().map(|times| (times.kind, Summary::of(values(times)))));
    };
    add("draw turn without limits of spending", |times| times.unlimited.clone());
    add("draw turn with limits of spending", |times| times.limited.clone());
    add("added by limits of spending, of pairs of turns", |times| {
        times.limited.iter().zip(&times.unlimited).map(|(limited, unlimited)| limited - unlimited).collect()
    });
}

fn run(program: &Program, turns: usize) -> Times {
    let provider = Provider::start(Tool::Standalone, Pictures::new([solid_png(SIDE, SIDE, RED)]), Bodies::Discard);
    let base_url = provider.base_url();
    let homes = ["", LIMITS].map(|config| {
        let home = tempfile::tempdir().expect("a folder");
        std::fs::write(home.path().join("config.toml"), config).expect("the home can be written");
        home
    });
    let mut servers = homes
        .each_ref()
        .map(|home| program.start(Setup { home: home.path(), provider: Some(&base_url), tool: Tool::Standalone }));
    let draw = |server: &mut Process| {
        let thread = server.start_thread();
        time(|| server.run_turn(&thread, "draw a red square")).1
    };
    let mut times = Times { kind: program.kind, limited: Vec::new(), unlimited: Vec::new() };
    for _ in 0..turns {
        let [unlimited, limited] = &mut servers;
        times.unlimited.push(draw(unlimited));
        times.limited.push(draw(limited));
    }
    times
}
