//! What was seen once is remembered.
//!
//! Rollback and freeze are told from progress only by comparison with the
//! past, so the newest accepted metadata lives in the user's state directory
//! and every process of the user shares it, one at a time:
//!
//! ```text
//! lock                 advisory lock: one process
//! roots/N.root.json    every root accepted after the compiled-in one
//! root.json            the newest of them
//! timestamp.json, snapshot.json, targets.json
//! clock                the newest time at which metadata was accepted, in seconds
//!                      since 1970: a clock that is set back would bring expired
//!                      metadata to life
//! scratch/             only while a process holds the lock
//! ```
//!
//! The directory adds no trust: the chain of roots is verified from the
//! compiled-in root each time, so who can write here can at most make this
//! program forget, never make it believe. By itself it forgets nothing: what
//! cannot be read, or is no metadata, is an error.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tough::schema::{Root, Signed};

use super::error::TrustError;
use crate::foundation::durable;

/// Metadata files that are remembered, besides roots.
pub(super) const ROLES: [&str; 3] = ["timestamp.json", "snapshot.json", "targets.json"];
/// Longest metadata file that is read back; `metadata` accepts none longer.
pub(super) const MAX_BYTES: u64 = 8 * 1024 * 1024;
/// Roots that are followed in one go.
pub(super) const MAX_ROOTS: u64 = 256;
/// How far a clock may go back without being told: time zones mistaken for
/// UTC, and corrections. Metadata lives for months.
const CLOCK_SLACK: i64 = 24 * 3600;
const CLOCK: &str = "clock";
const PATIENCE: Duration = Duration::from_secs(20);

/// The remembered metadata, held by this process alone.
#[derive(Debug)]
pub struct Store {
    directory: PathBuf,
    _lock: File,
}

