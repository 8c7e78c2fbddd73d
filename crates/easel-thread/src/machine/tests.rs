//! The machine by scripts: what happens goes in as short lines, what is to be done comes out as short lines.

mod calls;
mod endings;
mod hosted;
mod invariants;
mod limits;
mod messages;
mod order;
mod rules;
mod script;
mod steering;
mod storage;
mod stricter;
