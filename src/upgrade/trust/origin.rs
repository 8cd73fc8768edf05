//! Where bytes come from: a mirror, a local copy, or a test.
//!
//! An origin is never trusted. It is asked for files and may answer
//! anything; what comes back means something only once `metadata` or
//! `download` has verified it.

use std::fmt;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use async_trait::async_trait;
use tough::Bytes;
use url::Url;

/// Why a file did not arrive.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// It is not there.
    #[error("it is not there")]
    NotFound,
    /// The part asked for does not exist: the file is shorter.
    #[error("it ends before the part that was asked for")]
    Range,
    /// An answer other than success.
    #[error("the server answered with status {0}")]
    Status(u16),
    /// Plain http, at first or after a redirect. Nothing was sent there.
    #[error("plain http is never used, and this leads to {to}")]
    PlainHttp {
        /// The address refused.
        to: String,
    },
    /// A chain of redirects that is too long.
    #[error("more than {most} redirects")]
    Redirects {
        /// How many are followed.
        most: usize,
    },
    /// No headers in time.
    #[error("no answer within {seconds} s")]
    NoAnswer {
        /// The time allowed.
        seconds: u64,
    },
    /// Bytes come too slowly: slow retrieval (TUF 1.5.2).
    #[error("only {bytes} bytes arrived within {seconds} s")]
    Slow {
        /// How many arrived.
        bytes: u64,
        /// The time they had.
        seconds: u64,
    },
    /// More bytes than the file may have: endless data (TUF 1.5.2).
    #[error("it is longer than the {most} bytes allowed")]
    Endless {
        /// How many are allowed.
        most: u64,
    },
    /// Connecting, TLS or the transfer failed.
    #[error("{0}")]
    Network(String),
    /// A local file could not be read.
    #[error("{0}")]
    Local(String),
}

/// `url` as it may be shown: whoever reads a report of an error has no need
/// for the name and password of a mirror.
#[must_use]
pub fn shown(url: &Url) -> String {
    let mut url = url.clone();
    // Neither can be set where there is no host, nor is there one then.
    let _ = url.set_password(None);
    let _ = url.set_username("");
    url.to_string()
}

/// Like [`shown`], of what was typed: where it is no address, all that may be
/// a name and password is left out.
pub(super) fn shown_as_typed(address: &str) -> String {
    let Some((front, host)) = address.rsplit_once('@') else {
        return address.to_owned();
    };
    match (Url::parse(address), front.split_once("://")) {
        (Ok(url), _) if url.has_host() => shown(&url),
        (_, Some((scheme, _))) => format!("{scheme}://{host}"),
        (_, None) => host.to_owned(),
    }
}

/// Something that files can be asked of.
#[async_trait]
pub trait Origin: fmt::Debug + Send + Sync {
    /// Opens the file at `url` from byte `from` on. An origin that cannot
    /// start there starts at 0 and says so.
    ///
    /// # Errors
    /// [`FetchError`].
    async fn open(&self, url: &Url, from: u64) -> Result<Body, FetchError>;
}

/// A file that is being received.
pub struct Body {
    /// The first byte it starts at.
    pub starts_at: u64,
    /// The bytes from there on.
    pub chunks: Box<dyn Chunks>,
}

/// The bytes of a [`Body`].
#[async_trait]
pub trait Chunks: Send {
    /// The next ones; `None` at the end.
    ///
    /// # Errors
    /// [`FetchError`].
    async fn next(&mut self) -> Result<Option<Bytes>, FetchError>;
}

impl Body {
    /// All of it, if it has at most `most` bytes.
    ///
    /// # Errors
    /// [`FetchError::Endless`] as soon as one more arrives.
    pub async fn read_all(mut self, most: u64) -> Result<Vec<u8>, FetchError> {
        let mut bytes = Vec::new();
        while let Some(chunk) = self.chunks.next().await? {
            if (bytes.len() + chunk.len()) as u64 > most {
                return Err(FetchError::Endless { most });
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }
}

/// A local copy of a release site, read through `file:` addresses.
#[derive(Clone, Copy, Debug)]
pub(super) struct Files;

#[async_trait]
impl Origin for Files {
    async fn open(&self, url: &Url, from: u64) -> Result<Body, FetchError> {
        let path: PathBuf = url
            .to_file_path()
            .map_err(|()| FetchError::Local(format!("{url} is not a local file")))?;
        // A named pipe in place of a file is not waited for.
        let flags = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
        let open = || {
            let mut file = std::fs::File::options()
                .read(true)
                .custom_flags(flags)
                .open(&path)?;
            if !file.metadata()?.is_file() {
                return Err(std::io::Error::other("not a regular file"));
            }
            std::io::Seek::seek(&mut file, std::io::SeekFrom::Start(from))?;
            Ok(file)
        };
        match open() {
            Ok(file) => Ok(Body {
                starts_at: from,
                chunks: Box::new(FileChunks(file)),
            }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(FetchError::NotFound),
            Err(error) => Err(FetchError::Local(error.to_string())),
        }
    }
}

struct FileChunks(std::fs::File);

#[async_trait]
impl Chunks for FileChunks {
    async fn next(&mut self) -> Result<Option<Bytes>, FetchError> {
        let mut buffer = vec![0u8; 128 * 1024];
        let count = self
            .0
            .read(&mut buffer)
            .map_err(|error| FetchError::Local(error.to_string()))?;
        buffer.truncate(count);
        Ok((count > 0).then(|| Bytes::from(buffer)))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_name_and_password() {
        for (address, expected) in [
            ("https://host/a@b/", "https://host/a@b/"),
            ("https://me:secret@host/a@b/", "https://host/a@b/"),
            ("http://secret@host:8/", "http://host:8/"),
            ("https://me:sec/ret@host/", "https://host/"),
            ("me:secret@host", "host"),
            ("no address", "no address"),
        ] {
            assert_eq!(shown_as_typed(address), expected, "{address}");
        }
        let url = Url::parse("file:///a@b/").unwrap();
        assert_eq!(shown(&url), "file:///a@b/");
    }
}
