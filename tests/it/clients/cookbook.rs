//! Each task of the cookbook, in each language.

use easel_testkit::image::{DecodedPng, solid_png};

use super::{Program, cookbook};
use crate::harness::{EASEL, Sandbox, read_file};

const PROMPT: &str = "draw a red square";

/// A provider that would take ten minutes.
const SLOW: &str =
    "model_provider = \"slow\"\n[model_providers.slow]\npreset = \"preview\"\ndelay_ms = 600000\nbills = true\n";

/// The last word of a line.
fn path_of(line: &str) -> &str {
    line.rsplit(' ').next().unwrap_or_default()
}

#[test]
fn cookbook_draws() {
    for draw in cookbook("draw") {
        let sandbox = Sandbox::new();
        let lines = draw.succeed(&sandbox, &[EASEL, PROMPT]);
        assert_eq!(lines.len(), 1, "{lines:?}");
        DecodedPng::decode(&read_file(&lines[0]));
    }
}

#[test]
fn cookbook_edits_a_local_file() {
    for edit in cookbook("edit") {
        let sandbox = Sandbox::new();
        sandbox.write_file("red.png", &solid_png(64, 64, [255, 0, 0]));
        // The path is relative to the folder of the client.
        let lines = edit.succeed(&sandbox, &[EASEL, "red.png", "make it blue"]);
        let path = lines[0].strip_suffix(" made from 1 image").expect("one reference image");
        DecodedPng::decode(&read_file(path));
    }
}

#[test]
fn cookbook_shows_previews_before_the_image() {
    for progress in cookbook("progress") {
        let sandbox = Sandbox::new();
        let lines = progress.succeed(&sandbox, &[EASEL, PROMPT]);
        let starts = ["started", "preview 0 ", "preview 1 ", "preview 2 ", "Here is your picture", "completed "];
        assert_eq!(lines.len(), starts.len(), "{lines:?}");
        assert!(lines.iter().zip(starts).all(|(line, start)| line.starts_with(start)), "{lines:?}");
        DecodedPng::decode(&read_file(path_of(&lines[5])));
    }
}

#[test]
fn cookbook_cancels_an_image() {
    for cancel in cookbook("cancel") {
        let lines = cancel.succeed(&Sandbox::with_config(SLOW), &[EASEL, PROMPT]);
        assert!(lines[0].starts_with("image: failed, interrupted, billed: "), "{lines:?}");
        assert_eq!(lines[1..], ["turn: interrupted"]);
    }
}

#[test]
fn cookbook_reads_and_lists_images() {
    for (read_bytes, list_images) in cookbook("read_bytes").into_iter().zip(cookbook("list_images")) {
        let sandbox = Sandbox::new();
        assert!(list_images.succeed(&sandbox, &[EASEL]).is_empty());
        for name in ["a.png", "b.png"] {
            read_bytes.succeed(&sandbox, &[EASEL, PROMPT, name]);
        }
        let lines = list_images.succeed(&sandbox, &[EASEL]);
        let [newest, oldest] = lines.as_slice() else { panic!("not two images: {lines:?}") };
        assert!(newest.starts_with("img_"), "{newest}");
        assert_eq!(read_file(path_of(newest)), read_file(sandbox.project().join("b.png")));
        assert_eq!(read_file(path_of(oldest)), read_file(sandbox.project().join("a.png")));
        // A file that exists is not overwritten.
        assert!(!read_bytes.fail(&sandbox, &[EASEL, PROMPT, "a.png"]).is_empty());
    }
}

#[test]
fn cookbook_recovers_from_a_crash() {
    for recover in cookbook("recover") {
        let lines = recover.succeed(&Sandbox::with_config(SLOW), &[EASEL, PROMPT]);
        assert_eq!(lines[..2], ["the server closed the connection", "turn: interrupted"]);
        assert!(lines[2].starts_with("image: failed, billed: "), "{lines:?}");
        assert_eq!(lines.len(), 4, "{lines:?}");
    }
}

#[cfg(unix)]
#[test]
fn cookbook_shares_a_server() {
    for share in cookbook("share") {
        let sandbox = Sandbox::new();
        let socket = sandbox.root().join("easel.sock").display().to_string();
        let lines = share.succeed(&sandbox, &[EASEL, &socket, PROMPT]);
        let [artist, viewer] = lines.as_slice() else { panic!("not two lines: {lines:?}") };
        assert!(artist.starts_with("artist ") && viewer.starts_with("viewer "), "{lines:?}");
        assert_eq!(path_of(artist), path_of(viewer));
        DecodedPng::decode(&read_file(path_of(artist)));
    }
}

/// Every file of the cookbook has the same name and the same lines of output in both languages, so a file without a
/// partner is a mistake.
#[test]
fn cookbook_has_each_program_in_both_languages() {
    let names = |folder: &str| {
        let entries = std::fs::read_dir(super::repository(folder)).expect("the folder");
        let names = entries.map(|entry| entry.expect("an entry").path().file_stem().expect("a name").to_owned());
        names.filter(|name| name != "__pycache__").collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(names("docs/clients/python"), names("docs/clients/node"));
}

/// The programs that draw, of the cookbook and of the other clients.
#[test]
fn example_clients_fail_loudly() {
    let mut programs = cookbook("draw");
    programs.extend([super::rust(), super::typescript(), super::codex_sdk()].into_iter().flatten());
    for program in programs {
        let assert_fails = |config: &str, arguments: &[&str], message: &str| {
            let stderr = program.fail(&Sandbox::with_config(config), arguments);
            assert!(stderr.contains(message), "{program:?} does not say {message:?}: {stderr}");
        };
        let no_key =
            "model_provider = \"x\"\n[model_providers.x]\nbase_url = \"http://127.0.0.1:9/v1\"\nenv_key = \"K\"\n";
        assert_fails(no_key, &[EASEL, PROMPT], "env_key), is not set; set it before Easel starts");
        assert_fails(
            "[[hooks.pre_tool_use]]\ncommand = [\"false\"]\n",
            &[EASEL, PROMPT],
            "the hook 1 of hooks.pre_tool_use",
        );
        assert_fails("", &[EASEL, ""], "must not be empty");
        // Not an app-server: it ends at once.
        assert_fails("", &["false", PROMPT], "");
    }
}

impl Program {
    /// Runs the program, which must succeed, and returns the lines that it prints.
    fn succeed(&self, sandbox: &Sandbox, arguments: &[&str]) -> Vec<String> {
        let (is_success, stdout, stderr) = self.run(sandbox, arguments);
        assert!(is_success, "{self:?}: {stdout} {stderr}");
        stdout.lines().map(str::to_owned).collect()
    }

    /// Runs the program, which must fail without printing a path, and returns what it writes to stderr.
    fn fail(&self, sandbox: &Sandbox, arguments: &[&str]) -> String {
        let (is_success, stdout, stderr) = self.run(sandbox, arguments);
        assert!(!is_success && stdout.is_empty(), "{self:?}: {stdout} {stderr}");
        stderr
    }
}
