//! Everything that is proved from outside: the real executable over pipes, real files, real processes.
//!
//! One binary, so that it links once. Start at [`harness`].

mod harness;

mod turns;
