//! `easel usage`: prints the ledger of the image calls that providers bill, or sums of it.

mod format;
mod sums;

use std::error::Error;

use easel_config::Environment;
use easel_store::{EaselStore, LedgerRange, LedgerRow};

use super::with_store;
use crate::commands::print;
use format::Line;
pub(crate) use format::OutputFormat;
use sums::Sums;

/// What to print.
#[derive(Debug)]
pub(crate) struct Report {
    /// The part of the ledger.
    pub(crate) range: LedgerRange,
    /// What the sums are grouped by; `None` for single calls.
    pub(crate) by: Option<GroupKey>,
    pub(crate) format: OutputFormat,
}

/// What calls have in common in a sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum GroupKey {
    Day,
    Model,
    Provider,
    Thread,
}

/// Prints the report.
///
/// # Errors
/// If the home cannot be created or its database cannot be read.
pub(crate) fn run(environment: &Environment, report: Report) -> Result<(), Box<dyn Error>> {
    with_store(environment, async |store| print_report(store, report).await)
}

async fn print_report(store: &EaselStore, Report { range, by, format }: Report) -> Result<(), Box<dyn Error>> {
    let mut sums = Sums::new(by);
    let mut has_header = false;
    let mut next = Some(range);
    while let Some(range) = next {
        let (rows, rest) = store.read_ledger(range).await?;
        next = rest;
        for row in &rows {
            sums.add(row);
        }
        if by.is_none() {
            print_lines(rows.iter().map(Line::of_call), format, &mut has_header)?;
        }
    }
    if by.is_some() {
        print_lines(sums.lines(), format, &mut has_header)?;
    }
    if format == OutputFormat::Csv && !has_header {
        let line = if by.is_none() { Line::of_call(&LedgerRow::default()) } else { sums.empty_line() };
        print(&line.header(format).unwrap_or_default())?;
    }
    if format == OutputFormat::Table {
        print(&sums.total_line())?;
    }
    Ok(())
}

/// Prints lines, with a header before the first one.
fn print_lines(
    lines: impl Iterator<Item = Line>,
    format: OutputFormat,
    has_header: &mut bool,
) -> Result<(), Box<dyn Error>> {
    for line in lines {
        if !std::mem::replace(has_header, true)
            && let Some(header) = line.header(format)
        {
            print(&header)?;
        }
        print(&line.write(format))?;
    }
    Ok(())
}
