//! The client workflow of TUF (section 5) over an [`Origin`].
//!
//! tough verifies; this module decides what it is given: bounded bytes, the
//! newest root that is already known, and a cached file where the version
//! that is asked for is at hand. What is cached is verified like what is
//! fetched.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use serde::Serialize;
use tough::schema::RoleType;
use tough::{
    Limits, Repository, RepositoryLoader, TargetName, Transport, TransportError,
    TransportErrorKind, TransportStream,
};
use url::Url;

use super::download::TargetFile;
use super::error::{Attack, TrustError};
use super::origin::{FetchError, Origin};
use super::store::{MAX_BYTES, MAX_ROOTS, ROLES, Store};
use crate::foundation::Sha256;

/// Longest root, timestamp and snapshot metadata, in bytes.
const MAX_SMALL: u64 = 512 * 1024;

/// Until when metadata is valid: its earliest expiry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Validity {
    /// The time, as RFC 3339 in UTC.
    pub until: String,
    /// The same in seconds since 1970.
    pub unix_seconds: i64,
    /// The role that expires first.
    pub role: String,
}

impl Validity {
    /// Whole days left, rounded down; 0 on the last one.
    #[must_use]
    pub fn days_left(&self) -> u64 {
        u64::try_from(self.unix_seconds - now()).unwrap_or(0) / 86_400
    }
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    })
}

/// Metadata of a repository that was verified from the root of trust down.
#[derive(Debug)]
pub struct TrustedMetadata {
    repository: Repository,
    targets_base: Url,
}

impl TrustedMetadata {
    /// Brings the metadata up to date from `metadata_base` and verifies it
    /// against `root` and everything `store` remembers.
    ///
    /// # Errors
    /// [`TrustError`]; what was accepted before the refusal is remembered.
    pub async fn refresh(
        root: &[u8],
        metadata_base: &Url,
        targets_base: &Url,
        origin: &Arc<dyn Origin>,
        store: &Store,
    ) -> Result<Self, TrustError> {
        let (metadata_base, targets_base) = (
            directory(metadata_base.clone()),
            directory(targets_base.clone()),
        );
        store.check_clock(now())?;
        let start = store.newest_root(root)?;
        let outcome = attempt(&start, &metadata_base, &targets_base, origin, store, true).await?;
        let repository = match outcome {
            // A cached file of the right version and the wrong digest: only
            // the origin can tell which of the two is at fault.
            Outcome::Refused(_, true) => {
                attempt(&start, &metadata_base, &targets_base, origin, store, false)
                    .await?
                    .repository()?
            }
            outcome => outcome.repository()?,
        };
        Ok(Self {
            repository,
            targets_base,
        })
    }

    /// Every target, by name.
    #[must_use]
    pub fn targets(&self) -> BTreeMap<String, &tough::schema::Target> {
        self.repository
            .all_targets()
            .map(|(name, target)| (name.raw().to_owned(), target))
            .collect()
    }

    /// The target called `name`.
    ///
    /// # Errors
    /// [`Attack::WrongTarget`] when signed metadata does not name it.
    pub fn target(&self, name: &str) -> Result<TargetFile, TrustError> {
        let unknown = || {
            TrustError::refused(
                Attack::WrongTarget,
                format!("signed metadata names no target called {name}"),
            )
        };
        let target_name = TargetName::new(name).map_err(|_| unknown())?;
        let signed = &self.repository.targets().signed;
        let target = signed
            .find_target(&target_name, false)
            .map_err(|_| unknown())?;
        let sha256 = digest(target).ok_or_else(unknown)?;
        let path = if self.repository.root().signed.consistent_snapshot {
            // The digest goes before the file's name (TUF 6.2).
            match target_name.resolved().rsplit_once('/') {
                Some((folders, file)) => format!("{folders}/{sha256}.{file}"),
                None => format!("{sha256}.{}", target_name.resolved()),
            }
        } else {
            target_name.resolved().to_owned()
        };
        let url = join(&self.targets_base, &path).ok_or_else(unknown)?;
        Ok(TargetFile {
            name: name.to_owned(),
            url,
            length: target.length,
            sha256,
        })
    }

