//! The one way this program speaks to the network: fetching a file by https.
//!
//! Owns: TLS roots, proxy, redirects, and how long and how fast an answer may
//! take. Never writes a file, never follows a link to plain http, sends no
//! cookie, no referrer and no version. Called by `trust` alone.
//!
//! The environment is that of every other program: `HTTPS_PROXY`,
//! `ALL_PROXY` and `NO_PROXY` name the proxy, `SSL_CERT_FILE` and
//! `SSL_CERT_DIR` name the certificate authorities to believe instead of the
//! system's.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use reqwest::header::{CONTENT_RANGE, RANGE};
use reqwest::{Client, NoProxy, Response, StatusCode, redirect};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls_platform_verifier::BuilderVerifierExt;
use tokio::time::{Instant, timeout, timeout_at};
use url::Url;

use super::trust::{Body, Chunks, FetchError, Origin, shown};

/// Redirects followed for one file.
const MAX_REDIRECTS: usize = 5;

/// How patient the client is.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Longest time to connect, TLS included.
    pub connect: Duration,
    /// Longest time from the request to the headers of the answer.
    pub answer: Duration,
    /// A stretch of a download in which at least [`bytes`](Self::bytes) must
    /// arrive, or its end: slower counts as slow retrieval (TUF 1.5.2).
    pub window: Duration,
    /// See [`window`](Self::window).
    pub bytes: u64,
}

impl Default for Patience {
    /// 1 KiB/s over ten seconds: a modem passes, a server that feeds a byte
    /// at a time does not.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            answer: Duration::from_secs(15),
            window: Duration::from_secs(10),
            bytes: 10 * 1024,
        }
    }
}

/// How to reach a server: what the environment says, as a value.
#[derive(Clone, Debug, Default)]
pub struct Connection {
    /// How patient to be.
    pub patience: Patience,
    /// A file of PEM certificates to believe instead of the system's.
    pub certificates: Option<PathBuf>,
    /// `SSL_CERT_DIR`, which the system's certificates are read from where
    /// `certificates` names none. Kept to say what is wrong with it.
    pub certificate_folders: Option<OsString>,
    /// The variable that names the proxy, with its value.
    pub proxy: Option<(&'static str, String)>,
    /// The hosts that are reached without it, as in `NO_PROXY`.
    pub direct: Option<String>,
}

/// The variables that may name a proxy for https: the first one that is set
/// counts, and the others are not looked at.
const PROXIES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

impl Connection {
    /// From this process's environment.
    #[must_use]
    pub fn from_env() -> Self {
        let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        let text = |name| set(name).map(|value| value.to_string_lossy().into_owned());
        Self {
            patience: Patience::default(),
            // An empty one is no name either, and is told.
            certificates: std::env::var_os("SSL_CERT_FILE").map(PathBuf::from),
            certificate_folders: set("SSL_CERT_DIR"),
            proxy: PROXIES
                .into_iter()
                .find_map(|name| Some((name, text(name)?))),
            direct: text("NO_PROXY").or_else(|| text("no_proxy")),
        }
    }
}

/// Why there can be no client.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// `SSL_CERT_FILE` is set, and of no use.
    #[error(
        "SSL_CERT_FILE={} cannot be used: {reason}; name a file of PEM certificates or unset it",
        path.display()
    )]
    CertFile {
        /// Its value.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// `SSL_CERT_DIR` is set, and of no use.
    #[error(
        "SSL_CERT_DIR={} cannot be used: {reason}; name folders of PEM certificates or unset it",
        folders.display()
    )]
    CertDir {
        /// Its value.
        folders: OsString,
        /// What is wrong with it.
        reason: String,
    },
    /// The system's certificate authorities cannot be had.
    #[error(
        "the system's certificate authorities cannot be read: {0}; install the package \
         ca-certificates, or name a file of PEM certificates in SSL_CERT_FILE"
    )]
    SystemRoots(String),
    /// A variable names a proxy, and is of no use. Its value may hold a
    /// password, so it is not shown.
    #[error("{name} does not name a proxy of http or https: write http://HOST:PORT, or unset it")]
    Proxy {
        /// The variable.
        name: &'static str,
    },
    /// The client cannot be made.
    #[error("the https client cannot be set up: {0}")]
    Setup(String),
}

/// An https client.
#[derive(Clone, Debug)]
pub struct Http {
    client: Client,
    patience: Patience,
}

impl Http {
    /// A client.
    ///
    /// # Errors
    /// [`HttpError`].
    pub fn new(connection: &Connection) -> Result<Self, HttpError> {
        let patience = connection.patience;
        let mut builder = Client::builder();
        // What is read here is what is used: the client by itself passes by a
        // value that it cannot read, and connects directly.
        builder = match &connection.proxy {
            Some((name, value)) => {
                let proxy = proxy_at(value).and_then(|url| reqwest::Proxy::https(url).ok());
                let direct = connection.direct.as_deref().and_then(NoProxy::from_string);
                builder.proxy(proxy.ok_or(HttpError::Proxy { name })?.no_proxy(direct))
            }
            None => builder.no_proxy(),
        };
        let client = builder
            .tls_backend_preconfigured(tls(connection)?)
            .https_only(true)
            .redirect(redirect::Policy::custom(follow))
            .referer(false)
            .user_agent(env!("CARGO_PKG_NAME"))
            .connect_timeout(patience.connect)
            .build()
            .map_err(|error| HttpError::Setup(chain(&error)))?;
        Ok(Self { client, patience })
    }
}

