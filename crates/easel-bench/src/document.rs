//! The parts of `docs/PERFORMANCE.md` that a run replaces. Each is between two comments, such as `<!-- table -->` and
//! `<!-- /table -->`.

use std::path::Path;

use crate::plots;
use crate::report::Report;

/// Replaces the table and the description of the run, and draws the plots.
pub(crate) fn write_table(docs: &Path, report: &Report, table: &str) {
    replace(docs, "table", &format!("{}\n\n{table}", report.environment.to_sentence()));
    plots::draw_all(report, &docs.join("performance"));
}

/// Replaces the phases of a turn.
pub(crate) fn write_phases(docs: &Path, text: &str) {
    replace(docs, "phases", text);
}

fn replace(docs: &Path, name: &str, text: &str) {
    let path = docs.join("PERFORMANCE.md");
    let document = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    std::fs::write(path, replace_part(&document, name, text)).expect("the document can be written");
}

fn replace_part(document: &str, name: &str, text: &str) -> String {
    let (start, end) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let (before, rest) = document.split_once(&start).expect("the start of the part");
    let (_, after) = rest.split_once(&end).expect("the end of the part");
    format!("{before}{start}\n{}\n\n{end}{after}", text.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_named_part_is_replaced() {
        let document = "a\n<!-- x -->\nold\n<!-- /x -->\nb\n";
        let replaced = replace_part(document, "x", "new\n");
        assert_eq!(replaced, "a\n<!-- x -->\n\nnew\n\n<!-- /x -->\nb\n");
        assert_eq!(replace_part(&replaced, "x", "new"), replaced);
    }
}
