//! Errors of connections: through a proxy, with TLS, and without either.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};

use easel_testkit::http::{MockServer, Response};

use super::tls::{Authority, in_front_of};
use crate::http::errors::{error_of_turn, provider_at};

/// An address on this machine at which nothing listens.
const CLOSED: &str = "127.0.0.1:1";

/// A proxy that answers every request like this. Returns its address.
fn proxy(answer: &'static str) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for mut client in listener.incoming().map_while(Result::ok) {
            // An error ends its connection only.
            let _ = client.read(&mut [0; 4_096]).and_then(|_| client.write_all(answer.as_bytes()));
        }
    });
    address.to_string()
}

#[tokio::test]
async fn unreachable_proxy_is_named() {
    for (scheme, variable) in [("http", "HTTP_PROXY"), ("https", "HTTPS_PROXY"), ("https", "ALL_PROXY")] {
        let config = provider_at(&format!("{scheme}://studio.example/v1"), "allow_plain_http = true\n");
        let error = error_of_turn(&config, &[(variable, &format!("http://user:word@{CLOSED}"))]).await;
        let names = if scheme == "http" { "HTTP_PROXY or ALL_PROXY" } else { "HTTPS_PROXY or ALL_PROXY" };
        assert_eq!(
            error,
            format!(
                "provider `studio` at studio.example cannot be reached through the proxy {CLOSED} ({names}): \
                 connection refused; check {names}, or list the host in NO_PROXY"
            )
        );
    }
}

#[tokio::test]
async fn login_and_refusal_of_a_proxy_are_named() {
    const LOGIN: &str = "HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n";
    let mut found = String::new();
    for (scheme, answer) in
        [("http", LOGIN), ("https", LOGIN), ("https", "HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n")]
    {
        let config = provider_at(&format!("{scheme}://studio.example/v1"), "allow_plain_http = true\n");
        let address = proxy(answer);
        let variables = [("HTTP_PROXY", address.as_str()), ("HTTPS_PROXY", address.as_str())];
        found += &error_of_turn(&config, &variables).await.replace(&address, "PROXY");
        found += "\n";
    }
    insta::assert_snapshot!(found, @r"
    the proxy PROXY (HTTP_PROXY or ALL_PROXY) requires a login [HTTP 407, POST studio.example/v1/responses, through the proxy PROXY]; put user and password into HTTP_PROXY or ALL_PROXY
    provider `studio` at studio.example cannot be reached: the proxy PROXY (HTTPS_PROXY or ALL_PROXY) requires a login; put user and password into HTTPS_PROXY or ALL_PROXY
    provider `studio` at studio.example cannot be reached: the proxy PROXY (HTTPS_PROXY or ALL_PROXY) refused to connect to it; check HTTPS_PROXY or ALL_PROXY, or list the host in NO_PROXY
    ");
}

#[tokio::test]
async fn tls_and_plain_http_are_not_confused() {
    let backend = MockServer::respond(|_| Response::message("Hello."));
    let address = backend.address().to_string();
    let error = error_of_turn(&provider_at(&format!("https://{address}/v1"), ""), &[]).await;
    insta::assert_snapshot!(error.replace(&address, "HOST"), @"provider `studio` at HOST cannot be reached: HOST does not speak TLS at this port (tls handshake eof); if it expects plain http, start its base_url with http://");

    let authority = Authority::new("known");
    let address = in_front_of(backend.address(), vec![authority.server("localhost")]).to_string();
    let error = error_of_turn(&provider_at(&format!("http://{address}/v1"), ""), &[]).await;
    insta::assert_snapshot!(error.replace(&address, "HOST"), @"the connection to provider `studio` at HOST was lost before it answered: invalid HTTP version parsed; if the provider expects https, start its base_url with https://");
}

#[tokio::test]
async fn untrusted_certificate_names_the_variable_for_others() {
    let backend = MockServer::respond(|_| Response::message("Hello."));
    let authority = Authority::new("known");
    let port = in_front_of(backend.address(), vec![authority.server("localhost")]).port().to_string();
    let error = error_of_turn(&provider_at(&format!("https://localhost:{port}/v1"), ""), &[]).await;
    insta::assert_snapshot!(error.replace(&port, "PORT"), @"provider `studio` at localhost:PORT cannot be reached: invalid peer certificate: UnknownIssuer; set SSL_CERT_FILE to a file with the certificate of its authority");
}

#[tokio::test]
async fn unknown_name_and_closed_port_are_told_apart() {
    insta::assert_snapshot!(error_of_turn(&provider_at("https://studio.invalid/v1", ""), &[]).await, @"provider `studio` at studio.invalid cannot be reached: the name studio.invalid cannot be resolved; check its base_url and the network's name server");
    insta::assert_snapshot!(error_of_turn(&provider_at(&format!("http://{CLOSED}/v1"), ""), &[]).await, @"provider `studio` at 127.0.0.1:1 cannot be reached: connection refused; check its base_url, and that the server runs");
}
