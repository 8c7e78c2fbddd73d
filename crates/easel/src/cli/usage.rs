//! The arguments of `easel usage`.

use clap::Args;
use easel_store::LedgerRange;

use crate::commands::UsageError;
use crate::commands::stored::usage::{GroupKey, OutputFormat, Report};

#[derive(Debug, Args)]
pub(super) struct UsageArgs {
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
    pub(super) fn into_report(self) -> Report {
        let format = match (self.json, self.csv) {
            (true, _) => OutputFormat::Json,
            (false, true) => OutputFormat::Csv,
            (false, false) => OutputFormat::Table,
        };
        Report { range: self.month.unwrap_or(LedgerRange::all()), by: self.by, format }
    }
}

fn parse_month(month: &str) -> Result<LedgerRange, UsageError> {
    LedgerRange::month(month).ok_or_else(|| UsageError("expected a month such as 2026-11".to_owned()))
}
