//! Lines over the limit, and their memory cost.

use crate::harness::Sandbox;
use crate::wire::raw::RawServer;

const MIB: u64 = 1024 * 1024;

/// Sends bytes of one line, without its newline.
fn send_endless(server: &mut RawServer, bytes: u64) {
    let piece = vec![b'x'; 1_000_000];
    for _ in 0..bytes / 1_000_000 {
        server.send_bytes(&piece);
    }
}

/// A line of 100 MB is answered at its newline and costs at most `allowed` bytes of memory.
fn assert_skipped(arguments: &[&str], limit: u64, allowed: u64) {
    let sandbox = Sandbox::new();
    let mut server = RawServer::start_measured(&sandbox, arguments);
    server.assert_alive();
    #[cfg(target_os = "linux")]
    let before = server.memory_bytes("VmRSS");
    for _ in 0..2 {
        send_endless(&mut server, 100_000_000);
        let expected = format!("Invalid request: line longer than {limit} bytes");
        assert_eq!(server.round_trip(""), format!(r#"{{"id":null,"error":{{"code":-32600,"message":"{expected}"}}}}"#));
        server.assert_alive();
    }
    // Memory is measured on Linux only.
    #[cfg(not(target_os = "linux"))]
    let _ = allowed;
    #[cfg(target_os = "linux")]
    {
        let (peak, after) = (server.memory_bytes("VmHWM"), server.memory_bytes("VmRSS"));
        assert!(peak < before + allowed, "{} MiB at most, {} MiB before", peak / MIB, before / MIB);
        assert!(after < before + 8 * MIB, "{} MiB afterwards, {} MiB before", after / MIB, before / MIB);
    }
    server.close();
}

/// A line may be as long as the limit, so the server may use that much memory before it rejects the line, but not
/// twice.
#[test]
fn line_of_100_mb_costs_no_more_than_the_limit() {
    assert_skipped(&[], 64 * MIB, (64 + 24) * MIB);
}

#[test]
fn small_line_limit_keeps_memory_flat() {
    assert_skipped(&["-c", "server.max_line_bytes=1000000"], 1_000_000, 24 * MIB);
}

#[test]
fn line_limit_is_exact() {
    let sandbox = Sandbox::new();
    let mut server = RawServer::start(&sandbox, &["-c", "server.max_line_bytes=65536"]);
    let request = r#"{"id":1,"method":"account/read"}"#;
    let padded = |length: usize| format!("{request}{}", " ".repeat(length - request.len()));
    let fits = server.round_trip(&padded(65_536));
    assert!(fits.starts_with(r#"{"id":1,"result":"#), "{fits}");
    let too_long = server.round_trip(&padded(65_537));
    assert!(too_long.starts_with(r#"{"id":null,"error":{"code":-32600"#), "{too_long}");
    server.assert_alive();
    server.close();
}

#[test]
fn endless_line_does_not_block_the_exit() {
    let sandbox = Sandbox::new();
    let mut server = RawServer::start(&sandbox, &["-c", "server.max_line_bytes=65536"]);
    send_endless(&mut server, 1_000_000);
    server.close_input();
    let rest = server.read_to_end();
    assert!(rest.len() <= 1, "{rest:?}");
    assert_eq!(server.wait_for_exit_code(), Some(0));
}
