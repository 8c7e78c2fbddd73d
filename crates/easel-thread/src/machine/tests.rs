//! Tests of the machine by scripts: inputs are short lines of text, and so are the effects.

mod calls;
mod checks;
mod endings;
mod hosted;
mod invariants;
mod limits;
mod messages;
mod order;
mod script;
mod steering;
mod storage;
mod withdrawal;
