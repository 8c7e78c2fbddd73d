//! A bound on the memory of one input.

use std::alloc::System;

use cap::Cap;

#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, usize::MAX);

/// Runs `work`. If all threads together allocate more than `bytes` at a time meanwhile, the process aborts, which
/// libFuzzer reports with the input.
pub fn with_limit<T>(bytes: usize, work: impl FnOnce() -> T) -> T {
    ALLOCATOR.set_limit(ALLOCATOR.allocated() + bytes).expect("a limit above what is allocated");
    let result = work();
    ALLOCATOR.set_limit(usize::MAX).expect("no limit");
    result
}
