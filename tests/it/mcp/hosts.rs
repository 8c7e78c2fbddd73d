//! The page for hosts: its configurations are JSON, TOML or YAML that starts this server.

use serde_json::Value;

/// The command that every configuration runs.
const COMMAND: &str = "mcp-server";

fn section() -> &'static str {
    let page = include_str!("../../../docs/HOSTS.md");
    let (_, section) = page.split_once("## MCP hosts\n").expect("the section");
    section.split_once("\n## ").map_or(section, |(section, _)| section)
}

#[test]
fn configurations_of_hosts_start_the_server() {
    let mut found = 0;
    for block in section().split("```json\n").skip(1) {
        let (json, _) = block.split_once("```").expect("the end of the block");
        let value: Value = serde_json::from_str(json).unwrap_or_else(|error| panic!("{error}: {json}"));
        let servers =
            ["mcpServers", "servers", "context_servers"].iter().find_map(|key| value[key]["easel"].as_object());
        let server = servers.unwrap_or_else(|| panic!("no server: {json}"));
        assert_eq!((&server["command"], &server["args"][0]), (&Value::from("easel"), &Value::from(COMMAND)), "{json}");
        found += 1;
    }
    assert_eq!(found, 4, "Claude Desktop and Cursor, with a key, VS Code, Zed");
    for command in ["claude mcp add easel -- easel mcp-server", "cmd: easel", "args: [mcp-server]"] {
        assert!(section().contains(command), "{command}");
    }
}
