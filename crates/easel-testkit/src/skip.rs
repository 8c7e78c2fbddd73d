//! Tests that cannot run on every machine.

/// Makes every skip a failure. CI sets it.
const MUST_RUN: &str = "EASEL_TESTS_MUST_RUN";

/// The names of tests that may be skipped in spite of [`MUST_RUN`], separated by spaces.
const MAY_SKIP: &str = "EASEL_TESTS_MAY_SKIP";

/// Prints that a test is skipped, and why. The caller must return after it.
///
/// `name` identifies the test in `EASEL_TESTS_MAY_SKIP`, such as `keychain`.
///
/// # Panics
///
/// Panics if `EASEL_TESTS_MUST_RUN` is set and `EASEL_TESTS_MAY_SKIP` does not list the name.
#[expect(clippy::print_stdout, reason = "the person who runs the tests must learn which did not run")]
pub fn skip(name: &str, reason: &str) {
    let may_skip = variable(MAY_SKIP).unwrap_or_default();
    let is_allowed = may_skip.split_whitespace().any(|allowed| allowed == name);
    assert!(variable(MUST_RUN).is_none() || is_allowed, "{name} must run ({MUST_RUN} is set), but {reason}");
    println!("skipped: {name}: {reason}");
}

#[expect(clippy::disallowed_methods, reason = "a setting of the tests, not of the program")]
fn variable(name: &str) -> Option<String> {
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}
