//! How much of a request to the model repeats the request before it, from its beginning on. A prompt cache can use no
//! more.

use crate::program::{Kind, Program, Setup, Tool};
use crate::provider::{Bodies, Provider};
use crate::report::Report;
use crate::samples::Summary;
use crate::scenarios::Context;

const TURNS: usize = 60;
/// The start of an image inside a body.
const IMAGE: &[u8] = b"data:image/";

/// A comparison of two successive requests.
struct Repeat {
    /// Share of the earlier request that the later one repeats.
    share: f64,
    /// Images of the later request after the first difference. They are read again at the full price.
    images: f64,
}

pub(super) fn measure(context: &Context<'_>, report: &mut Report) {
    let runs: Vec<(Kind, Vec<Repeat>)> =
        context.programs.iter().map(|program| (program.kind, run(program, context))).collect();
    let of = |value: fn(&Repeat) -> f64| {
        runs.iter().map(move |(kind, repeats)| (*kind, repeats.iter().map(value).collect::<Vec<_>>()))
    };
    let mean = |values: Vec<f64>| Summary::single(values.iter().sum::<f64>() / values.len() as f64);
    let name = format!("share of a request repeated by the next, {TURNS} turns");
    report.add(format!("{name}, mean"), "1", of(|r| r.share).map(|(kind, shares)| (kind, Some(mean(shares)))));
    let worst = |shares: Vec<f64>| shares.into_iter().min_by(f64::total_cmp).map(Summary::single);
    report.add(format!("{name}, worst"), "1", of(|r| r.share).map(|(kind, shares)| (kind, worst(shares))));
    let images = of(|r| r.images).map(|(kind, images)| (kind, Some(mean(images))));
    report.add("images after the first difference, mean", "1", images);
}

fn run(program: &Program, context: &Context<'_>) -> Vec<Repeat> {
    let home = tempfile::tempdir().expect("a folder");
    let provider = Provider::start(Tool::Standalone, context.photos.clone(), Bodies::Keep);
    let base_url = provider.base_url();
    let mut server = program.start(Setup { home: home.path(), provider: Some(&base_url), tool: Tool::Standalone });
    let thread = server.start_thread();
    let (mut repeats, mut previous) = (Vec::new(), Vec::new());
    for turn in 0..context.effort.count(TURNS) {
        server.run_turn(&thread, &format!("draw picture number {turn}"));
        for body in provider.take_bodies() {
            if !previous.is_empty() {
                repeats.push(compare(&previous, &body));
            }
            previous = body;
        }
    }
    repeats
}

fn compare(earlier: &[u8], later: &[u8]) -> Repeat {
    let equal = earlier.iter().zip(later).take_while(|(one, other)| one == other).count();
    let images = memchr::memmem::find_iter(&later[equal..], IMAGE).count();
    Repeat { share: equal as f64 / earlier.len() as f64, images: images as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comparison_ends_at_the_first_difference() {
        let repeat = compare(b"[1,2,3]", b"[1,2,4,\"data:image/png\"]");
        assert!((repeat.share - 5.0 / 7.0).abs() < 1e-9 && repeat.images.to_bits() == 1_f64.to_bits());
    }
}
