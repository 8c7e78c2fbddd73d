//! The result of a run: rows of one table, series of plots, and what it ran on.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use serde::Serialize;

use crate::environment::Environment;
use crate::program::Kind;
use crate::samples::Summary;

/// All results of a run.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) environment: Environment,
    pub(crate) rows: Vec<Row>,
    pub(crate) series: Vec<Series>,
}

/// One figure of all programs.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) unit: &'static str,
    pub(crate) cells: BTreeMap<Kind, Summary>,
}

/// A figure of one program that depends on the number of images in the thread.
#[derive(Debug, Serialize)]
pub(crate) struct Series {
    pub(crate) plot: Plot,
    pub(crate) program: Kind,
    /// Images in the thread, and the figure.
    pub(crate) points: Vec<(f64, f64)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Plot {
    TurnTime,
    BytesSent,
    Memory,
    ResumeTime,
}

impl Report {
    pub(crate) fn new(environment: Environment) -> Self {
        Self { environment, rows: Vec::new(), series: Vec::new() }
    }

    /// Adds a row, and says on stderr that it was measured. Programs without values have an empty cell.
    pub(crate) fn add(
        &mut self,
        name: impl Into<String>,
        unit: &'static str,
        cells: impl IntoIterator<Item = (Kind, Option<Summary>)>,
    ) {
        let cells = cells.into_iter().filter_map(|(kind, summary)| Some((kind, summary?))).collect();
        let row = Row { name: name.into(), unit, cells };
        eprintln!("{}", row.to_markdown(&[Kind::Easel, Kind::Floor, Kind::Baseline, Kind::Peer]));
        self.rows.push(row);
    }

    /// Adds points to the curve of a program.
    pub(crate) fn add_points(&mut self, plot: Plot, program: Kind, points: impl IntoIterator<Item = (f64, f64)>) {
        let known = self.series.iter_mut().find(|series| series.plot == plot && series.program == program);
        match known {
            Some(series) => series.points.extend(points),
            None => self.series.push(Series { plot, program, points: points.into_iter().collect() }),
        }
    }

    /// Formats the rows as a table. Each figure is the median, followed by the 99th percentile. Behind the figure of
    /// another program is Easel's median divided by it.
    pub(crate) fn to_markdown(&self) -> String {
        let kinds = [Kind::Easel, Kind::Floor, Kind::Baseline, Kind::Peer];
        let is_used = |kind: &Kind| self.rows.iter().any(|row| row.cells.contains_key(kind));
        let kinds: Vec<Kind> = kinds.into_iter().filter(is_used).collect();
        let titles: String = kinds.iter().map(|kind| format!(" {} |", title(*kind))).collect();
        let mut table = format!("| |{titles}\n|---|{}\n", "---|".repeat(kinds.len()));
        for row in &self.rows {
            writeln!(table, "{}", row.to_markdown(&kinds)).expect("a string takes every write");
        }
        table
    }

    pub(crate) fn write_json(&self, path: &Path) {
        let json = serde_json::to_string_pretty(self).expect("numbers and texts");
        std::fs::write(path, json + "\n").unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
}

pub(crate) fn title(kind: Kind) -> &'static str {
    match kind {
        Kind::Easel => "Easel",
        Kind::Floor => "floor",
        Kind::Baseline => "before",
        Kind::Peer => "the peer",
    }
}

impl Row {
    fn to_markdown(&self, kinds: &[Kind]) -> String {
        let easel = self.cells.get(&Kind::Easel);
        let cell = |kind: &Kind| match (self.cells.get(kind), easel) {
            (None, _) => " |".to_owned(),
            (Some(summary), Some(easel)) if *kind != Kind::Easel => {
                format!(" {}, **{:.2} x** |", format_summary(*summary), easel.median / summary.median)
            }
            (Some(summary), _) => format!(" {} |", format_summary(*summary)),
        };
        let cells: String = kinds.iter().map(cell).collect();
        format!("| {} ({}) |{cells}", self.name, self.unit)
    }
}

fn format_summary(summary: Summary) -> String {
    let median = format_number(summary.median);
    if summary.count == 1 { median } else { format!("{median} / {}", format_number(summary.p99)) }
}

/// Formats a number with at least three digits.
fn format_number(number: f64) -> String {
    match number.abs() {
        100_000.0.. => format!("{:.0} k", number / 1e3),
        100.0.. => format!("{number:.0}"),
        10.0.. => format!("{number:.1}"),
        _ => format!("{number:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_has_ratios_to_other_programs() {
        let summary = Summary { median: 6.0, p99: 120.4, max: 130.0, count: 9 };
        let cells = BTreeMap::from([(Kind::Easel, summary), (Kind::Floor, Summary::single(3.0))]);
        let row = Row { name: "turn".to_owned(), unit: "ms", cells };
        let kinds = [Kind::Easel, Kind::Floor, Kind::Peer];
        assert_eq!(row.to_markdown(&kinds), "| turn (ms) | 6.00 / 120 | 3.00, **2.00 x** | |");
    }
}
