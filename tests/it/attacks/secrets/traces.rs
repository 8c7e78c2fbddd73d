//! The contents of the log at level `trace`.

use std::process::Stdio;

use serde_json::json;

use crate::harness::Sandbox;
use crate::listen::server::{ListeningServer, Transport};

#[test]
fn traces_contain_neither_keys_nor_images() {
    for transport in [Transport::WebSocket, Transport::Lines] {
        let sandbox = Sandbox::new();
        let socket = format!("unix://{}", sandbox.root().join("easel.sock").display());
        let url = if transport == Transport::Lines { socket.as_str() } else { "ws://127.0.0.1:0" };
        let mut command = sandbox
            .server_command(&["-c", "model_provider=preview", "--enable", "imagegenext", "--listen", url])
            .into_std();
        command.env("RUST_LOG", "trace,tungstenite=trace").stdin(Stdio::null());
        let server = ListeningServer::spawn_command(command);
        let mut client = server.connect();
        let thread_id = client.start_thread();
        client.start_turn(&thread_id);
        client.events_until(&thread_id, "turn/completed");
        client.send(&json!({ "method": "no/such" }));
        let url = "data:image/png;base64,CANARYCANARYCANARY";
        let input = json!([{ "type": "image", "url": url }]);
        let refused = client.call("turn/start", &json!({ "threadId": thread_id, "input": input }));
        assert_eq!(refused["error"]["code"], -32602, "{refused}");
        let login = json!({ "type": "apiKey", "apiKey": "sk-canary-ws" });
        client.request("account/login/start", &login);
        drop(client);
        server.signal("-TERM");
        let log = server.wait().1;
        assert!(log.contains("a notification of the client was ignored"), "details are logged: {log}");
        let output = log.lines().find(|line| line.contains("[generated image]")).expect("the tool's output is logged");
        assert!(output.contains("handle=img_") && output.contains("bytes="), "{output}");
        assert!(!log.contains("CANARYCANARY") && !log.contains("sk-canary-ws"), "{transport:?}: {log}");
        // Frames are logged in hexadecimal.
        assert!(!log.contains("636e617279") && !log.contains("434e415259"), "{transport:?}: {log}");
    }
}
