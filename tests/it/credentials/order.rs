//! Logins and logouts of a client that does not wait for the responses.

use serde_json::{Value, json};

use crate::harness::Sandbox;
use crate::listen::server::{Connection, ListeningServer, Transport};

/// The requests of one round.
const REQUESTS: usize = 6;

/// Reads up to the response with this id, and returns its result.
fn result(client: &mut Connection, id: &str) -> Value {
    loop {
        let mut message = client.read_json();
        assert!(message["error"].is_null(), "{message}");
        if message["id"] == id {
            return message["result"].take();
        }
    }
}

#[test]
fn overlapping_logins_and_logouts_take_effect_in_order() {
    let sandbox = Sandbox::new();
    let stored = sandbox.home().join("auth.json");
    let server = ListeningServer::start_with(&sandbox, Transport::Lines, &[]);
    let mut client = server.connect();
    for round in 0..60 {
        let ends_with_login = round % 2 == 1;
        for number in 0..REQUESTS {
            let is_login = (number % 2 == 1) == ends_with_login;
            let (method, params) = if is_login {
                ("account/login/start", json!({ "type": "apiKey", "apiKey": format!("sk-{round}-{number}") }))
            } else {
                ("account/logout", json!({}))
            };
            client.send(&json!({ "id": format!("{round}-{number}"), "method": method, "params": params }));
        }
        // Responses may come in another order, so this counts them.
        let mut responses = 0;
        while responses < REQUESTS {
            let message = client.read_json();
            assert!(message["error"].is_null(), "{message}");
            responses += usize::from(message["id"].is_string());
        }
        client.send(&json!({ "id": "read", "method": "account/read", "params": {} }));
        let account = result(&mut client, "read")["account"].take();
        let expected = if ends_with_login { json!({ "type": "apiKey" }) } else { Value::Null };
        assert_eq!((account, stored.exists()), (expected, ends_with_login), "round {round}");
        if ends_with_login {
            let key = std::fs::read_to_string(&stored).expect("a stored key");
            assert!(key.contains(&format!("sk-{round}-{}", REQUESTS - 1)), "the key of the last login");
        }
    }
    server.stop();
}
