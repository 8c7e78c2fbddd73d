//! A TLS endpoint on loopback, with certificates of a private authority.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::wire::Request;
use crate::harness::Sandbox;

pub(super) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(super) fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(params, key).expect("a certificate"))
    }

    /// Writes the certificate of the authority to a file, for `SSL_CERT_FILE`.
    pub(super) fn file(&self, sandbox: &Sandbox) -> PathBuf {
        sandbox.write_file("authority.pem", self.0.pem().as_bytes())
    }

    /// The configuration of a server with this name.
    pub(super) fn server(&self, name: &str) -> Arc<ServerConfig> {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new([name.to_owned()]).expect("a name");
        let certificate = params.signed_by(&key, &self.0).expect("a certificate");
        let key = PrivatePkcs8KeyDer::from(key.serialize_der());
        let crypto = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(crypto).with_safe_default_protocol_versions();
        let config = config.expect("versions").with_no_client_auth();
        Arc::new(config.with_single_cert(vec![certificate.der().clone()], key.into()).expect("a pair"))
    }
}

/// Accepts TLS connections with the next of `configs`, the last one repeatedly. Forwards the one request of each to
/// `backend`.
pub(super) fn in_front_of(backend: SocketAddr, configs: Vec<Arc<ServerConfig>>) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for (number, client) in listener.incoming().map_while(Result::ok).enumerate() {
            let config = Arc::clone(&configs[number.min(configs.len() - 1)]);
            // A failed handshake ends its connection only.
            std::thread::spawn(move || serve(client, config, backend));
        }
    });
    address
}

fn serve(client: TcpStream, config: Arc<ServerConfig>, backend: SocketAddr) -> io::Result<()> {
    let connection = ServerConnection::new(config).map_err(io::Error::other)?;
    let mut client = StreamOwned::new(connection, client);
    let request = Request::read(&mut client)?;
    let mut server = TcpStream::connect(backend)?;
    server.write_all(request.head.as_bytes())?;
    server.write_all(&request.body)?;
    let mut response = Vec::new();
    server.read_to_end(&mut response)?;
    client.write_all(&response)?;
    client.conn.send_close_notify();
    client.flush()
}
