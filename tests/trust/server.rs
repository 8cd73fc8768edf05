//! A small https server on the loopback address that misbehaves on demand.
//!
//! One thread a connection, one request a connection. Every misbehaviour is
//! bounded, so that a client that falls for it fails a test and not a machine.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// Most bytes any misbehaviour sends.
const ENOUGH: usize = 64 * 1024 * 1024;

/// How a path is answered instead of with its file.
#[derive(Clone, Debug)]
pub enum Rule {
    /// A status and nothing else.
    Status(u16),
    /// A redirect.
    Redirect(String),
    /// The file, then zeros without end.
    Endless,
    /// The headers, then a byte now and then.
    Drip,
    /// No answer at all until the client goes away.
    Silence,
    /// The file without its last bytes, announced as whole.
    Cut(usize),
    /// Other bytes.
    Bytes(Vec<u8>),
    /// The first bytes, once; then the connection breaks.
    BreakOnce(usize),
    /// This, headers and all, and the connection ends.
    Raw(Vec<u8>),
    /// A header line now and then, and never an end of them.
    DripHeaders,
    /// The whole file, told to be the part that was asked for.
    LyingRange,
}

/// A private certificate authority and a server certificate from it.
pub struct Authority {
    pub pem: String,
    server: Arc<rustls::ServerConfig>,
}

impl Authority {
    pub fn new() -> Self {
        let ca_key = rcgen::KeyPair::generate().unwrap();
        let mut ca = rcgen::CertificateParams::new(Vec::new()).unwrap();
        ca.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        ca.distinguished_name
            .push(rcgen::DnType::CommonName, "Test authority");
        let certificate = ca.self_signed(&ca_key).unwrap();
        let issuer = rcgen::Issuer::new(ca, ca_key);
        let key = rcgen::KeyPair::generate().unwrap();
        let names = ["localhost", "127.0.0.1", "releases.test"].map(String::from);
        let own = rcgen::CertificateParams::new(names.to_vec())
            .unwrap()
            .signed_by(&key, &issuer)
            .unwrap();
        let chain: Vec<CertificateDer<'static>> = vec![own.der().clone()];
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let server = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        Self {
            pem: certificate.pem(),
            server: Arc::new(server),
        }
    }
}

struct Shared {
    site: PathBuf,
    rules: Mutex<BTreeMap<String, Rule>>,
    log: Mutex<Vec<String>>,
    stop: AtomicBool,
    tls: Option<Arc<rustls::ServerConfig>>,
}

/// A server for one directory.
pub struct Server {
    shared: Arc<Shared>,
    port: u16,
    listener: Option<JoinHandle<()>>,
}

impl Server {
    /// Serves `site` by https.
    pub fn https(site: &Path, authority: &Authority) -> Self {
        Self::start(site, Some(Arc::clone(&authority.server)))
    }

    /// Serves `site` by plain http: nobody should ever come.
    pub fn plain(site: &Path) -> Self {
        Self::start(site, None)
    }

    fn start(site: &Path, tls: Option<Arc<rustls::ServerConfig>>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            site: site.to_path_buf(),
            rules: Mutex::default(),
            log: Mutex::default(),
            stop: AtomicBool::new(false),
            tls,
        });
        let inner = Arc::clone(&shared);
        let listener = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if inner.stop.load(Ordering::SeqCst) {
                    break;
                }
                let (Ok(stream), shared) = (stream, Arc::clone(&inner)) else {
                    continue;
                };
                // A client that goes away is part of the game.
                std::thread::spawn(move || drop(serve(&shared, stream)));
            }
        });
        Self {
            shared,
            port,
            listener: Some(listener),
        }
    }

    pub fn url(&self) -> String {
        let scheme = if self.shared.tls.is_some() {
            "https"
        } else {
            "http"
        };
        format!("{scheme}://127.0.0.1:{}/", self.port)
    }

    #[allow(dead_code)]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// From now on answers the path `place` below the site so.
    pub fn rule(&self, place: &str, rule: Rule) {
        let mut rules = self.shared.rules.lock().unwrap();
        rules.insert(place.trim_start_matches('/').into(), rule);
    }

    /// The requests so far, as `GET path range`.
    pub fn log(&self) -> Vec<String> {
        self.shared.log.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        // Wakes the listener.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
        if let Some(listener) = self.listener.take() {
            let _ = listener.join();
        }
    }
}

trait Both: Read + Write {}
impl<T: Read + Write> Both for T {}

fn serve(shared: &Shared, stream: TcpStream) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    stream.set_write_timeout(Some(Duration::from_secs(30)))?;
    match &shared.tls {
        Some(tls) => {
            let connection =
                rustls::ServerConnection::new(Arc::clone(tls)).map_err(std::io::Error::other)?;
            let mut stream = rustls::StreamOwned::new(connection, stream);
            let outcome = answer(shared, &mut stream);
            stream.conn.send_close_notify();
            let _ = stream.flush();
            outcome
        }
        None => answer(shared, &mut { stream }),
    }
}