/// The address of a proxy, where nothing in front of the host means http.
fn proxy_at(value: &str) -> Option<Url> {
    let url = if value.contains("://") {
        Url::parse(value)
    } else {
        Url::parse(&format!("http://{value}"))
    };
    url.ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

/// Refuses plain http before a byte is sent to it.
fn follow(attempt: redirect::Attempt<'_>) -> redirect::Action {
    if attempt.url().scheme() != "https" {
        let to = shown(attempt.url());
        return attempt.error(FetchError::PlainHttp { to });
    }
    if attempt.previous().len() > MAX_REDIRECTS {
        return attempt.error(FetchError::Redirects {
            most: MAX_REDIRECTS,
        });
    }
    attempt.follow()
}

fn tls(connection: &Connection) -> Result<rustls::ClientConfig, HttpError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| HttpError::Setup(error.to_string()))?;
    let Some(path) = connection.certificates.as_deref() else {
        let refuse = |reason: String| match connection.certificate_folders.clone() {
            Some(folders) => HttpError::CertDir { folders, reason },
            None => HttpError::SystemRoots(reason),
        };
        return match builder.with_platform_verifier() {
            Ok(builder) => Ok(builder.with_no_client_auth()),
            Err(error) => Err(refuse(error.to_string())),
        };
    };
    let refuse = |reason: String| HttpError::CertFile {
        path: path.to_path_buf(),
        reason,
    };
    if path.as_os_str().is_empty() {
        return Err(refuse("it is empty".into()));
    }
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|e| refuse(e.to_string()))? {
        let certificate = certificate.map_err(|error| refuse(error.to_string()))?;
        // Bundles of distributions hold odd old ones; those are passed over.
        roots.add_parsable_certificates([certificate]);
    }
    if roots.is_empty() {
        return Err(refuse("it holds no certificate".into()));
    }
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

#[async_trait]
impl Origin for Http {
    async fn open(&self, url: &Url, from: u64) -> Result<Body, FetchError> {
        if url.scheme() != "https" {
            return Err(FetchError::PlainHttp { to: shown(url) });
        }
        let mut request = self.client.get(url.clone());
        if from > 0 {
            request = request.header(RANGE, format!("bytes={from}-"));
        }
        let response = match timeout(self.patience.answer, request.send()).await {
            Ok(answer) => answer.map_err(|error| explain(&error))?,
            Err(_) => {
                return Err(FetchError::NoAnswer {
                    seconds: self.patience.answer.as_secs(),
                });
            }
        };
        let starts_at = match response.status() {
            StatusCode::OK => 0,
            StatusCode::PARTIAL_CONTENT if range_start(&response) == Some(from) => from,
            StatusCode::NOT_FOUND | StatusCode::FORBIDDEN | StatusCode::GONE => {
                return Err(FetchError::NotFound);
            }
            // Asked for the part after the end: there is none.
            StatusCode::RANGE_NOT_SATISFIABLE if from > 0 => return Err(FetchError::Range),
            status => return Err(FetchError::Status(status.as_u16())),
        };
        Ok(Body {
            starts_at,
            chunks: Box::new(Paced {
                response,
                patience: self.patience,
                window: Instant::now(),
                arrived: 0,
            }),
        })
    }
}

/// First byte of the part an answer holds: `Content-Range: bytes 7-9/10`.
fn range_start(response: &Response) -> Option<u64> {
    let value = response.headers().get(CONTENT_RANGE)?.to_str().ok()?;
    value
        .strip_prefix("bytes ")?
        .split('-')
        .next()?
        .parse()
        .ok()
}

/// The body of an answer, as long as it comes fast enough.
struct Paced {
    response: Response,
    patience: Patience,
    window: Instant,
    arrived: u64,
}

#[async_trait]
impl Chunks for Paced {
    async fn next(&mut self) -> Result<Option<tough::Bytes>, FetchError> {
        let deadline = self.window + self.patience.window;
        let chunk = match timeout_at(deadline, self.response.chunk()).await {
            Ok(chunk) => chunk.map_err(|error| explain(&error))?,
            Err(_) => {
                return Err(FetchError::Slow {
                    bytes: self.arrived,
                    seconds: self.patience.window.as_secs(),
                });
            }
        };
        if let Some(chunk) = &chunk {
            self.arrived += chunk.len() as u64;
            if self.arrived >= self.patience.bytes {
                self.window = Instant::now();
                self.arrived = 0;
            }
        }
        Ok(chunk)
    }
}

/// What a failed request means: our own refusal if there is one inside,
/// otherwise the words of the innermost cause.
fn explain(error: &reqwest::Error) -> FetchError {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(inner) = cause {
        if let Some(refusal) = inner.downcast_ref::<FetchError>() {
            return refusal.clone();
        }
        cause = inner.source();
    }
    // Its own words repeat the address, which is told with the refusal.
    let cause: &dyn std::error::Error = error;
    FetchError::Network(chain(cause.source().unwrap_or(cause)))
}

/// An error with its causes, without repeating one that its parent quotes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let words = inner.to_string();
        if !text.contains(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        cause = inner.source();
    }
    text
}