    /// Until when this metadata may be used.
    #[must_use]
    pub fn validity(&self) -> Validity {
        let repository = &self.repository;
        let roles = [
            (repository.root().signed.expires, RoleType::Root),
            (repository.targets().signed.expires, RoleType::Targets),
            (repository.snapshot().signed.expires, RoleType::Snapshot),
            (repository.timestamp().signed.expires, RoleType::Timestamp),
        ];
        let first = roles.into_iter().min_by_key(|(expires, _)| *expires);
        let (expires, role) = first.unwrap_or(roles[0]);
        Validity {
            until: expires.to_string(),
            unix_seconds: expires.as_second(),
            role: role.to_string(),
        }
    }

    /// Refuses metadata that has expired since it was loaded.
    ///
    /// # Errors
    /// [`Attack::Freeze`].
    pub fn still_valid(&self) -> Result<(), TrustError> {
        let validity = self.validity();
        if validity.unix_seconds > now() {
            return Ok(());
        }
        Err(TrustError::refused(
            Attack::Freeze,
            format!(
                "the {} metadata expired at {}",
                validity.role, validity.until
            ),
        ))
    }
}

/// The signed digest of a target.
pub(super) fn digest(target: &tough::schema::Target) -> Option<Sha256> {
    let bytes: &[u8] = &target.hashes.sha256;
    Some(Sha256::from_bytes(bytes.try_into().ok()?))
}

/// `base` as a directory: with a slash at its end.
pub(super) fn directory(mut base: Url) -> Url {
    if !base.path().ends_with('/') {
        let path = format!("{}/", base.path());
        base.set_path(&path);
    }
    base
}

/// `path` below `base`, whatever characters its names have.
fn join(base: &Url, path: &str) -> Option<Url> {
    let mut url = base.clone();
    {
        let mut segments = url.path_segments_mut().ok()?;
        segments.pop_if_empty();
        for name in path.split('/') {
            if matches!(name, "" | "." | "..") {
                return None;
            }
            segments.push(name);
        }
    }
    Some(url)
}

enum Outcome {
    Loaded(Box<Repository>),
    /// Refused, and whether a cached file took part.
    Refused(TrustError, bool),
}

impl Outcome {
    fn repository(self) -> Result<Repository, TrustError> {
        match self {
            Self::Loaded(repository) => Ok(*repository),
            Self::Refused(error, _) => Err(error),
        }
    }
}

async fn attempt(
    start: &[u8],
    metadata_base: &Url,
    targets_base: &Url,
    origin: &Arc<dyn Origin>,
    store: &Store,
    use_cache: bool,
) -> Result<Outcome, TrustError> {
    let mut cached = BTreeMap::new();
    for name in ROLES.into_iter().filter(|_| use_cache) {
        cached.extend(store.metadata(name)?.map(|bytes| (name, bytes)));
    }
    let feed = Feed {
        origin: Arc::clone(origin),
        cached: Arc::new(cached),
        seen: Arc::default(),
    };
    let scratch = store.scratch()?;
    let bytes = start.to_vec();
    let loaded = RepositoryLoader::new(&bytes, metadata_base.clone(), targets_base.clone())
        .transport(feed.clone())
        .limits(Limits {
            max_root_size: MAX_SMALL,
            max_targets_size: MAX_BYTES,
            max_timestamp_size: MAX_SMALL,
            max_snapshot_size: MAX_SMALL,
            max_root_updates: MAX_ROOTS,
        })
        .datastore(&scratch)
        .load()
        .await;
    let accepted_at = loaded.is_ok().then(now);
    store.keep(&scratch, start, &|name| feed.received(name), accepted_at)?;
    Ok(match loaded {
        Ok(repository) => Outcome::Loaded(Box::new(repository)),
        Err(error) => {
            let refusal = TrustError::from_tough(&error, feed.last().as_ref());
            Outcome::Refused(refusal, feed.used_cache())
        }
    })
}

