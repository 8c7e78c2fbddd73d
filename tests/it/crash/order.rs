//! The documented steps of a call are those that the process takes.

use super::run_and_check;
use super::scenarios::Scenario;
use super::tracer::{Kill, Tracer};

const JOURNAL: &str = include_str!("../../../crates/easel-store/src/journal.rs");

/// The names in the first column of the table, in their order.
fn documented_steps() -> Vec<&'static str> {
    let rows = JOURNAL.lines().filter_map(|line| line.strip_prefix("//! | `"));
    rows.map(|row| row.split('`').next().expect("a name")).collect()
}

#[tokio::test]
async fn journal_documents_the_steps_of_a_call() {
    let Some(tracer) = Tracer::compile() else { return };
    let template = Scenario::Draw.prepare(&tracer).await;
    let trace = run_and_check(Scenario::Draw, &template, &tracer, Kill::Never).await;
    let points = trace.points();
    // The response to `turn/start` is a line too, and so are the events of the turn's start.
    let mut names = points.iter().map(|point| point.name()).peekable();
    let documented = documented_steps();
    assert_eq!(documented.len(), 13);
    for step in &documented {
        assert!(names.any(|name| name == *step), "{step} is not a step, or does not follow the one before it");
    }
}