impl Store {
    /// Opens the store in `directory`, which is made if it is missing. Waits
    /// for another process to finish, for a bounded time.
    ///
    /// # Errors
    /// [`TrustError::State`] or [`TrustError::Busy`].
    pub fn open(directory: &Path) -> Result<Self, TrustError> {
        let state = |path: &Path| {
            let path = path.to_path_buf();
            move |error| TrustError::State { path, error }
        };
        let made = DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory);
        made.map_err(state(directory))?;
        let path = directory.join("lock");
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(state(&path))?;
        let start = Instant::now();
        loop {
            match lock.try_lock() {
                Ok(()) => break,
                Err(fs::TryLockError::WouldBlock) if start.elapsed() < PATIENCE => {
                    std::thread::sleep(Duration::from_millis(20));
                }
                Err(fs::TryLockError::WouldBlock) => {
                    return Err(TrustError::Busy(directory.to_path_buf()));
                }
                Err(fs::TryLockError::Error(error)) => return Err(state(&path)(error)),
            }
        }
        Ok(Self {
            directory: directory.to_path_buf(),
            _lock: lock,
        })
    }

    /// Compares the time with the newest one at which metadata was accepted.
    pub(super) fn check_clock(&self, now: i64) -> Result<(), TrustError> {
        match self.newest_time()? {
            Some(last) if now < last.saturating_sub(CLOCK_SLACK) => Err(TrustError::Clock {
                hours: last.abs_diff(now) / 3600,
                file: self.directory.join(CLOCK),
            }),
            _ => Ok(()),
        }
    }

    fn newest_time(&self) -> Result<Option<i64>, TrustError> {
        let parse = |bytes| String::from_utf8(bytes).ok()?.trim().parse().ok();
        self.read(CLOCK)?
            .map(|bytes| parse(bytes).ok_or_else(|| self.damaged(CLOCK)))
            .transpose()
    }

    /// The remembered metadata file `name`; `None` where none was ever
    /// accepted.
    ///
    /// # Errors
    /// [`TrustError::State`] where it cannot be read or is damaged: tough
    /// would pass it over, and take an older one.
    pub(super) fn metadata(&self, name: &str) -> Result<Option<Vec<u8>>, TrustError> {
        let version = |bytes: &[u8]| {
            let document: serde_json::Value = serde_json::from_slice(bytes).ok()?;
            document["signed"]["version"].as_u64()
        };
        match self.read(name)? {
            Some(bytes) if version(&bytes).is_none() => Err(self.damaged(name)),
            found => Ok(found),
        }
    }

    /// A remembered file, if it is there.
    fn read(&self, name: &str) -> Result<Option<Vec<u8>>, TrustError> {
        let path = self.directory.join(name);
        durable::if_there(durable::read_bounded(&path, MAX_BYTES))
            .map_err(|error| TrustError::State { path, error })
    }

    fn damaged(&self, name: &str) -> TrustError {
        TrustError::State {
            path: self.directory.join(name),
            error: io::Error::new(io::ErrorKind::InvalidData, "it is damaged"),
        }
    }

    /// The newest root that is reached from `compiled_in` through remembered
    /// roots, each signed as its predecessor and itself demand.
    ///
    /// # Errors
    /// [`TrustError::BadRoot`] when `compiled_in` itself is not valid, and
    /// [`TrustError::State`].
    pub(super) fn newest_root(&self, compiled_in: &[u8]) -> Result<Vec<u8>, TrustError> {
        let bad = |error: String| TrustError::BadRoot(error);
        let mut newest: Signed<Root> =
            serde_json::from_slice(compiled_in).map_err(|error| bad(error.to_string()))?;
        newest
            .signed
            .verify_role(&newest)
            .map_err(|error| bad(error.to_string()))?;
        let mut bytes = compiled_in.to_vec();
        for _ in 0..MAX_ROOTS {
            let name = root_name(newest.signed.version.get().saturating_add(1));
            let Some(next_bytes) = self.read(&name)? else {
                break;
            };
            if serde_json::from_slice::<Signed<Root>>(&next_bytes).is_err() {
                return Err(self.damaged(&name));
            }
            // One that nobody in the chain signed was put there: it is none.
            let Some(next) = successor(&newest, &next_bytes) else {
                break;
            };
            newest = next;
            bytes = next_bytes;
        }
        Ok(bytes)
    }

    /// A fresh directory in which tough works on copies, so that no crash
    /// leaves half a file behind.
    pub(super) fn scratch(&self) -> Result<PathBuf, TrustError> {
        let scratch = self.directory.join("scratch");
        let mut known = Vec::new();
        for name in ROLES {
            known.extend(self.metadata(name)?.map(|bytes| (name, bytes)));
        }
        let prepare = || -> io::Result<()> {
            durable::if_there(fs::remove_dir_all(&scratch))?;
            DirBuilder::new().mode(0o700).create(&scratch)?;
            known
                .iter()
                .try_for_each(|(name, bytes)| fs::write(scratch.join(name), bytes))
        };
        prepare().map_err(|error| TrustError::State {
            path: scratch.clone(),
            error,
        })?;
        Ok(scratch)
    }

    /// Keeps what tough accepted: the files of `scratch`, in the bytes that
    /// were received (`received` finds them by name), the chain of roots from
    /// `start` on, and the time at which all of it was. Also called after a
    /// refusal, for what was accepted before it: without a time, for it may be
    /// refused since the clock is wrong.
    pub(super) fn keep(
        &self,
        scratch: &Path,
        start: &[u8],
        received: &dyn Fn(&str) -> Option<Vec<u8>>,
        accepted_at: Option<i64>,
    ) -> Result<(), TrustError> {
        let mut kept = self.roots(start, received)?;
        for name in ROLES {
            match durable::read_bounded(&scratch.join(name), MAX_BYTES) {
                Ok(accepted) => {
                    let raw = received(name).filter(|raw| same_json(raw, &accepted));
                    // tough writes its own rendering of what it read; a file
                    // it did not touch is the copy it was given.
                    kept.push((name.to_owned(), raw.unwrap_or(accepted)));
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => self.forget(name)?,
                Err(error) => {
                    return Err(TrustError::State {
                        path: scratch.join(name),
                        error,
                    });
                }
            }
        }
        let newest = self.newest_time()?;
        if let Some(now) = accepted_at.filter(|now| newest.is_none_or(|last| last < *now)) {
            kept.push((CLOCK.to_owned(), format!("{now}\n").into_bytes()));
        }
        self.replace(&kept)?;
        // What is left of it is removed by the next process.
        let _ = fs::remove_dir_all(scratch);
        Ok(())
    }

    /// The roots that were received after `start`, each signed as its
    /// predecessor demands, and the newest of them again as `root.json`.
    fn roots(
        &self,
        start: &[u8],
        received: &dyn Fn(&str) -> Option<Vec<u8>>,
    ) -> Result<Vec<(String, Vec<u8>)>, TrustError> {
        let mut roots = Vec::new();
        let Ok(mut newest) = serde_json::from_slice::<Signed<Root>>(start) else {
            return Ok(roots);
        };
        let mut bytes = start.to_vec();
        loop {
            let version = newest.signed.version.get().saturating_add(1);
            let Some(next_bytes) = received(&format!("{version}.root.json")) else {
                break;
            };
            let Some(next) = successor(&newest, &next_bytes) else {
                break;
            };
            roots.push((root_name(version), next_bytes.clone()));
            newest = next;
            bytes = next_bytes;
        }
        if !roots.is_empty() {
            let folder = self.directory.join("roots");
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(&folder)
                .map_err(|error| TrustError::State {
                    path: folder,
                    error,
                })?;
        }
        roots.push(("root.json".to_owned(), bytes));
        Ok(roots)
    }

    /// Writes the files whose bytes are other ones.
    fn replace(&self, files: &[(String, Vec<u8>)]) -> Result<(), TrustError> {
        let changed: Vec<_> = files
            .iter()
            .filter(|(name, bytes)| {
                !self
                    .read(name)
                    .is_ok_and(|there| there.as_ref() == Some(bytes))
            })
            .map(|(name, bytes)| (self.directory.join(name), bytes.as_slice()))
            .collect();
        durable::replace_all(&changed).map_err(|error| TrustError::State {
            path: self.directory.clone(),
            error,
        })
    }

    fn forget(&self, name: &str) -> Result<(), TrustError> {
        let path = self.directory.join(name);
        durable::remove(&path).map_err(|error| TrustError::State { path, error })
    }
}

fn root_name(version: u64) -> String {
    format!("roots/{version}.root.json")
}

/// `bytes` as the root after `current`, if both sign it (TUF 5.3.4, 5.3.5).
fn successor(current: &Signed<Root>, bytes: &[u8]) -> Option<Signed<Root>> {
    let next: Signed<Root> = serde_json::from_slice(bytes).ok()?;
    let follows = Some(next.signed.version.get()) == current.signed.version.get().checked_add(1)
        && current.signed.verify_role(&next).is_ok()
        && next.signed.verify_role(&next).is_ok();
    follows.then_some(next)
}

fn same_json(a: &[u8], b: &[u8]) -> bool {
    let parse = |bytes| serde_json::from_slice::<serde_json::Value>(bytes).ok();
    parse(a).is_some_and(|a| Some(a) == parse(b))
}
