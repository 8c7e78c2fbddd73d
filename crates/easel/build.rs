//! Places the functions that a start runs next to each other, in builds with the profile `dist`.
//!
//! A start runs 1,300 functions with 1.6 MB of code. Spread over 16 MB, they make an idle server keep 8 MB of the
//! executable in memory, since the system reads at least 64 KiB at a time. `startup-functions.ld` names them.

#![expect(clippy::disallowed_methods, reason = "cargo passes what a build script needs in the environment")]

use std::env;
use std::path::Path;

const SCRIPT: &str = "startup-functions.ld";

fn main() {
    println!("cargo::rerun-if-changed={SCRIPT}");
    println!("cargo::rerun-if-changed=build.rs");
    let variable = |name| env::var(name).unwrap_or_default();
    let script = Path::new(&variable("CARGO_MANIFEST_DIR")).join(SCRIPT);
    // Only linkers for ELF read such scripts. The list is removed to make a new one.
    if variable("CARGO_CFG_TARGET_OS") == "linux" && is_dist(Path::new(&variable("OUT_DIR"))) && script.exists() {
        println!("cargo::rustc-link-arg-bin=easel=-Wl,-T,{}", script.display());
    }
}

/// Whether the profile is `dist`. Cargo tells build scripts only the profile that it inherits from, so this reads the
/// path `target/[TRIPLE/]dist/build/easel-HASH/out`.
fn is_dist(out_dir: &Path) -> bool {
    out_dir.ancestors().nth(3).is_some_and(|profile| profile.ends_with("dist"))
}
