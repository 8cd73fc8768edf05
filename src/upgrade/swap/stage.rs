//! From a verified archive to an executable that has been run.

use std::fs::{self, File, OpenOptions, Permissions};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use super::finish::{remove, second_name};
use super::record::digest;
use super::{Held, Plan, SwapError};
use crate::schema::Reader;
use crate::upgrade::archive::{self, unpack_executable};
use crate::upgrade::child;
use crate::upgrade::trust::{Release, VerifiedArchive};

/// What an executable must say of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// Its version.
    pub version: String,
    /// Its platform.
    pub target: String,
    /// Its schema window; `None` for a version that was kept, whose window
    /// nobody signed again.
    pub schema: Option<Reader>,
}

impl Expected {
    /// What `release` was signed to be.
    #[must_use]
    pub fn of(release: &Release) -> Self {
        Self {
            version: release.version.to_string(),
            target: release.target.clone(),
            schema: Some(release.schema.clone()),
        }
    }
}

/// An executable beside the installed one, whole and fsynced: it came out of
/// a verified archive, or was installed here before.
#[derive(Debug)]
pub struct StagedBinary {
    path: PathBuf,
}

/// A staged executable that was run and is what was signed.
#[derive(Debug)]
pub struct ProvenBinary {
    path: PathBuf,
    expected: Expected,
}

impl StagedBinary {
    /// Unpacks the executable of `archive` beside the installed one.
    ///
    /// # Errors
    /// [`SwapError`]; nothing is left behind.
    pub fn unpack(
        held: &Held,
        archive: &mut VerifiedArchive,
        release: &Release,
    ) -> Result<Self, SwapError> {
        let expected = archive::Expected {
            folder: release.folder.clone(),
            executable: env!("CARGO_PKG_NAME").to_owned(),
            length: release.executable_length,
            sha256: release.executable_sha256,
        };
        let path = archive.path().to_owned();
        let reader = archive.reader().map_err(SwapError::io("read", &path))?;
        Self::made(held, |path| {
            remove(path)?;
            let mut file = OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o700)
                .open(path)
                .map_err(SwapError::io("create", path))?;
            unpack_executable(reader, &expected, &mut file).map_err(|error| match error {
                archive::ArchiveError::Write(source) => SwapError::io("write", path)(source),
                error => error.into(),
            })?;
            Ok(file)
        })
    }

    /// Stages the version that was kept, after checking its digest.
    ///
    /// # Errors
    /// [`SwapError`]; nothing is left behind.
    pub fn previous(held: &Held, plan: &Plan) -> Result<Self, SwapError> {
        let recorded = plan.intent.to.sha256;
        let kept = held.place.previous(recorded);
        Self::made(held, |path| {
            second_name(&kept, path)?;
            let (found, _) = digest(path).map_err(SwapError::io("read", path))?;
            if found != recorded {
                return Err(SwapError::PreviousChanged {
                    path: kept,
                    found,
                    recorded,
                });
            }
            File::open(path).map_err(SwapError::io("read", path))
        })
    }

    /// `staged`, as `make` makes it, with the owner and mode of the installed
    /// executable.
    fn made(
        held: &Held,
        make: impl FnOnce(&Path) -> Result<File, SwapError>,
    ) -> Result<Self, SwapError> {
        let path = held.place.staged();
        let write = || -> Result<(), SwapError> {
            let file = make(&path)?;
            like_installed(held.place.target(), &file, &path)?;
            // Its name need not last before it is renamed. Closed before it
            // is run, or the kernel calls it busy.
            file.sync_all().map_err(SwapError::io("sync", &path))
        };
        write().inspect_err(|_| {
            let _ = fs::remove_file(&path);
        })?;
        Ok(Self { path })
    }

    /// Runs it once: it must be what was signed.
    ///
    /// # Errors
    /// [`SwapError::DoesNotRun`] or [`SwapError::NotAsSigned`]; it is removed
    /// then.
    pub fn prove(self, expected: Expected) -> Result<ProvenBinary, SwapError> {
        prove(&self.path, "staged executable", &expected).inspect_err(|_| {
            let _ = fs::remove_file(&self.path);
        })?;
        Ok(ProvenBinary {
            path: self.path,
            expected,
        })
    }
}

impl ProvenBinary {
    /// Where it lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it said of itself.
    #[must_use]
    pub const fn expected(&self) -> &Expected {
        &self.expected
    }

    /// Removes it: the update was not wanted after all.
    ///
    /// # Errors
    /// [`SwapError::Io`].
    pub fn discard(self) -> Result<(), SwapError> {
        fs::remove_file(&self.path).map_err(SwapError::io("remove", &self.path))
    }
}

/// Gives `file` the mode of the installed executable, and its owner where
/// root updates somebody else's.
fn like_installed(target: &Path, file: &File, path: &Path) -> Result<(), SwapError> {
    let installed = fs::metadata(target).map_err(SwapError::io("read", target))?;
    let ours = file.metadata().map_err(SwapError::io("read", path))?;
    if (installed.uid(), installed.gid()) != (ours.uid(), ours.gid())
        && rustix::process::geteuid().is_root()
    {
        std::os::unix::fs::fchown(file, Some(installed.uid()), Some(installed.gid()))
            .map_err(SwapError::io("change the owner of", path))?;
    }
    // Never set-user-id, always executable by its owner.
    let mode = installed.mode() & 0o777 | 0o500;
    if ours.mode() & 0o7777 == mode {
        // The one that was kept may be another's, and be as it must be.
        return Ok(());
    }
    file.set_permissions(Permissions::from_mode(mode))
        .map_err(SwapError::io("change the mode of", path))
}

/// The part of `version --json` that every version, past and future, has.
#[derive(Deserialize)]
struct VersionDocument {
    version: String,
    target: String,
    schema: Reader,
}

/// Runs `path version --json` and compares.
pub(super) fn prove(
    path: &Path,
    which: &'static str,
    expected: &Expected,
) -> Result<(), SwapError> {
    let call = child::Call {
        program: path,
        arguments: &["version", "--json"],
        input: Vec::new(),
        most_bytes: 1024 * 1024,
        wait: Duration::from_secs(30),
    };
    let said: VersionDocument =
        child::json(&call).map_err(|source| SwapError::DoesNotRun { which, source })?;
    let differs = |field, found: String, signed: String| {
        if found == signed {
            Ok(())
        } else {
            Err(SwapError::NotAsSigned {
                which,
                field,
                found,
                signed,
            })
        }
    };
    differs("version", said.version, expected.version.clone())?;
    differs("target", said.target, expected.target.clone())?;
    match &expected.schema {
        Some(schema) => differs("schema", window(&said.schema), window(schema)),
        None => Ok(()),
    }
}

fn window(reader: &Reader) -> String {
    let features: Vec<&str> = reader.features.iter().map(String::as_str).collect();
    format!(
        "writes {}, reads {} and later, features [{}]",
        reader.writes,
        reader.reads_since,
        features.join(", ")
    )
}
