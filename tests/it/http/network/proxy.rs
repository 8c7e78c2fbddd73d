//! A proxy on loopback that forwards plain requests, opens tunnels, and records what it can read.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use super::wire::Request;

pub(super) struct Proxy {
    address: SocketAddr,
    log: Arc<Mutex<ProxyLog>>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct ProxyLog {
    /// The heads of the requests to the proxy.
    pub(super) heads: Vec<String>,
    /// All bytes that clients sent through tunnels.
    pub(super) tunneled: Vec<u8>,
}

impl ProxyLog {
    pub(super) fn request_lines(&self) -> Vec<&str> {
        self.heads.iter().filter_map(|head| head.lines().next()).collect()
    }
}

impl Proxy {
    /// Starts a proxy. All requests and tunnels go to `upstream`, or to their target if it is `None`.
    pub(super) fn start(upstream: Option<SocketAddr>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let address = listener.local_addr().expect("an address");
        let log = Arc::<Mutex<ProxyLog>>::default();
        let shared = Arc::clone(&log);
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let log = Arc::clone(&shared);
                // An error ends its connection only.
                std::thread::spawn(move || serve(client, upstream, &log));
            }
        });
        Self { address, log }
    }

    /// The URL of the proxy, with a user name and a password.
    pub(super) fn url(&self) -> String {
        format!("http://user:word@{}", self.address)
    }

    pub(super) fn log(&self) -> ProxyLog {
        self.log.lock().expect("nobody panics while holding this").clone()
    }
}

fn serve(mut client: TcpStream, upstream: Option<SocketAddr>, log: &Arc<Mutex<ProxyLog>>) -> io::Result<()> {
    let request = Request::read(&mut client)?;
    log.lock().expect("nobody panics while holding this").heads.push(request.head.clone());
    if request.line().starts_with("CONNECT ") {
        let server = match upstream {
            Some(address) => TcpStream::connect(address)?,
            None => TcpStream::connect(request.target())?,
        };
        client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
        return tunnel(client, server, log);
    }
    forward(&request, client, upstream)
}

/// Forwards a request in the form for origin servers, without proxy headers, and returns the response.
fn forward(request: &Request, mut client: TcpStream, upstream: Option<SocketAddr>) -> io::Result<()> {
    let target = request.target().strip_prefix("http://").ok_or(io::ErrorKind::InvalidInput)?;
    let (host, path) = target.split_once('/').ok_or(io::ErrorKind::InvalidInput)?;
    let mut server = match upstream {
        Some(address) => TcpStream::connect(address)?,
        None => TcpStream::connect(host)?,
    };
    write!(server, "POST /{path} HTTP/1.1\r\n")?;
    for header in request.head.lines().skip(1).filter(|header| !header.starts_with("proxy-")) {
        write!(server, "{header}\r\n")?;
    }
    server.write_all(&request.body)?;
    io::copy(&mut server, &mut client).map(drop)
}

fn tunnel(mut client: TcpStream, mut server: TcpStream, log: &Arc<Mutex<ProxyLog>>) -> io::Result<()> {
    let (mut from, mut to) = (server.try_clone()?, client.try_clone()?);
    std::thread::spawn(move || {
        let copied = io::copy(&mut from, &mut to);
        to.shutdown(Shutdown::Write).and(copied)
    });
    let mut chunk = vec![0; 16 << 10];
    loop {
        let length = client.read(&mut chunk)?;
        if length == 0 {
            return server.shutdown(Shutdown::Write);
        }
        log.lock().expect("nobody panics while holding this").tunneled.extend_from_slice(&chunk[..length]);
        server.write_all(&chunk[..length])?;
    }
}
