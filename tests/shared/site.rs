//! A release site on disk, and nginx in front of it.

use std::fs;
use std::path::PathBuf;

use auditgraph::foundation::Sha256;
use serde_json::json;

use crate::nginx::Nginx;
use crate::repository::{PLATFORM, Repository};
use crate::versions::{Version, built};

/// A release site with its web server.
pub(crate) struct Site {
    pub(crate) repository: Repository,
    nginx: Nginx,
    _folder: tempfile::TempDir,
}

impl Site {
    /// A served site without releases.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("site");
        let repository = Repository::new(&root);
        let nginx = Nginx::serve(&root);
        Self {
            _folder: folder,
            repository,
            nginx,
        }
    }

    /// A site that offers these versions.
    pub(crate) fn with(versions: &[Version]) -> Self {
        let mut site = Self::new();
        for version in versions {
            site.publish(*version);
        }
        site
    }

    /// Publishes a version, as it was built.
    pub(crate) fn publish(&mut self, version: Version) -> String {
        let [old, compatible, incompatible] = built();
        let executable = match version.number {
            "0.1.0" => old,
            "0.2.0" => compatible,
            _ => incompatible,
        };
        self.publish_executable(version, &fs::read(executable).unwrap())
    }

    /// Publishes `executable` as `version`.
    pub(crate) fn publish_executable(&mut self, version: Version, executable: &[u8]) -> String {
        let name = self.repository.add(version.number, &archive(executable));
        let custom = self.repository.custom(&name);
        custom["executable"] = described(executable);
        custom["schema"] = json!({
            "writes": version.writes,
            "reads_since": version.reads_since,
            "features": [],
        });
        self.repository.publish();
        name
    }

    /// Where users find it.
    pub(crate) fn url(&self) -> String {
        self.nginx.url() + "/"
    }

    /// The private authority's certificate.
    pub(crate) fn authority(&self) -> PathBuf {
        self.nginx.authority()
    }
}

/// The signed description of an executable in such an archive.
pub(crate) fn described(executable: &[u8]) -> serde_json::Value {
    json!({
        "path": format!("auditgraph-{PLATFORM}/auditgraph"),
        "sha256": Sha256::of(executable).to_string(),
        "length": executable.len(),
    })
}

/// The archive of one executable, as a release has it.
fn archive(executable: &[u8]) -> Vec<u8> {
    archive_with(executable, "", tar::EntryType::Regular, b"")
}

/// The same with one more member, whose path may be anything.
pub(crate) fn archive_with(
    executable: &[u8],
    path: &str,
    kind: tar::EntryType,
    content: &[u8],
) -> Vec<u8> {
    let folder = format!("auditgraph-{PLATFORM}");
    let encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut tar = tar::Builder::new(encoder);
    let mut add = |path: &str, kind, bytes: &[u8]| {
        let mut header = tar::Header::new_ustar();
        // Written raw: the builder would refuse what an attacker writes.
        header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_entry_type(kind);
        header.set_size(bytes.len() as u64);
        header.set_mode(0o755);
        header.set_cksum();
        tar.append(&header, bytes).unwrap();
    };
    let regular = tar::EntryType::Regular;
    add(&format!("{folder}/README.md"), regular, b"read me\n");
    add(&format!("{folder}/auditgraph"), regular, executable);
    if !path.is_empty() {
        add(path, kind, content);
    }
    tar.into_inner().unwrap().finish().unwrap()
}