fn answer(shared: &Shared, stream: &mut dyn Both) -> std::io::Result<()> {
    let (path, from) = request(stream)?;
    let shown = from.map_or(String::new(), |from| format!(" from {from}"));
    shared.log.lock().unwrap().push(format!("{path}{shown}"));
    let rule = shared.rules.lock().unwrap().get(&path).cloned();
    let file = std::fs::read(shared.site.join(&path));
    match rule {
        Some(Rule::Status(status)) => headers(stream, status, Some(0), ""),
        Some(Rule::Redirect(to)) => headers(stream, 302, Some(0), &format!("Location: {to}\r\n")),
        Some(Rule::Bytes(bytes)) => {
            headers(stream, 200, Some(bytes.len()), "")?;
            stream.write_all(&bytes)
        }
        Some(Rule::Cut(bytes)) => {
            let file = file?;
            let rest = &file[..file.len() - bytes];
            headers(stream, 200, Some(rest.len()), "")?;
            stream.write_all(rest)
        }
        Some(Rule::Endless) => {
            headers(stream, 200, None, "")?;
            stream.write_all(&file?)?;
            let zeros = vec![0u8; 64 * 1024];
            for _ in 0..ENOUGH / zeros.len() {
                stream.write_all(&zeros)?;
            }
            Ok(())
        }
        Some(Rule::Drip) => {
            let file = file?;
            headers(stream, 200, Some(file.len()), "")?;
            for byte in file.iter().take(600) {
                stream.write_all(&[*byte])?;
                stream.flush()?;
                std::thread::sleep(Duration::from_millis(100));
            }
            Ok(())
        }
        Some(Rule::Raw(bytes)) => stream.write_all(&bytes),
        Some(Rule::DripHeaders) => {
            stream.write_all(b"HTTP/1.1 200 OK\r\n")?;
            for number in 0..300 {
                write!(stream, "X-{number}: more\r\n")?;
                stream.flush()?;
                std::thread::sleep(Duration::from_millis(100));
            }
            Ok(())
        }
        Some(Rule::LyingRange) => {
            let (file, from) = (file?, from.unwrap_or(0));
            let range = format!(
                "Content-Range: bytes {from}-{}/{}\r\n",
                file.len() - 1,
                file.len()
            );
            headers(stream, 206, Some(file.len()), &range)?;
            stream.write_all(&file)
        }
        Some(Rule::Silence) => {
            // Ends when the client hangs up, or with the read timeout.
            let mut byte = [0u8];
            stream.read(&mut byte).map(|_| ())
        }
        Some(Rule::BreakOnce(bytes)) if from.is_none() => {
            let file = file?;
            headers(stream, 200, Some(file.len()), "")?;
            stream.write_all(&file[..bytes])?;
            stream.flush()?;
            shared.rules.lock().unwrap().remove(&path);
            Err(std::io::Error::other("broken on purpose"))
        }
        Some(Rule::BreakOnce(_)) | None => match (file, from) {
            (Err(_), _) => headers(stream, 404, Some(0), ""),
            (Ok(file), Some(from)) if from >= file.len() => headers(stream, 416, Some(0), ""),
            (Ok(file), Some(from)) => {
                let range = format!(
                    "Content-Range: bytes {from}-{}/{}\r\n",
                    file.len() - 1,
                    file.len()
                );
                headers(stream, 206, Some(file.len() - from), &range)?;
                stream.write_all(&file[from..])
            }
            (Ok(file), None) => {
                headers(stream, 200, Some(file.len()), "")?;
                stream.write_all(&file)
            }
        },
    }
}

/// Path without the leading slash, and the first byte asked for.
fn request(stream: &mut dyn Both) -> std::io::Result<(String, Option<usize>)> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let path = line.split(' ').nth(1).unwrap_or("/");
    let path = path.trim_start_matches('/').to_owned();
    let mut from = None;
    loop {
        let mut header = String::new();
        if reader.read_line(&mut header)? == 0 || header.trim().is_empty() {
            return Ok((path, from));
        }
        let lower = header.to_ascii_lowercase();
        if let Some(range) = lower.trim().strip_prefix("range: bytes=") {
            from = range.trim_end_matches('-').parse().ok();
        }
    }
}

fn headers(
    stream: &mut dyn Both,
    status: u16,
    length: Option<usize>,
    more: &str,
) -> std::io::Result<()> {
    let length = length.map_or(String::new(), |length| {
        format!("Content-Length: {length}\r\n")
    });
    let head = format!("HTTP/1.1 {status} X\r\nConnection: close\r\n{length}{more}\r\n");
    stream.write_all(head.as_bytes())?;
    stream.flush()
}
