//! A maintainer's machine: the project, the site, and the keys for it.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{self, KEPT, Shipped, done, keys_beside, product, release, remove};

/// Publishes releases as they are made for users, and signs them.
pub(crate) struct Maintainer {
    pub(crate) site: PathBuf,
    keys: PathBuf,
}

impl Maintainer {
    /// Before the first release: keys, and a repository without targets.
    pub(crate) fn new() -> Self {
        let site = Path::new(KEPT).join("self-update/site");
        remove(&site);
        let before = &product().site;
        support::copy(&before.join("metadata"), &site.join("metadata"));
        let [keys, ..] = keys_beside(before);
        Self { site, keys }
    }

    /// Puts a release on the site and signs it.
    pub(crate) fn publishes(&self, shipped: &Shipped) {
        for entry in std::fs::read_dir(&shipped.site).unwrap() {
            let from = entry.unwrap().path();
            let to = self.site.join(from.file_name().unwrap());
            if from.is_file() {
                std::fs::copy(&from, &to).unwrap();
            } else if !from.ends_with("metadata") {
                support::copy(&from, &to);
            }
        }
        self.signs("add", &[]);
    }

    /// Withdraws a release.
    pub(crate) fn withdraws(&self, shipped: &Shipped, reason: &str) {
        self.signs("yank", &[&shipped.version(), "--reason", reason]);
    }

    fn signs(&self, command: &str, arguments: &[&str]) {
        let mut sign: Command = release(&product().project);
        sign.args(["repository", command]).args(arguments);
        sign.arg("--site")
            .arg(&self.site)
            .arg("--keys")
            .arg(&self.keys);
        done(&mut sign);
    }
}

/// The executable of a release, out of the archive that was published.
pub(crate) fn executable(shipped: &Shipped) -> Vec<u8> {
    let archive = shipped.file("gnu.tar.gz");
    let name = archive.file_name().unwrap().to_str().unwrap();
    let folder = name.trim_end_matches(".tar.gz");
    let mut tar = Command::new("tar");
    tar.arg("-xzOf").arg(&archive);
    let output = tar.arg(format!("{folder}/auditgraph")).output().unwrap();
    assert!(output.status.success());
    output.stdout
}
