//! The release site: one static directory that is, byte for byte, what users see.
//!
//! Owns: where each file of a release stands, and `site.json`, which says what
//! was made, from which commit, and what is missing. Never makes or judges a
//! file: `build` writes through it, `check` and `serve` read through it.
//!
//! ```text
//! site.json                         the releases below, newest last
//! install.sh                        the newest release's installer
//! v1.2.3/                           one release: what is uploaded to the forge
//!     NAME-TARGET.tar.gz            archive, and TARGET-dist-manifest.json for dist
//!     NAME-TARGET.cdx.json          software bill of materials (CycloneDX)
//!     NAME-1.2.3-py3-none-TAG.whl   wheel; NAME-1.2.3.tar.gz: source distribution
//!     NAME-installer.sh, install.sh dist's script, and the front door around it
//!     sha256.sum, dist-manifest.json
//! simple/                           package index (PEP 503 and PEP 691)
//! homebrew/Formula/NAME.rb          the tap
//! metadata/, targets/               update repository, where the project has one
//! ```

mod artifact;
mod lock;
mod marker;

use std::io::Write as _;
use std::path::{Path, PathBuf};

pub(crate) use artifact::{Artifact, Kind, sha256_hex};
pub(crate) use lock::SiteLock;
pub(crate) use marker::{Marker, Missing, Published};

/// Why a site could not be read or written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SiteError {
    /// A file could not be read.
    #[error("cannot read {}", .0.display())]
    Read(PathBuf, #[source] std::io::Error),
    /// A file could not be written.
    #[error("cannot write {}", .0.display())]
    Write(PathBuf, #[source] std::io::Error),
    /// Another command is at it.
    #[error(
        "another command is changing {}; run this one again when that has ended",
        .0.display()
    )]
    Busy(PathBuf),
    /// `site.json` is not one of ours.
    #[error("{}: {reason}", path.display())]
    Marker {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

/// A release site on disk.
#[derive(Debug, Clone)]
pub(crate) struct Site {
    root: PathBuf,
}

impl Site {
    /// The site in `root`, which need not exist yet.
    pub(crate) fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The directory itself.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// `relative` as a path on this machine.
    pub(crate) fn path(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.root.join(relative)
    }

    /// Place of the formula, below the site.
    pub(crate) fn formula(name: &str) -> String {
        format!("homebrew/Formula/{name}.rb")
    }

    /// Folder of the package index for a project, by its normalised name.
    pub(crate) fn index(normalised: &str) -> String {
        format!("simple/{normalised}")
    }

    /// Writes `bytes` to `relative`, world-readable whatever the umask.
    ///
    /// # Errors
    /// [`SiteError::Write`], naming the file.
    pub(crate) fn write(&self, relative: &str, bytes: &[u8]) -> Result<(), SiteError> {
        let path = self.path(relative);
        write_file(&path, bytes).map_err(|error| SiteError::Write(path, error))
    }

    /// Reads `relative`.
    ///
    /// # Errors
    /// [`SiteError::Read`], naming the file.
    pub(crate) fn read(&self, relative: &str) -> Result<Vec<u8>, SiteError> {
        let path = self.path(relative);
        std::fs::read(&path).map_err(|error| SiteError::Read(path, error))
    }

    /// Describes the file at `relative`.
    ///
    /// # Errors
    /// [`SiteError::Read`], naming the file.
    pub(crate) fn artifact(
        &self,
        kind: Kind,
        target: Option<&str>,
        relative: &str,
    ) -> Result<Artifact, SiteError> {
        let bytes = self.read(relative)?;
        Ok(Artifact {
            kind,
            target: target.map(str::to_owned),
            path: relative.to_owned(),
            sha256: sha256_hex(&bytes),
            bytes: bytes.len() as u64,
        })
    }
}

/// Writes through a neighbour and a rename, so that a reader never sees half.
pub(crate) fn write_file(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    replace(path, bytes, 0o644)
}

/// The same for a file that its owner alone may read.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    replace(path, bytes, 0o600)
}

fn replace(path: &Path, bytes: &[u8], mode: u32) -> std::io::Result<()> {
    use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let draft = folder.join(format!(".{name}.new"));
    // One left behind goes, and is not written into: it may be a link, put there
    // by whoever can change the site, to a file of the one who signs.
    match std::fs::remove_file(&draft) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let write = || {
        let mut options = std::fs::OpenOptions::new();
        let mut file = options
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(&draft)?;
        file.write_all(bytes)?;
        file.set_permissions(std::fs::Permissions::from_mode(mode))?;
        file.sync_all()?;
        std::fs::rename(&draft, path)
    };
    write().inspect_err(|_| {
        // The first error is the one to tell.
        let _ = std::fs::remove_file(&draft);
    })?;
    // A key must be there before what it signs is.
    std::fs::File::open(folder)?.sync_all()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_link_in_place_of_the_neighbour_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (outside, site) = (folder.path().join("key"), folder.path().join("site"));
        std::fs::write(&outside, "secret").unwrap();
        std::fs::create_dir(&site).unwrap();
        std::os::unix::fs::symlink(&outside, site.join(".site.json.new")).unwrap();
        Site::new(&site).write("site.json", b"{}").unwrap();
        assert_eq!(std::fs::read(&outside).unwrap(), b"secret");
        assert_eq!(std::fs::read(site.join("site.json")).unwrap(), b"{}");
        assert_eq!(std::fs::read_dir(&site).unwrap().count(), 1);
    }
}
