//! Counts the instructions of frequent operations and compares them with kept counts.
//!
//! Callgrind runs the real server, twice for each operation, with few and with many repetitions. The difference is
//! what one repetition costs, in all threads, without the start of the process. The counts of two runs differ by less
//! than one percent on a busy machine too, while times differ by a multiple.
//!
//! A benchmark library for callgrind measures functions of a library. Here the operations are those of a client, so
//! only a process is needed.

mod operations;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use operations::{Fixture, OPERATIONS, Operation};

/// The share by which a count may exceed the kept one. The allocator and the order of threads need less than one
/// percent.
const TOLERANCE: f64 = 0.05;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The build of Easel to measure. The kept counts are those of the profile `dev`.
    #[arg(long, value_name = "FILE")]
    easel: PathBuf,
    /// The kept counts.
    #[arg(long, value_name = "FILE")]
    counts: PathBuf,
    /// Write the counts instead of comparing them.
    #[arg(long)]
    write: bool,
}

/// Prints the counts and their changes. Fails if one is more than the tolerance over its kept count.
pub(crate) fn run(options: &Options) -> ExitCode {
    let kept = if options.write { BTreeMap::new() } else { read(&options.counts) };
    let mut counts = BTreeMap::new();
    let mut has_failed = false;
    let fixture = Fixture::new(&options.easel);
    for Operation { name, count } in OPERATIONS {
        let count = count(&fixture);
        let verdict = match kept.get(name) {
            Some(kept) => {
                let change = count / kept - 1.0;
                has_failed |= change > TOLERANCE;
                format!("{:+.1} %{}", change * 100.0, if change > TOLERANCE { ", too many" } else { "" })
            }
            None => "new".to_owned(),
        };
        println!("{count:>14.0}  {name}  ({verdict})");
        counts.insert(name.to_owned(), count.round());
    }
    if options.write {
        let json = serde_json::to_string_pretty(&counts).expect("numbers");
        fs::write(&options.counts, json + "\n").expect("the counts can be written");
    }
    if has_failed {
        println!("If the new counts are intended, keep them: just instructions --write");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn read(path: &Path) -> BTreeMap<String, f64> {
    let json = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&json).expect("an object of numbers")
}
