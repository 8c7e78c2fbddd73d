//! The phases of one image turn, from the log of a server.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::photo;
use crate::program::{Program, Setup, Tool};
use crate::provider::{Bodies, Pictures, Provider};

/// Turns before the measured one. They open the connections and fill caches.
const EARLIER_TURNS: usize = 3;
const FILTER: &str = "easel::phases=debug";

/// A line of the log that says that a span has ended.
struct Line {
    turn: String,
    /// The names of the span and its parents below the turn, outermost first. Empty for the turn.
    path: Vec<String>,
    /// The time in which the span was entered, in milliseconds.
    busy: f64,
    idle: f64,
}

/// Runs image turns of 2 MB and returns a table with the phases of the last.
pub(crate) fn measure(easel: &Program) -> String {
    let home = tempfile::tempdir().expect("a folder");
    let log = home.path().join("log");
    let provider = Provider::start(Tool::Standalone, Pictures::new([photo::png(1)]), Bodies::Discard);
    let setup = Setup { home: home.path(), provider: Some(&provider.base_url()), tool: Tool::Standalone };
    let mut server = easel.start_logged(setup, FILTER, &log);
    let thread = server.start_thread();
    for turn in 0..=EARLIER_TURNS {
        server.run_turn(&thread, &format!("draw picture number {turn}"));
    }
    server.close();
    let log = std::fs::read_to_string(log).expect("the log");
    to_table(&log.lines().filter_map(parse).collect::<Vec<_>>())
}

/// Parses a line such as `… DEBUG turn{turn_id=1}:connect: easel::phases: close time.busy=1.2µs time.idle=1.2ms`.
fn parse(line: &str) -> Option<Line> {
    let (_, line) = line.split_once(" DEBUG ")?;
    let (spans, times) = line.split_once(": easel::phases: close time.busy=")?;
    let (turn, path) = spans.split_once(':').unwrap_or((spans, ""));
    let (busy, idle) = times.split_once(" time.idle=")?;
    let names = path.split(':').filter_map(|span| span.split('{').next());
    let path = names.filter(|name| !name.is_empty()).map(str::to_owned).collect();
    Some(Line { turn: turn.to_owned(), path, busy: millis(busy), idle: millis(idle) })
}

/// Sums up the spans of the last turn by their names.
fn to_table(lines: &[Line]) -> String {
    let Some(last) = lines.last() else { return String::new() };
    let mut phases = BTreeMap::<String, (usize, f64)>::new();
    let mut total = 0.0;
    for Line { path, busy, idle, .. } in lines.iter().filter(|line| line.turn == last.turn) {
        let (name, parents) = path.split_last().map_or(("", path.as_slice()), |(name, rest)| (name.as_str(), rest));
        let time = match name {
            "" => {
                total = busy + idle;
                continue;
            }
            "image_call" => continue,
            // It is entered for each chunk, so only its busy time counts. The rest of `body` is the network.
            "decode" => {
                phases.entry(parents.join(" / ")).or_default().1 -= busy;
                *busy
            }
            _ => busy + idle,
        };
        let phase = phases.entry(path.join(" / ")).or_default();
        *phase = (phase.0 + 1, phase.1 + time);
    }
    format_table(&phases, total)
}

fn format_table(phases: &BTreeMap<String, (usize, f64)>, total: f64) -> String {
    let mut table = "| phase | times | ms |\n|---|---|---|\n".to_owned();
    for (name, (count, time)) in phases {
        writeln!(table, "| `{name}` | {count} | {time:.2} |").expect("a string takes every write");
    }
    let sum: f64 = phases.values().map(|(_, time)| time).sum();
    writeln!(table, "| sum | | {sum:.2} |\n| `turn` | 1 | {total:.2} |").expect("a string takes every write");
    table
}

/// Parses a time such as `12.3µs`.
fn millis(time: &str) -> f64 {
    let digits = time.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(time.len());
    let (number, unit) = time.split_at(digits);
    let scale = match unit {
        "ns" => 1e-6,
        "µs" => 1e-3,
        "ms" => 1.0,
        "s" => 1e3,
        _ => panic!("the unit of {time}"),
    };
    number.parse::<f64>().expect("a number") * scale
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decoding_is_not_counted_twice() {
        let lines =
            ["turn{turn_id=1}:body:decode 2.0ms 7ms", "turn{turn_id=1}:body 0ns 9.5ms", "turn{turn_id=1} 8ms 3ms"];
        let lines: Vec<Line> = lines
            .iter()
            .map(|line| {
                let [spans, busy, idle] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
                let line = format!("2026 DEBUG {spans}: easel::phases: close time.busy={busy} time.idle={idle}");
                parse(&line).expect("a line")
            })
            .collect();
        let table = to_table(&lines);
        assert!(table.contains("| `body` | 1 | 7.50 |") && table.contains("| `body / decode` | 1 | 2.00 |"), "{table}");
        assert!(table.contains("| sum | | 9.50 |\n| `turn` | 1 | 11.00 |"), "{table}");
    }
}
