//! Compares documents with the code.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use easel_protocol::method::{Method, MethodVisitor, visit_methods};

use crate::harness::Sandbox;
use crate::storage::list_recursively;

struct MethodTable(String);

impl MethodVisitor for MethodTable {
    fn visit<M: Method>(&mut self) {
        writeln!(self.0, "| `{}` | {} |", M::NAME, M::SUMMARY).expect("a string takes every write");
    }
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A file of the repository.
fn document(name: &str) -> String {
    std::fs::read_to_string(repository().join(name)).expect("the document")
}

/// The path, below the repository, and the text of each Rust file in this folder.
fn sources(folder: &str) -> Vec<(String, String)> {
    let files = list_recursively(&repository().join(folder)).into_iter();
    let files = files.filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).expect("a source file");
        (path.strip_prefix(repository()).expect("a path below the repository").display().to_string(), text)
    };
    files.map(read).collect()
}

#[test]
fn method_table_of_the_architecture_is_complete() {
    let mut table = MethodTable("| method | does |\n|---|---|\n".to_owned());
    visit_methods(&mut table);
    let document = document("ARCHITECTURE.md");
    let (_, rest) = document.split_once("<!-- methods -->\n").expect("the start of the table");
    let (found, _) = rest.split_once("<!-- /methods -->").expect("the end of the table");
    assert!(found == table.0, "replace the table in ARCHITECTURE.md with:\n{}", table.0);
}

#[tokio::test]
async fn every_command_is_described() {
    let document = document("docs/COMMANDS.md");
    let help = Sandbox::new().run(&["--help"]).await.stdout;
    let help = String::from_utf8(help).expect("text");
    let (_, rest) = help.split_once("Commands:\n").expect("the list of commands");
    let list = rest.split("\n\n").next().unwrap_or_default();
    // The text of a command may go on in further lines, which are indented more.
    let commands = list.lines().filter_map(|line| line.strip_prefix("  ")).filter(|line| !line.starts_with(' '));
    let commands: Vec<_> = commands.filter_map(|line| line.split(' ').next()).filter(|name| *name != "help").collect();
    assert!(commands.len() >= 15, "{commands:?}");
    let is_described = |line: &str, name: &str| {
        let (is_place, command) = (line.starts_with("## ") || line.starts_with("| "), format!("`easel {name}"));
        is_place && line.split(&command).skip(1).any(|rest| rest.starts_with(['`', ' ']))
    };
    for name in commands {
        assert!(document.lines().any(|line| is_described(line, name)), "docs/COMMANDS.md lacks `easel {name}`");
    }
}

#[tokio::test]
async fn every_config_in_the_readme_is_valid() {
    let readme = document("README.md");
    let blocks: Vec<&str> =
        readme.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap_or_default()).collect();
    assert!(blocks.len() >= 4, "{blocks:#?}");
    for block in blocks {
        let output = Sandbox::with_config(block).run(&["features", "list"]).await;
        assert_eq!(output.status.code(), Some(0), "{block}{}", String::from_utf8_lossy(&output.stderr));
    }
}

/// The texts that define tests and lints.
struct Checks {
    sources: Vec<(String, String)>,
    lints: String,
}

impl Checks {
    fn load() -> Self {
        let sources = ["crates", "tests"].into_iter().flat_map(sources).collect();
        Self { sources, lints: document("Cargo.toml") + &document("clippy.toml") }
    }

    /// Returns whether a test has this name, or whether `Cargo.toml` or `clippy.toml` names it as a lint or a method.
    fn contains(&self, name: &str) -> bool {
        let (test, lint, method) = (format!("fn {name}("), format!("{name} = "), format!("\"{name}\""));
        let is_test = self.sources.iter().any(|(_, text)| text.contains(&test));
        is_test || self.lints.contains(&lint) || self.lints.contains(&method)
    }
}

/// Each row of the tables of threats and findings names tests or lints, unless it says that it is not closed.
#[test]
fn security_page_names_existing_checks() {
    let page = document("docs/SECURITY.md");
    let checks = Checks::load();
    let rows: Vec<Vec<&str>> = page
        .lines()
        .filter(|line| line.starts_with("| T") || line.starts_with("| F"))
        .filter(|line| line[3..].starts_with(|c: char| c.is_ascii_digit()))
        .map(|line| line.trim_matches('|').split('|').collect())
        .collect();
    assert_eq!(rows.len(), 32 + 25, "one row for each threat and finding");
    for row in rows {
        let [number, _, defence, checked_by] = row.as_slice() else { panic!("not four columns: {row:?}") };
        let names: Vec<&str> = checked_by.split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty() || defence.contains("Not closed"), "{number}names no check");
        let missing: Vec<&&str> = names.iter().filter(|name| !checks.contains(name)).collect();
        assert!(missing.is_empty(), "{number}names checks that do not exist: {missing:?}");
    }
}

/// The tables of likely mistakes name tests that exist.
#[test]
fn mistakes_of_faces_are_caught_by_existing_tests() {
    let checks = Checks::load();
    for file in ["tests/it/tool_call.rs", "tests/it/mcp.rs", "tests/it/acp.rs"] {
        let text = document(file);
        let rows: Vec<&str> = text.lines().filter(|line| line.starts_with("//! | ")).skip(1).collect();
        assert!(rows.len() >= 10, "{file} has ten mistakes: {rows:#?}");
        for row in rows {
            let (_, caught_by) = row.trim_end_matches(" |").rsplit_once(" | ").expect("two columns");
            let names: Vec<&str> = caught_by.split('`').skip(1).step_by(2).collect();
            let missing: Vec<&&str> = names.iter().filter(|name| !checks.contains(name)).collect();
            assert!(!names.is_empty() && missing.is_empty(), "{file}: {row}");
        }
    }
}

