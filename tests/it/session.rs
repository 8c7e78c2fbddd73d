//! A client that uses every method. Every line is checked against both schemas.

mod steps;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use easel_client::Direction;
use easel_protocol::method::{Method, MethodVisitor, visit_methods};
use serde_json::Value;

use crate::harness::conformance::SchemaChecker;
use crate::harness::{HOSTED, STANDALONE, Sandbox, Server, env_setting};

const CONFIG: &str = r#"
model_provider = "preview"
[model_providers.slow]
preset = "preview"
delay_ms = 600000
"#;

#[derive(Debug, Default)]
struct Names(Vec<&'static str>);

impl MethodVisitor for Names {
    fn visit<M: Method>(&mut self) {
        self.0.push(M::NAME);
    }
}

/// The name of each method, in the order of the list.
pub(crate) fn methods() -> Vec<&'static str> {
    let mut names = Names::default();
    visit_methods(&mut names);
    names.0
}

#[tokio::test]
async fn session_with_every_method_matches_both_schemas() {
    for tool in [STANDALONE, HOSTED] {
        let sandbox = Sandbox::with_config(CONFIG);
        let mut server = Server::spawn(sandbox.server_command(tool));
        steps::opens(&mut server).await;
        steps::logs_in_and_out(&mut server).await;
        steps::configures(&sandbox, &mut server).await;
        steps::lists_what_is_absent(&mut server).await;
        let (thread_id, image_id) = steps::draw_image(&sandbox, &mut server).await;
        steps::calls_tool(&mut server).await;
        steps::reads(&sandbox, &mut server, &thread_id, &image_id).await;
        steps::changes(&sandbox, &mut server, &thread_id).await;
        steps::takes_back(&mut server, &thread_id, &image_id).await;
        steps::interrupts(&mut server).await;
        steps::ends(&mut server, &thread_id).await;
        let transcript = server.transcript();
        server.close().await;

        let used: BTreeSet<String> = requests(&transcript).collect();
        let unasked: Vec<&str> = methods().into_iter().filter(|method| !used.contains(*method)).collect();
        assert!(unasked.is_empty(), "this session has no step that uses {unasked:?}");
        let checkers = [("Easel's schema", SchemaChecker::own()), ("the peer's schema", SchemaChecker::default())];
        for (owner, checker) in
            checkers.into_iter().take(if env_setting("EASEL_PEER_SCHEMA").is_some() { 2 } else { 1 })
        {
            // Every message but `initialized`, which has no schema.
            assert_eq!(check_transcript(checker, &transcript), transcript.len() - 1, "{owner}");
        }
        if tool == STANDALONE {
            insta::assert_snapshot!("every_method", summarize(&transcript));
        }
    }
    if env_setting("EASEL_PEER_SCHEMA").is_none() {
        println!("checked against Easel's schema only: EASEL_PEER_SCHEMA is not set");
    }
}

fn check_transcript(mut checker: SchemaChecker, transcript: &[(Direction, String)]) -> usize {
    for (direction, line) in transcript {
        match direction {
            Direction::Sent => checker.check_request(line),
            Direction::Received => checker.check_received(line),
        }
    }
    checker.checked_count()
}

#[test]
fn schema_check_finds_wrong_fields_in_every_message() {
    let request = (Direction::Sent, r#"{"id":1,"method":"thread/list"}"#);
    let wrong = [
        vec![(Direction::Received, r#"{"method":"turn/started","params":{"threadId":"t"}}"#)],
        vec![(Direction::Received, r#"{"method":"turn/started"}"#)],
        vec![(Direction::Received, r#"{"method":"tool/list/updated","params":{"offered":7}}"#)],
        vec![(Direction::Received, r#"{"id":1,"method":"account/chatgptAuthTokens/refresh","params":{}}"#)],
        vec![request, (Direction::Received, r#"{"id":1,"result":{"data":[{"id":"t"}]}}"#)],
        vec![(Direction::Sent, r#"{"id":1,"method":"thread/read","params":{"threadId":7}}"#)],
        vec![(Direction::Sent, r#"{"id":1,"method":"thread/read"}"#)],
        vec![(Direction::Sent, r#"{"id":1,"method":"no/such","params":{}}"#)],
    ];
    let peers = env_setting("EASEL_PEER_SCHEMA").is_some();
    for lines in wrong {
        let transcript: Vec<_> = lines.into_iter().map(|(direction, line)| (direction, line.to_owned())).collect();
        for checker in [Some(SchemaChecker::own()), peers.then(SchemaChecker::default)].into_iter().flatten() {
            let found = std::panic::catch_unwind(|| check_transcript(checker, &transcript));
            assert!(found.is_err(), "{transcript:?}");
        }
    }
}

fn requests(transcript: &[(Direction, String)]) -> impl Iterator<Item = String> {
    let sent = transcript.iter().filter(|(direction, _)| *direction == Direction::Sent);
    sent.filter_map(|(_, line)| serde_json::from_str::<Value>(line).ok()?["method"].as_str().map(str::to_owned))
}

/// One line per message: its direction, its method, and the names of its fields.
fn summarize(transcript: &[(Direction, String)]) -> String {
    let mut summary = String::new();
    for (direction, line) in transcript {
        let message: Value = serde_json::from_str(line).expect("JSON");
        let params = &message["params"];
        let _ = match (direction, message["method"].as_str()) {
            (Direction::Sent, Some(method)) => writeln!(summary, "-> {method} {}", fields(params)),
            (Direction::Received, Some(method)) => {
                let kind = params["item"]["type"].as_str().unwrap_or_default();
                writeln!(summary, "     {}", format!("{method} {kind}").trim_end())
            }
            (_, None) => writeln!(summary, "<- {}", fields(&message["result"])),
        };
    }
    let mut lines: Vec<&str> = summary.lines().map(str::trim_end).collect();
    // Only one of several deltas of a message is shown.
    lines.dedup();
    lines.join("\n")
}

fn fields(value: &Value) -> String {
    let fields = value.as_object().into_iter().flatten();
    fields.map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ")
}
