//! The documents are true: what is said twice is compared.

use std::fmt::Write as _;
use std::path::Path;

use easel_protocol::method::{Method, MethodVisitor, visit_methods};

struct MethodTable(String);

impl MethodVisitor for MethodTable {
    fn visit<M: Method>(&mut self) {
        writeln!(self.0, "| `{}` | {} |", M::NAME, M::SUMMARY).expect("a string takes every write");
    }
}

#[test]
fn the_method_table_of_the_architecture_is_the_list_of_methods() {
    let mut table = MethodTable("| method | does |\n|---|---|\n".to_owned());
    visit_methods(&mut table);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ARCHITECTURE.md");
    let document = std::fs::read_to_string(&path).expect("the document");
    let (_, rest) = document.split_once("<!-- methods -->\n").expect("the start of the table");
    let (found, _) = rest.split_once("<!-- /methods -->").expect("the end of the table");
    assert!(found == table.0, "replace the table in ARCHITECTURE.md with:\n{}", table.0);
}
