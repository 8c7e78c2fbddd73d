//! A turn with the preview provider, which needs no network. The floor draws the same picture and does nothing else.

use easel_preview::{DEFAULT_SIDE, Picture, draw};

use crate::program::{Kind, Setup};
use crate::report::Report;
use crate::samples::{Summary, time};
use crate::scenarios::Context;

const TURNS: usize = 30;
const PROMPT: &str = "draw a red square";

pub(super) fn measure(context: &Context<'_>, report: &mut Report) {
    let own = context.own_programs();
    let homes: Vec<_> = own.iter().map(|_| tempfile::tempdir().expect("a folder")).collect();
    let mut servers: Vec<_> = own
        .iter()
        .zip(&homes)
        .map(|(program, home)| {
            let mut server = program.start(Setup::offline(home.path()));
            let thread = server.start_thread();
            (program.kind, server, thread, Vec::new())
        })
        .collect();
    let mut drawings = Vec::new();
    for _ in 0..context.effort.count(TURNS) {
        for (_, server, thread, times) in &mut servers {
            times.push(time(|| server.run_turn(thread, PROMPT)).1);
        }
        drawings.push(time(draw_square).1);
    }
    let cells = servers.into_iter().map(|(kind, .., times)| (kind, Summary::of(times)));
    let cells: Vec<_> = cells.chain([(Kind::Floor, Summary::of(drawings))]).collect();
    report.add("turn of the preview provider", "ms", cells);
}

fn draw_square() {
    let picture = Picture {
        prompt: PROMPT,
        width: DEFAULT_SIDE,
        height: DEFAULT_SIDE,
        transparent: false,
        variant: 0,
        grain: 1,
        references: &[],
    };
    std::hint::black_box(draw(&picture).expect("a picture"));
}
