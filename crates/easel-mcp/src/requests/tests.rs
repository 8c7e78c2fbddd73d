use super::*;

#[test]
fn timeouts_of_known_hosts_are_told_from_a_stop() {
    for reason in ["McpError: MCP error -32001: Request timed out", "Request timed out", "request timeout"] {
        assert!(is_timeout(reason), "{reason}");
    }
    for reason in ["", "User pressed stop", "AbortError: This operation was aborted"] {
        assert!(!is_timeout(reason), "{reason}");
    }
}
