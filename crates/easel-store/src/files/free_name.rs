//! Names that no file has.

use std::path::{Path, PathBuf};

/// One of `name.ext`, `name-2.ext`, … that is not taken, from the `from`th on, and which it is: the first, as long as few
/// are taken. Looks at a number of names that grows with the logarithm of those that are.
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

/// A free number whose predecessor is taken, if it is not `from` itself.
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
        let between = taken + (free - taken) / 2;
        if is_free(between) { free = between } else { taken = between }
    }
    free
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn the_first_free_number_follows_those_that_are_taken() {
        for (from, taken) in [(1, 0), (1, 1), (1, 2), (3, 7), (1, 10_000), (5_000, 10_000)] {
            let looks = Cell::new(0);
            let found = first_free(from, |number| {
                looks.set(looks.get() + 1);
                number > taken
            });
            assert_eq!(found, from.max(taken + 1), "from {from} of {taken}");
            assert!(looks.get() <= 32, "{} looks for {taken}", looks.get());
        }
    }

    #[test]
    fn a_gap_is_as_good_as_the_end() {
        assert_eq!(first_free(1, |number| number == 2 || number > 9), 2);
        let found = first_free(1, |number| number == 5 || number > 9);
        assert!(found == 5 || found == 10, "{found}");
    }
}
