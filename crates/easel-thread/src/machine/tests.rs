//! Tests of the machine by scripts: inputs are short lines of text, and so are the effects.

mod approvals;
mod calls;
mod checks;
mod closing_answer;
mod compaction;
mod endings;
mod host;
mod hosted;
mod invariants;
mod limits;
mod lookups;
mod messages;
mod order;
mod reasoning;
mod script;
mod steering;
mod storage;
mod withdrawal;
