//! A server whose handler is a closure of the test.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::Semaphore;

use super::exchange::buffer;
use super::{Exchange, Request, Response, Step};

type Handler = dyn Fn(&mut Exchange, &Log) + Send + Sync;

/// A server on loopback. Dropping it closes its port and all its connections.
#[derive(Debug)]
pub struct MockServer {
    address: SocketAddr,
    log: Arc<Log>,
}

/// What a server has seen so far, shared by its threads.
#[derive(Debug)]
struct Log {
    requests: Mutex<Vec<Request>>,
    connections: Mutex<Vec<Weak<TcpStream>>>,
    is_stopped: AtomicBool,
    /// One permit for each request that was read.
    arrivals: Semaphore,
    /// One permit for each client that disconnected while a handler waited.
    disconnects: Arc<Semaphore>,
    /// One permit for each connection that the server has closed.
    closes: Semaphore,
}

impl MockServer {
    /// Passes each request to `handler` on the thread of its connection, once its head has been read. The handler reads
    /// the body. If it does not respond, the connection is closed when it returns.
    pub fn start(handler: impl Fn(&mut Exchange) + Send + Sync + 'static) -> Self {
        Self::listen(0, usize::MAX, move |exchange, log| {
            log.push(exchange.request());
            handler(exchange);
        })
    }

    /// Sends the response that `respond` returns for each request, and closes the connection.
    pub fn respond(respond: impl Fn(&Request) -> Response + Send + Sync + 'static) -> Self {
        Self::listen(0, usize::MAX, move |exchange, log| {
            if read_whole(exchange, log) {
                let response = respond(exchange.request()).with_header("connection", "close");
                exchange.send(&response.to_bytes());
            }
        })
    }

    /// Runs the steps that `choose` returns for each request. `choose` also gets the number of earlier requests.
    pub fn choose(choose: impl Fn(usize, &Request) -> Vec<Step> + Send + Sync + 'static) -> Self {
        Self::choose_on_port(0, choose)
    }

    /// Like [`Self::choose`], on a fixed port.
    pub fn choose_on_port(port: u16, choose: impl Fn(usize, &Request) -> Vec<Step> + Send + Sync + 'static) -> Self {
        let count = AtomicUsize::new(0);
        Self::listen(port, usize::MAX, move |exchange, log| {
            if read_whole(exchange, log) {
                let steps = choose(count.fetch_add(1, Ordering::SeqCst), exchange.request());
                exchange.keep_open();
                steps.into_iter().for_each(|step| step.run(exchange));
            }
        })
    }

    /// Runs one script on each connection, and then closes it. After the last script, new connections are refused.
    pub fn play(scripts: impl IntoIterator<Item = Vec<Step>>) -> Self {
        let scripts: Vec<Vec<Step>> = scripts.into_iter().collect();
        let next = AtomicUsize::new(0);
        Self::listen(0, scripts.len(), move |exchange, log| {
            if read_whole(exchange, log) {
                let script = scripts.get(next.fetch_add(1, Ordering::SeqCst)).cloned().unwrap_or_default();
                script.into_iter().for_each(|step| step.run(exchange));
            }
        })
    }

    fn listen(
        port: u16,
        max_connections: usize,
        handler: impl Fn(&mut Exchange, &Log) + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).expect("a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let log = Arc::new(Log::new());
        let (shared, handler) = (Arc::clone(&log), Arc::new(handler));
        std::thread::spawn(move || {
            for stream in listener.incoming().take(max_connections) {
                let (Ok(stream), false) = (stream, shared.is_stopped.load(Ordering::Acquire)) else { return };
                let (log, handler, stream) = (Arc::clone(&shared), Arc::clone(&handler), Arc::new(stream));
                log.connections.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::downgrade(&stream));
                std::thread::spawn(move || {
                    serve(stream, &log, &*handler);
                    log.closes.add_permits(1);
                });
            }
        });
        Self { address, log }
    }

    /// Returns the address of the server.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns a URL of the server. `path` begins without a slash.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }

    /// Returns the base URL of an API, `http://127.0.0.1:PORT/v1`.
    pub fn base_url(&self) -> String {
        self.url("v1")
    }

    /// Returns the requests so far, in the order in which they arrived.
    pub fn requests(&self) -> Vec<Request> {
        self.log.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns the requests so far whose path ends with `path_end`.
    pub fn requests_to(&self, path_end: &str) -> Vec<Request> {
        self.requests().into_iter().filter(|request| request.path.ends_with(path_end)).collect()
    }

    /// Returns the bearer token of each request whose path ends with `path_end`.
    pub fn bearer_tokens(&self, path_end: &str) -> Vec<String> {
        self.requests_to(path_end).iter().map(|request| request.bearer_token().to_owned()).collect()
    }

    /// Returns the announced body length of each request whose path ends with `path_end`.
    pub fn body_lengths(&self, path_end: &str) -> Vec<u64> {
        self.requests_to(path_end).iter().map(|request| request.content_length).collect()
    }

    /// Waits until one more request has arrived.
    ///
    /// # Panics
    ///
    /// Never: the semaphore is not closed.
    pub async fn request_arrived(&self) {
        self.log.arrivals.acquire().await.expect("the semaphore is open").forget();
    }

    /// Waits until one more client has disconnected while a script waits or repeats.
    ///
    /// # Panics
    ///
    /// Never: the semaphore is not closed.
    pub async fn client_disconnected(&self) {
        self.log.disconnects.acquire().await.expect("the semaphore is open").forget();
    }

    /// Waits until the server has closed one more connection.
    ///
    /// # Panics
    ///
    /// Never: the semaphore is not closed.
    pub async fn connection_closed(&self) {
        self.log.closes.acquire().await.expect("the semaphore is open").forget();
    }
}

impl Drop for MockServer {
    fn drop(&mut self) {
        self.log.is_stopped.store(true, Ordering::Release);
        // Wakes the thread that accepts connections. Fails if that thread has ended.
        drop(TcpStream::connect(self.address));
        for connection in self.log.connections.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            if let Some(stream) = connection.upgrade() {
                // Fails if the connection is already closed.
                let _ = stream.shutdown(std::net::Shutdown::Both);
            }
        }
    }
}

impl Log {
    fn new() -> Self {
        Self {
            requests: Mutex::default(),
            connections: Mutex::default(),
            is_stopped: AtomicBool::new(false),
            arrivals: Semaphore::new(0),
            disconnects: Arc::new(Semaphore::new(0)),
            closes: Semaphore::new(0),
        }
    }

    fn push(&self, request: &Request) {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).push(request.clone());
        self.arrivals.add_permits(1);
    }
}

/// Reads the body and logs the request. Returns `false` if the client disconnected before the end of the body.
fn read_whole(exchange: &mut Exchange, log: &Log) -> bool {
    exchange.request.body = exchange.read_body();
    if exchange.is_body_read() {
        log.push(exchange.request());
    }
    exchange.is_body_read()
}

fn serve(stream: Arc<TcpStream>, log: &Log, handler: &Handler) {
    // Small writes must not wait for the client's acknowledgement.
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let mut next = Some(buffer(stream));
    while let Some(mut stream) = next.take() {
        let Some(request) = Request::read_head(&mut stream) else { return };
        let mut exchange = Exchange::new(request, stream, &log.disconnects);
        handler(&mut exchange, log);
        next = exchange.into_stream();
    }
}
