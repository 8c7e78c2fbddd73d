//! Nothing is paid for twice, and nothing that was paid for is lost.

mod database_locks;
mod duplicate_calls;
mod hosted_interrupts;
mod hosted_requests;
mod kill_switch;
mod partial_images;
