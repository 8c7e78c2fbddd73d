//! Errors that are the same for all methods. The cases are generated from the schema, so a new method is covered
//! without being named here. Tests of single methods have their other errors.

mod invalid_params;
mod long_texts;
mod params;
mod states;

use serde_json::{Value, json};

use crate::harness::Server;

/// Sends a request and reads the response. Notifications are ignored. An error is returned as a whole.
async fn ask(server: &mut Server, method: &str, params: Option<&Value>) -> Result<Value, Value> {
    let mut request = json!({ "id": "refusals", "method": method });
    if let Some(params) = params {
        request["params"] = params.clone();
    }
    server.client.send_line(&request.to_string()).await.expect("the server reads its input");
    loop {
        let line = server.client.read_line().await.expect("a whole line").expect("a response");
        let mut line: Value = serde_json::from_str(&line).expect("JSON");
        if line.get("method").is_some() {
            continue;
        }
        assert_eq!(line["id"], "refusals", "{method}: {line}");
        return if line["error"].is_null() { Ok(line["result"].take()) } else { Err(line["error"].take()) };
    }
}
