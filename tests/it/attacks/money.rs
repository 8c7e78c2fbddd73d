//! Nothing is paid twice, and nothing that was paid for is thrown away.

mod hosted;
mod locks;
mod once;
mod partial;
mod switch;
