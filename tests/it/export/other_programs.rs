//! Exports as other programs read them: Pillow, icotool and file.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{draw, export};

/// The interpreter with Pillow that `.ci/exports --install` sets up, or the one of the system.
fn python() -> Option<PathBuf> {
    let built = Path::new(crate::harness::EASEL).parent()?.join("../exports/venv/bin/python");
    let has_pillow = |program: &PathBuf| {
        Command::new(program).args(["-c", "import PIL"]).output().is_ok_and(|output| output.status.success())
    };
    let found = [built, "python3".into()].into_iter().find(has_pillow);
    if found.is_none() {
        easel_testkit::skip("exports", "no python3 has Pillow");
    }
    found
}

#[tokio::test]
async fn other_programs_read_every_set() {
    let Some(python) = python() else { return };
    for program in ["icotool", "file"] {
        if Command::new(program).arg("--version").output().is_err() {
            return easel_testkit::skip("exports", &format!("{program} is not installed"));
        }
    }
    let (sandbox, image) = draw(&["--background", "transparent"]).await;
    for set in ["web", "apple", "windows", "android"] {
        std::fs::create_dir(sandbox.project().join(set)).expect("a folder");
        let (code, _, stderr) = export(&sandbox, &[&image, "--set", set, set, "--background", "#ffffff"]).await;
        assert_eq!(code, Some(0), "{stderr}");
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.ci/exports");
    let checked = Command::new(python).arg(script).arg(sandbox.project()).output().expect("it starts");
    let said = [checked.stdout, checked.stderr].concat();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&said));
}
