//! Why nothing is trusted: each refusal has the name of the attack it may be.

use std::error::Error as _;
use std::io;
use std::path::PathBuf;

use serde::Serialize;
use tough::error::Error as Tough;

use super::origin::{FetchError, shown};

/// What a refusal protects against, after the names of TUF 1.5.2. Whoever is
/// refused may also simply have made a mistake; the program cannot tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Attack {
    /// Not signed by the keys that may sign it.
    ArbitrarySoftware,
    /// Signed, by fewer keys than are asked for.
    KeyBelowThreshold,
    /// Older than what was seen before.
    Rollback,
    /// Out of date: newer files may be withheld.
    Freeze,
    /// Parts of different releases.
    MixAndMatch,
    /// More bytes than there can be.
    EndlessData,
    /// Too slow to end.
    SlowRetrieval,
    /// A file of another length than was signed.
    WrongLength,
    /// A file of another digest than was signed.
    WrongDigest,
    /// A release that is not in the signed metadata.
    WrongTarget,
    /// A file that signed metadata names is withheld.
    Withheld,
    /// Plain http.
    PlainHttp,
    /// Not metadata at all.
    Malformed,
}

/// Why there is no trusted metadata, or no verified archive.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// The compiled-in root is not one: a mistake of whoever built this.
    #[error("the update keys compiled into this build cannot be used: {0}")]
    BadRoot(String),
    /// The source is not an address or directory that can be used.
    #[error("`{source_name}` cannot be used as a source of updates: {reason}")]
    Source {
        /// As it was given.
        source_name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// No https client.
    #[error(transparent)]
    Http(#[from] crate::upgrade::http::HttpError),
    /// What is remembered of earlier updates cannot be read or written;
    /// without it an older release could be passed off as the newest.
    #[error("{}: {error}; updates need it to tell old metadata from new", path.display())]
    State {
        /// Where.
        path: PathBuf,
        /// What went wrong.
        #[source]
        error: io::Error,
    },
    /// Another process holds the remembered metadata.
    #[error("another process is updating {}; try again when it has finished", .0.display())]
    Busy(PathBuf),
    /// The clock is before the last update check.
    #[error("the clock is {hours} hours behind the last update check")]
    Clock {
        /// How far it is behind.
        hours: u64,
        /// The file that remembers the time of the last check.
        file: PathBuf,
    },
    /// The source did not answer; nothing was found wrong.
    #[error("cannot fetch {url}: {reason}")]
    Unavailable {
        /// What was asked for.
        url: String,
        /// What happened.
        reason: String,
    },
    /// Verification failed (exit 5).
    #[error("refused: {sentence}")]
    Refused {
        /// What it may be.
        attack: Attack,
        /// What is wrong, with the file's name.
        sentence: String,
    },
    /// The archive cannot be written where it is staged.
    #[error("{}: {error}", path.display())]
    Write {
        /// Where.
        path: PathBuf,
        /// What went wrong.
        #[source]
        error: io::Error,
    },
}

impl TrustError {
    /// What was refused; `None` where nothing was found wrong with the
    /// release itself. A refusal ends the command with exit code 5.
    #[must_use]
    pub const fn attack(&self) -> Option<Attack> {
        match self {
            Self::Refused { attack, .. } => Some(*attack),
            _ => None,
        }
    }

    pub(super) fn refused(attack: Attack, sentence: impl Into<String>) -> Self {
        Self::Refused {
            attack,
            sentence: sentence.into(),
        }
    }

    /// A file did not arrive. `signed`: signed metadata says that it exists.
    pub(super) fn fetch(url: &url::Url, error: &FetchError, signed: bool) -> Self {
        let attack = match error {
            FetchError::PlainHttp { .. } => Some(Attack::PlainHttp),
            FetchError::Slow { .. } => Some(Attack::SlowRetrieval),
            FetchError::Endless { .. } => Some(Attack::EndlessData),
            FetchError::NotFound if signed => Some(Attack::Withheld),
            _ => None,
        };
        let url = shown(url);
        match attack {
            Some(Attack::Withheld) => Self::refused(
                Attack::Withheld,
                format!("{url} is named by signed metadata and is not there"),
            ),
            Some(attack) => Self::refused(attack, format!("{url}: {error}")),
            None => Self::Unavailable {
                url,
                reason: error.to_string(),
            },
        }
    }

    /// What tough's refusal means; `asked` is the address of the file it read last.
    pub(super) fn from_tough(error: &Tough, asked: Option<&url::Url>) -> Self {
        let attack = match error {
            Tough::ParseTrustedMetadata { .. } | Tough::VerifyTrustedMetadata { .. } => {
                return Self::BadRoot(error.to_string());
            }
            Tough::Transport { url, source, .. } => return Self::from_transport(url, source),
            Tough::ExpiredMetadata { role, .. } => {
                return Self::refused(
                    Attack::Freeze,
                    format!(
                        "the {role} metadata has expired: newer releases may be withheld, or the \
                         release site is no longer maintained"
                    ),
                );
            }
            Tough::VerifyMetadata { role, source, .. } => {
                return signature(&role.to_string(), source);
            }
            Tough::VerifyRoleMetadata { role, source, .. } => return signature(role, source),
            Tough::ParseMetadata { role, source, .. } => {
                let what = asked.map_or("what was received".to_owned(), shown);
                return Self::refused(
                    Attack::Malformed,
                    format!("{what} is no {role} metadata: {source}"),
                );
            }
            Tough::OlderMetadata { .. }
            | Tough::OlderSnapshotInTimestamp { .. }
            | Tough::SnapshotRoleRollback { .. }
            | Tough::SnapshotRoleMissing { .. } => Attack::Rollback,
            Tough::VersionMismatch { .. } => Attack::MixAndMatch,
            Tough::MaxUpdatesExceeded { .. } | Tough::MaxSizeExceeded { .. } => Attack::EndlessData,
            Tough::HashMismatch { .. } => Attack::MixAndMatch,
            Tough::DatastoreCreate { path, .. }
            | Tough::DatastoreOpen { path, .. }
            | Tough::DatastoreRemove { path, .. } => {
                return Self::State {
                    path: path.clone(),
                    error: io::Error::other(error.to_string()),
                };
            }
            _ => Attack::Malformed,
        };
        Self::refused(attack, sentence(error))
    }

    fn from_transport(url: &url::Url, error: &tough::TransportError) -> Self {
        // Only the root chain and timestamp.json are asked for before signed
        // metadata names them.
        let signed = !url.path().ends_with("/timestamp.json");
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
        while let Some(inner) = cause {
            if let Some(fetch) = inner.downcast_ref::<FetchError>() {
                return Self::fetch(url, fetch, signed);
            }
            if let Some(tough) = inner.downcast_ref::<Tough>() {
                let attack = match tough {
                    Tough::MaxSizeExceeded { .. } => Attack::EndlessData,
                    _ => Attack::MixAndMatch,
                };
                return Self::refused(attack, format!("{}: {}", shown(url), sentence(tough)));
            }
            cause = inner.source();
        }
        Self::Unavailable {
            url: shown(url),
            reason: error.to_string(),
        }
    }
}

fn signature(role: &str, error: &tough::schema::Error) -> TrustError {
    match error {
        tough::schema::Error::SignatureThreshold {
            threshold, valid, ..
        } if *valid > 0 => TrustError::refused(
            Attack::KeyBelowThreshold,
            format!("the {role} metadata is signed by {valid} of the {threshold} keys it needs"),
        ),
        tough::schema::Error::SignatureThreshold { .. } => TrustError::refused(
            Attack::ArbitrarySoftware,
            format!("the {role} metadata is not signed by the keys this program trusts"),
        ),
        other => TrustError::refused(
            Attack::ArbitrarySoftware,
            format!("the signatures of the {role} metadata are not valid: {other}"),
        ),
    }
}

/// tough's words, as the middle of a sentence.
fn sentence(error: &Tough) -> String {
    let mut text = error.to_string();
    let lower = text
        .chars()
        .next()
        .map(|first| first.to_lowercase().to_string());
    if let Some(lower) = lower {
        text.replace_range(..text.chars().next().map_or(0, char::len_utf8), &lower);
    }
    if let Some(cause) = error.source() {
        let cause = cause.to_string();
        if !text.contains(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
    }
    text
}
