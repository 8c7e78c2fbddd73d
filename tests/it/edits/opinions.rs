//! The opinion of other programs about composites: PIL with numpy, and ImageMagick.

use std::path::Path;
use std::process::{Command, Output};

use easel_protocol::image::ImageCompositeParams;
use easel_protocol::method::ImageComposite;

use super::{Studio, report};

/// Prints how many protected pixels of two pictures differ at all, how many by more than 8, and their mean difference.
const SCRIPT: &str = r#"
import sys
import numpy as np
from PIL import Image
base, other = (np.asarray(Image.open(path).convert("RGBA"), dtype=np.int16) for path in sys.argv[1:3])
protected = np.asarray(Image.open(sys.argv[3]).convert("RGBA"))[..., 3] > 0
difference = np.abs(base - other).max(axis=2)[protected]
print(int((difference > 0).sum()), int((difference > 8).sum()), round(float(difference.mean()), 6))
"#;

/// Returns a Python that has PIL and numpy.
fn python() -> Option<&'static str> {
    let has_both = |python: &&str| {
        let output = Command::new(python).args(["-c", "import PIL, numpy"]).output();
        output.is_ok_and(|output| output.status.success())
    };
    ["python3", "/usr/bin/python3"].into_iter().find(has_both)
}

fn run(program: &str, arguments: &[&Path]) -> Output {
    Command::new(program).args(arguments).output().expect("the program runs")
}

#[tokio::test]
async fn other_programs_find_the_same_protected_pixels() {
    let (Some(python), true) = (python(), Command::new("compare").arg("-version").output().is_ok()) else {
        easel_testkit::skip("second-opinion", "Python with PIL and numpy, or ImageMagick's compare, is missing");
        return;
    };
    let mut studio = Studio::open("").await;
    let (mask, script) = (studio.sandbox.project().join("mask.png"), studio.sandbox.project().join("opinion.py"));
    std::fs::write(&script, SCRIPT).expect("a file");
    let base = std::path::PathBuf::from(&studio.base.path);
    for prompt in ["repaint all", "as jpeg", "one pixel", "keep"] {
        let edit = studio.edit(prompt).await;
        let opinion = run(python, &[&script, &base, edit.path.as_ref(), &mask]);
        let opinion = String::from_utf8(opinion.stdout).expect("text");
        let numbers: Vec<f64> = opinion.split_whitespace().map(|number| number.parse().expect("a number")).collect();
        let outside = report(&edit).outside.as_ref().expect("a mask");
        // Decoders of JPEG may differ by one in a channel.
        let slack = if prompt.contains("jpeg") { (0.02, 0.5) } else { (0.0, 1e-5) };
        let pixels = outside.pixels as f64;
        assert!((numbers[1] - outside.changed as f64).abs() <= slack.0 * pixels, "{prompt}: {opinion} {outside:?}");
        assert!((numbers[2] - outside.mean_difference).abs() <= slack.1, "{prompt}: {opinion} {outside:?}");

        let params = ImageCompositeParams { image_id: edit.id.clone(), ..ImageCompositeParams::default() };
        let composite = studio.server.request::<ImageComposite>(&params).await.image;
        let opinion = run(python, &[&script, &base, composite.path.as_ref(), &mask]);
        assert_eq!(String::from_utf8(opinion.stdout).expect("text").trim(), "0 0 0.0", "{prompt}: PIL");
        assert_eq!(absolute_error(&studio, &base, composite.path.as_ref()), "0", "{prompt}: ImageMagick");
    }
    studio.server.close().await;
}

/// Counts the pixels that differ, with ImageMagick, after both pictures got the same color inside the mask.
fn absolute_error(studio: &Studio, base: &Path, other: &Path) -> String {
    let covered = |path: &Path, name: &str| {
        let target = studio.sandbox.project().join(name);
        let cover = "fill black rectangle 96,0 159,255";
        let arguments = [path, Path::new("-draw"), Path::new(cover), &target];
        let output = run("convert", &arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        target
    };
    let (first, second) = (covered(base, "first.png"), covered(other, "second.png"));
    let arguments = [Path::new("-metric"), Path::new("AE"), &first, &second, Path::new("null:")];
    let output = run("compare", &arguments);
    let printed = String::from_utf8(output.stderr).expect("text");
    printed.split_whitespace().next().unwrap_or_default().to_owned()
}
