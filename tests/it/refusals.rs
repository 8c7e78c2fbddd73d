//! What every method refuses and in which words, for all methods alike: the cases come from the schema, and a new method
//! has them without being named here. What single methods refuse beside that stands with their tests.

mod broken;
mod long;
mod params;
mod states;

use serde_json::{Value, json};

use crate::harness::Server;

/// Asks, and takes the answer; what is told meanwhile is not looked at. A refusal is the whole error.
async fn ask(server: &mut Server, method: &str, params: Option<&Value>) -> Result<Value, Value> {
    let mut request = json!({ "id": "refusals", "method": method });
    if let Some(params) = params {
        request["params"] = params.clone();
    }
    server.client.send_line(&request.to_string()).await.expect("the server takes its input");
    loop {
        let line = server.client.line().await.expect("a whole line").expect("an answer");
        let mut line: Value = serde_json::from_str(&line).expect("JSON");
        if line.get("method").is_some() {
            continue;
        }
        assert_eq!(line["id"], "refusals", "{method}: {line}");
        return if line["error"].is_null() { Ok(line["result"].take()) } else { Err(line["error"].take()) };
    }
}
