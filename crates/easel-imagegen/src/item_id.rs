//! Ids of items. An item has the id that the provider gave its call or message, or that id with a number if the thread
//! has used it: providers repeat ids.

/// Returns the id with a number: `preferred` itself for 1, `preferred-2` for 2, and so on.
pub fn with_number(preferred: &str, number: u32) -> String {
    if number <= 1 { preferred.to_owned() } else { format!("{preferred}-{number}") }
}

/// Returns a number from `first` on that is not used. It is the smallest if the used numbers from `first` on have no
/// gap.
///
/// It doubles its step until it finds such a number, then halves the range, so it checks few numbers even if thousands
/// are used.
///
/// # Errors
/// Those of `is_used`.
pub fn find_free_number<E>(first: u32, mut is_used: impl FnMut(u32) -> Result<bool, E>) -> Result<u32, E> {
    if !is_used(first)? {
        return Ok(first);
    }
    let (mut used, mut free, mut step) = (first, first.saturating_add(1), 1_u32);
    while is_used(free)? {
        used = free;
        step = step.saturating_mul(2);
        free = free.saturating_add(step);
    }
    while free - used > 1 {
        let middle = used + (free - used) / 2;
        if is_used(middle)? { used = middle } else { free = middle }
    }
    Ok(free)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::convert::Infallible;

    use super::*;

    #[test]
    fn number_one_is_the_preferred_id() {
        assert_eq!([1, 2, 13].map(|number| with_number("call", number)), ["call", "call-2", "call-13"]);
    }

    #[test]
    fn finds_the_first_free_number_in_few_checks() {
        for used in [0, 1, 2, 3, 4, 7, 8, 100, 10_000] {
            let mut checks = 0;
            let free = find_free_number(1, |number| {
                checks += 1;
                Ok::<_, Infallible>(number <= used)
            });
            assert_eq!(free, Ok(used + 1));
            assert!(checks <= 28, "{checks} checks for {used} used numbers");
        }
    }

    #[test]
    fn number_between_gaps_is_free() {
        let used: HashSet<u32> = [1, 2, 4, 5, 6, 9, 17, 33].into();
        for first in 1..40 {
            let free = find_free_number(first, |number| Ok::<_, Infallible>(used.contains(&number))).unwrap();
            assert!(free >= first && !used.contains(&free), "{free} from {first} on");
        }
    }
}