/// The table of fuzz targets names those that exist, and each has seeds and a threat.
#[test]
fn security_page_lists_the_fuzz_targets() {
    let page = document("docs/SECURITY.md");
    let (_, section) = page.split_once("## Fuzzing\n").expect("the section about fuzzing");
    let (section, _) = section.split_once("\n## ").expect("the end of the section");
    let rows: Vec<&str> = section.lines().filter(|line| line.starts_with("| `")).collect();
    assert!(rows.iter().all(|row| row.contains("| T")), "each target defends against a threat: {rows:#?}");
    let listed: BTreeSet<&str> = rows.iter().filter_map(|row| row.split('`').nth(1)).collect();
    let manifest = document("fuzz/Cargo.toml");
    let targets = manifest.lines().skip_while(|line| *line != "[[bin]]");
    let targets: BTreeSet<&str> =
        targets.filter_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"')).collect();
    assert_eq!(listed, targets);
    for target in targets {
        let seeds = repository().join("fuzz/seeds").join(target);
        assert!(
            std::fs::read_dir(&seeds).is_ok_and(|mut seeds| seeds.next().is_some()),
            "{} is empty",
            seeds.display()
        );
    }
}

/// Each `*Held by …*` of the invariants names tests, or lints and methods that `Cargo.toml` and `clippy.toml` forbid.
#[test]
fn invariants_name_existing_checks() {
    let architecture = document("ARCHITECTURE.md");
    let (_, invariants) = architecture.split_once("## Invariants\n").expect("the invariants");
    let (invariants, _) = invariants.split_once("\n## ").expect("the end of the invariants");
    let checks = Checks::load();
    let mut missing = BTreeSet::new();
    let mut count = 0;
    for held_by in invariants.split("*Held by ").skip(1) {
        let (names, _) = held_by.split_once(".*").expect("the end of the names");
        count += 1;
        missing.extend(names.split('`').skip(1).step_by(2).filter(|name| !checks.contains(name)));
    }
    assert!(missing.is_empty(), "ARCHITECTURE.md names checks that do not exist: {missing:#?}");
    let numbered =
        invariants.lines().filter(|line| line.split_once(". ").is_some_and(|(n, _)| n.parse::<u32>().is_ok()));
    assert_eq!(numbered.count(), count, "each invariant has a line `*Held by …*`");
}

#[test]
fn json_rpc_codes_are_defined_in_two_places() {
    let has_code = |line: &str| {
        let code = line.split_once("//").map_or(line, |(code, _)| code);
        code.match_indices("-32").any(|(at, _)| {
            let digits = code[at + 1..].chars().filter(|c| *c != '_').take_while(char::is_ascii_digit).count();
            digits == 5 && !code[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '"')
        })
    };
    let product = sources("crates").into_iter().filter(|(path, _)| {
        path.contains("/src/")
            && !path.contains("tests")
            && !path.contains("fakes")
            && !path.starts_with("crates/easel-rpc/")
    });
    let with_codes: BTreeSet<String> =
        product.filter(|(_, text)| text.lines().any(has_code)).map(|(path, _)| path).collect();
    let allowed = BTreeSet::from(["crates/easel/src/requests/error.rs".to_owned()]);
    assert!(with_codes.is_subset(&allowed), "{with_codes:#?}");
}

/// Clippy reads the file of the crate instead of the workspace's, so it must repeat its rules.
#[test]
fn clippy_files_of_crates_repeat_the_workspace_rules() {
    let rules = document("clippy.toml");
    for crate_name in ["easel-protocol", "easel-imagegen", "easel-picture", "easel-preview", "easel-thread"] {
        let own = document(&format!("crates/{crate_name}/clippy.toml"));
        let missing: Vec<&str> = rules.lines().filter(|line| !own.lines().any(|own| own == *line)).collect();
        assert!(missing.is_empty(), "crates/{crate_name}/clippy.toml lacks {missing:#?}");
        assert!(own.contains("std::time::SystemTime::now") && own.contains("std::fs::File::open"), "{crate_name}");
    }
}

/// The machine shares its crate with code that measures time, so no lint of the crate can forbid clocks.
#[test]
fn turn_machine_reads_no_clock() {
    for (path, text) in sources("crates/easel-thread/src") {
        if path.contains("/machine") && !path.contains("tests") {
            let clocks = ["Instant::now", "SystemTime", "now_ms(", "tokio::", "std::fs", "std::env"];
            let found: Vec<&str> = clocks.into_iter().filter(|clock| text.contains(clock)).collect();
            assert!(found.is_empty(), "{path} uses {found:?}");
        }
    }
}

/// The package of each crate carries the license, and `NOTICE` where it contains the fonts.
#[test]
fn published_crates_contain_the_license() {
    let (license, notice) = (document("LICENSE"), document("NOTICE"));
    let crates =
        std::fs::read_dir(repository().join("crates")).expect("the crates").map(|entry| entry.expect("a crate").path());
    let mut published = 0;
    for folder in crates.chain([repository().join("schema")]) {
        let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap_or_default();
        if read("Cargo.toml").contains("publish = false") {
            continue;
        }
        assert!(read("LICENSE") == license, "{} has another LICENSE", folder.display());
        if read("Cargo.toml").contains("\ndejavu.workspace") || folder.ends_with("easel") {
            assert!(read("NOTICE") == notice, "{} has another NOTICE", folder.display());
        }
        published += 1;
    }
    assert!(published >= 15, "{published}");
}
