//! A static file server for one directory, on the loopback address only.
//!
//! Owns: mapping a request to a file below the site, as a plain file host does:
//! a folder answers with its `index.html`, or with `index.json` to a client that
//! asks for the JSON form of the package index (PEP 691). Never writes, never
//! leaves the directory, never listens on another address.

use std::net::Ipv4Addr;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use tiny_http::{Header, Method, Request, Response};

/// Media type of the package index's JSON form.
const SIMPLE_JSON: &str = "application/vnd.pypi.simple.v1+json";
/// Requests answered at the same time.
const WORKERS: usize = 4;

/// Why a site cannot be served.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServeError {
    /// There is no such directory.
    #[error("{} is not a directory; make it with `build` first", .0.display())]
    NoSite(PathBuf),
    /// The port cannot be had.
    #[error("cannot listen on 127.0.0.1:{0}: {1}")]
    Listen(u16, String),
    /// A worker ended badly.
    #[error("the server stopped: {0}")]
    Stopped(String),
}

/// A server that listens already.
pub(crate) struct Server {
    inner: Arc<tiny_http::Server>,
    root: Arc<PathBuf>,
    port: u16,
}

impl Server {
    /// Listens on 127.0.0.1 at `port`, or at a free one for 0.
    ///
    /// # Errors
    /// [`ServeError`].
    pub(crate) fn bind(root: &Path, port: u16) -> Result<Self, ServeError> {
        let no_site = || ServeError::NoSite(root.to_path_buf());
        let real = root.canonicalize().map_err(|_| no_site())?;
        if !real.is_dir() {
            return Err(no_site());
        }
        let listen = |error: String| ServeError::Listen(port, error);
        let inner = tiny_http::Server::http((Ipv4Addr::LOCALHOST, port))
            .map_err(|error| listen(error.to_string()))?;
        let bound = inner.server_addr().to_ip().map(|address| address.port());
        Ok(Self {
            inner: Arc::new(inner),
            root: Arc::new(real),
            port: bound.ok_or_else(|| listen("no address".into()))?,
        })
    }

    /// Where it listens, without a slash at the end.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Answers requests until the process ends.
    ///
    /// # Errors
    /// [`ServeError::Stopped`].
    pub(crate) fn run(self) -> Result<(), ServeError> {
        let workers: Vec<_> = (0..WORKERS)
            .map(|_| {
                let (server, root) = (Arc::clone(&self.inner), Arc::clone(&self.root));
                std::thread::spawn(move || {
                    for request in server.incoming_requests() {
                        // A client that went away is its own affair.
                        let _ = answer(request, &root);
                    }
                })
            })
            .collect();
        for worker in workers {
            worker
                .join()
                .map_err(|_| ServeError::Stopped("a worker panicked".into()))?;
        }
        Ok(())
    }
}

fn answer(request: Request, root: &Path) -> std::io::Result<()> {
    if !matches!(request.method(), Method::Get | Method::Head) {
        return request.respond(Response::from_string("GET or HEAD\n").with_status_code(405));
    }
    let json = request
        .headers()
        .iter()
        .any(|header| header.field.equiv("Accept") && header.value.as_str().contains(SIMPLE_JSON));
    let Some(path) = resolve(root, request.url()) else {
        return request.respond(Response::from_string("not found\n").with_status_code(404));
    };
    if path.is_dir() {
        let place = request.url().split('?').next().unwrap_or_default();
        if !place.ends_with('/') {
            let mut response = Response::empty(301);
            set(&mut response, "Location", &format!("{place}/"));
            return request.respond(response);
        }
        let json_index = path.join("index.json");
        if json && json_index.is_file() {
            return send(request, &json_index, SIMPLE_JSON);
        }
        return send(
            request,
            &path.join("index.html"),
            "text/html; charset=utf-8",
        );
    }
    let media = media_type(&path);
    send(request, &path, media)
}

fn send(request: Request, path: &Path, media: &str) -> std::io::Result<()> {
    match std::fs::File::open(path) {
        Ok(file) => {
            // A file host says how long a file is.
            let mut response = Response::from_file(file).with_chunked_threshold(usize::MAX);
            set(&mut response, "Content-Type", media);
            request.respond(response)
        }
        Err(_) => request.respond(Response::from_string("not found\n").with_status_code(404)),
    }
}

/// Sets a header; one that cannot be written as ASCII is left out.
fn set<R: std::io::Read>(response: &mut Response<R>, name: &str, value: &str) {
    if let Ok(header) = Header::from_bytes(name, value) {
        response.add_header(header);
    }
}

/// The file or folder a request names, if it is below `root`.
fn resolve(root: &Path, url: &str) -> Option<PathBuf> {
    let place = url.split(['?', '#']).next().unwrap_or_default();
    let relative = percent_decoded(place.trim_start_matches('/'))?;
    let mut path = root.to_path_buf();
    for component in Path::new(&relative).components() {
        match component {
            Component::Normal(name) => path.push(name),
            Component::CurDir => {}
            _ => return None,
        }
    }
    let real = path.canonicalize().ok()?;
    real.starts_with(root).then_some(real)
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        if first == b'%' {
            // Digit by digit: a number as a whole may have a sign.
            let digit = |at: usize| char::from(*tail.get(at)?).to_digit(16);
            bytes.push(u8::try_from(digit(0)? * 16 + digit(1)?).ok()?);
            rest = &tail[2..];
        } else {
            bytes.push(first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).ok()
}

fn media_type(path: &Path) -> &'static str {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("json") => "application/json",
        Some("sh" | "rb" | "sum" | "txt" | "metadata") => "text/plain; charset=utf-8",
        Some("gz") => "application/gzip",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn requests_stay_below_the_site() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap().join("site");
        std::fs::create_dir_all(root.join("a b")).unwrap();
        std::fs::write(root.join("a b/x+y.whl"), "x").unwrap();
        std::fs::write(folder.path().join("secret"), "s").unwrap();
        std::os::unix::fs::symlink(folder.path().join("secret"), root.join("link")).unwrap();
        assert_eq!(
            resolve(&root, "/a%20b/x+y.whl?q=1"),
            Some(root.join("a b/x+y.whl"))
        );
        for outside in ["/../secret", "/%2e%2e/secret", "/link", "/missing", "/%zz"] {
            assert_eq!(resolve(&root, outside), None, "{outside}");
        }
    }

    #[test]
    fn two_hexadecimal_digits_are_a_byte_and_nothing_else_is() {
        assert_eq!(percent_decoded("a%20%2Bb"), Some("a +b".into()));
        for odd in ["%", "%2", "%+f", "%-0", "% 1", "%\u{e9}"] {
            assert_eq!(percent_decoded(odd), None, "{odd}");
        }
    }
}
