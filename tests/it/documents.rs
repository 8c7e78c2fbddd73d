//! Compares documents with the code.

use std::fmt::Write as _;
use std::path::Path;

use easel_protocol::method::{Method, MethodVisitor, visit_methods};

use crate::harness::Sandbox;

struct MethodTable(String);

impl MethodVisitor for MethodTable {
    fn visit<M: Method>(&mut self) {
        writeln!(self.0, "| `{}` | {} |", M::NAME, M::SUMMARY).expect("a string takes every write");
    }
}

fn document(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(name)).expect("the document")
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
