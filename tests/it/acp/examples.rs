//! The configurations of editors in the documents.

use serde_json::Value;

/// The fenced blocks of a language in a section of docs/HOSTS.md.
fn blocks(language: &str) -> Vec<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/HOSTS.md");
    let text = std::fs::read_to_string(path).expect("docs/HOSTS.md");
    let section = text.split("## Editors that speak ACP").nth(1).expect("a section for editors");
    let section = section.split("\n## ").next().expect("a section");
    let fence = format!("```{language}\n");
    section.split(&fence).skip(1).filter_map(|rest| rest.split("```").next()).map(str::to_owned).collect()
}

#[test]
fn editor_configurations_start_the_agent() {
    let configurations = blocks("json");
    assert_eq!(configurations.len(), 2, "Zed and JetBrains");
    for configuration in configurations {
        let parsed: Value = serde_json::from_str(&configuration).expect("JSON");
        let agent = &parsed["agent_servers"]["Easel"];
        assert_eq!((&agent["command"], &agent["args"]), (&"easel".into(), &serde_json::json!(["acp"])), "{parsed}");
    }
    for (language, quote) in [("lua", "\"easel\", \"acp\""), ("elisp", ":command \"easel\" :command-params '(\"acp\")")]
    {
        let [block] = blocks(language).try_into().expect("one configuration");
        assert!(block.contains(quote), "{block}");
        let depth = |open, close| block.matches(open).count() == block.matches(close).count();
        assert!(depth('(', ')') && depth('{', '}'), "{block}");
    }
}