/// What tough fetches through: bounded, remembered, and cached.
#[derive(Clone)]
struct Feed {
    origin: Arc<dyn Origin>,
    cached: Arc<BTreeMap<&'static str, Vec<u8>>>,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    /// By name, without the version in front except for roots.
    files: BTreeMap<String, Vec<u8>>,
    from_cache: bool,
    /// What was asked for last.
    last: Option<Url>,
}

impl fmt::Debug for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feed")
            .field("origin", &self.origin)
            .finish_non_exhaustive()
    }
}

impl Feed {
    fn received(&self, name: &str) -> Option<Vec<u8>> {
        let seen = self.seen.lock().ok()?;
        seen.files.get(name).cloned()
    }

    fn used_cache(&self) -> bool {
        self.seen.lock().is_ok_and(|seen| seen.from_cache)
    }

    /// The cached `name`, if it has the version that the file before it in
    /// the chain (which tough has verified by now) asks for.
    fn known(&self, name: &str) -> Option<Vec<u8>> {
        let parent = match name {
            "snapshot.json" => "timestamp.json",
            "targets.json" => "snapshot.json",
            _ => return None,
        };
        let parent = json(&self.received(parent)?)?;
        let wanted = &parent["signed"]["meta"][name]["version"];
        self.cached_version(name, wanted)
    }

    fn cached_version(&self, name: &str, wanted: &serde_json::Value) -> Option<Vec<u8>> {
        let cached = self.cached.get(name)?;
        (wanted.is_u64() && json(cached)?["signed"]["version"] == *wanted).then(|| cached.clone())
    }

    /// The timestamp to go on with: the one already known, where the new one
    /// has its version. A version is never signed twice, so what differs in
    /// it is not news (TUF 5.4.3.1).
    fn newest_timestamp(&self, fetched: &[u8]) -> Option<Vec<u8>> {
        self.cached_version("timestamp.json", &json(fetched)?["signed"]["version"])
            .filter(|cached| cached != fetched)
    }

    fn last(&self) -> Option<Url> {
        self.seen.lock().ok()?.last.clone()
    }

    fn remember(&self, name: &str, bytes: &[u8], cached: bool) {
        if let Ok(mut seen) = self.seen.lock() {
            seen.from_cache |= cached;
            seen.files.insert(name.to_owned(), bytes.to_vec());
        }
    }

    async fn file(&self, url: &Url) -> Result<Vec<u8>, FetchError> {
        let full = url.path_segments().and_then(Iterator::last).unwrap_or("");
        let is_root = full.ends_with("root.json");
        let name = match full.split_once('.') {
            Some((version, rest)) if !is_root && version.parse::<u64>().is_ok() => rest,
            _ => full,
        };
        if let Some(bytes) = self.known(name) {
            self.remember(name, &bytes, true);
            return Ok(bytes);
        }
        let small = is_root || matches!(name, "timestamp.json" | "snapshot.json");
        let most = if small { MAX_SMALL } else { MAX_BYTES };
        let body = self.origin.open(url, 0).await?;
        let bytes = body.read_all(most).await?;
        if name == "timestamp.json"
            && let Some(known) = self.newest_timestamp(&bytes)
        {
            self.remember(name, &known, true);
            return Ok(known);
        }
        self.remember(name, &bytes, false);
        Ok(bytes)
    }
}

fn json(bytes: &[u8]) -> Option<serde_json::Value> {
    serde_json::from_slice(bytes).ok()
}

#[async_trait]
impl Transport for Feed {
    async fn fetch(&self, url: Url) -> Result<TransportStream, TransportError> {
        if let Ok(mut seen) = self.seen.lock() {
            seen.last = Some(url.clone());
        }
        let outcome = match self.file(&url).await {
            Ok(bytes) => Ok(tough::Bytes::from(bytes)),
            Err(error @ FetchError::NotFound) => {
                let kind = TransportErrorKind::FileNotFound;
                Err(TransportError::new_with_cause(kind, &url, error))
            }
            // An error inside the stream, since tough takes any error of
            // opening N.root.json to mean that there is no newer root.
            Err(error) => {
                let kind = TransportErrorKind::Other;
                Err(TransportError::new_with_cause(kind, &url, error))
            }
        };
        Ok(Box::pin(futures_util::stream::iter([outcome])))
    }
}
