//! Nothing is paid for twice, and nothing that was paid for is lost.

mod hosted;
mod locks;
mod once;
mod partial;
mod switch;
