//! File names that are not taken.

use std::path::{Path, PathBuf};

/// Returns a free path among `name.ext`, `name-2.ext`, … and its number. The search starts at number `from`.
///
/// It is the first free one if few are taken. The number of checks grows with the logarithm of the number of files.
pub(crate) fn free_path(
    folder: &Path,
    name: &str,
    extension: &str,
    from: u32,
    is_taken: impl Fn(&Path) -> bool,
) -> (PathBuf, u32) {
    let path = |number: u32| match number {
        1 => folder.join(format!("{name}.{extension}")),
        _ => folder.join(format!("{name}-{number}.{extension}")),
    };
    // A dangling symbolic link takes a name too.
    let is_free = |number: u32| {
        let path = path(number);
        path.symlink_metadata().is_err() && !is_taken(&path)
    };
    let number = first_free(from.max(1), is_free);
    (path(number), number)
}

/// Returns `from` if it is free, else a free number after a taken one: doubles the step, then bisects.
fn first_free(from: u32, is_free: impl Fn(u32) -> bool) -> u32 {
    if is_free(from) {
        return from;
    }
    let (mut taken, mut step) = (from, 1_u32);
    let mut free = loop {
        let next = taken.saturating_add(step);
        if is_free(next) || next == u32::MAX {
            break next;
        }
        (taken, step) = (next, step.saturating_mul(2));
    };
    while free - taken > 1 {
        let middle = taken + (free - taken) / 2;
        if is_free(middle) { free = middle } else { taken = middle }
    }
    free
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn first_free_number_follows_the_taken_ones() {
        for (from, taken) in [(1, 0), (1, 1), (1, 2), (3, 7), (1, 10_000), (5_000, 10_000)] {
            let checks = Cell::new(0);
            let found = first_free(from, |number| {
                checks.set(checks.get() + 1);
                number > taken
            });
            assert_eq!(found, from.max(taken + 1), "from {from} of {taken}");
            assert!(checks.get() <= 32, "{} checks for {taken}", checks.get());
        }
    }

    #[test]
    fn a_gap_may_be_used() {
        assert_eq!(first_free(1, |number| number == 2 || number > 9), 2);
        let found = first_free(1, |number| number == 5 || number > 9);
        assert!(found == 5 || found == 10, "{found}");
    }
}
