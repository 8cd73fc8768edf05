//! `site.json`: what a site holds, and what it lacks.

use serde::{Deserialize, Serialize};

use super::{Artifact, Site, SiteError};

/// Name of the file.
pub(crate) const FILE: &str = "site.json";

/// The whole file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Marker {
    /// Layout of this file: 1.
    pub(crate) format: u32,
    /// Package that is shipped.
    pub(crate) name: String,
    /// Whether the newest release lacks anything.
    pub(crate) partial: bool,
    /// Releases, oldest first.
    pub(crate) releases: Vec<Published>,
}

/// One release on the site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Published {
    /// Version, as `Cargo.toml` writes it.
    pub(crate) version: String,
    /// Tag, and name of the release's folder.
    pub(crate) tag: String,
    /// Commit it was made from, where known.
    pub(crate) commit: Option<String>,
    /// Whether tracked files differed from that commit.
    pub(crate) dirty: bool,
    /// Time every file of it carries: seconds since 1970.
    pub(crate) time: u64,
    /// Schema window of the executable, where the project has one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) schema: Option<serde_json::Value>,
    /// Files, by path.
    pub(crate) artifacts: Vec<Artifact>,
    /// What could not be made, and why. Not empty: the release is partial.
    pub(crate) missing: Vec<Missing>,
}

/// Something a release should have and has not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Missing {
    /// Platform, by Rust target triple.
    pub(crate) target: String,
    /// Files that would be there.
    pub(crate) files: Vec<String>,
    /// Why they are not.
    pub(crate) reason: String,
}

impl Marker {
    /// A site with no release yet.
    pub(crate) fn empty(name: &str) -> Self {
        Self {
            format: 1,
            name: name.to_owned(),
            partial: false,
            releases: Vec::new(),
        }
    }

    /// Reads the marker of `site`; `None` where there is no file.
    ///
    /// # Errors
    /// [`SiteError`] where the file is unreadable or of another format.
    pub(crate) fn read(site: &Site) -> Result<Option<Self>, SiteError> {
        let path = site.path(FILE);
        if !path.exists() {
            return Ok(None);
        }
        let refuse = |reason| SiteError::Marker {
            path: path.clone(),
            reason,
        };
        let bytes = site.read(FILE)?;
        let marker: Self =
            serde_json::from_slice(&bytes).map_err(|error| refuse(error.to_string()))?;
        if marker.format != 1 {
            let reason = format!("`format` is {}, this tool knows 1", marker.format);
            return Err(refuse(reason));
        }
        let releases = || marker.releases.iter();
        let artifacts = || releases().flat_map(|release| &release.artifacts);
        let tags = releases().map(|release| &release.tag);
        for place in artifacts().map(|artifact| &artifact.path).chain(tags) {
            let inside = |part| matches!(part, std::path::Component::Normal(_));
            if place.is_empty() || !std::path::Path::new(place).components().all(inside) {
                let place = place.escape_debug();
                return Err(refuse(format!("`{place}` is not a place on the site")));
            }
        }
        // Names of files are made of these.
        let targets = artifacts().filter_map(|artifact| artifact.target.as_ref());
        let versions = releases().map(|release| &release.version);
        if let Some(name) = targets.chain(versions).find(|name| name.contains('/')) {
            let name = name.escape_debug();
            return Err(refuse(format!("`{name}` is no platform or version")));
        }
        Ok(Some(marker))
    }

    /// Writes the marker into `site`.
    ///
    /// # Errors
    /// [`SiteError::Write`].
    pub(crate) fn write(&self, site: &Site) -> Result<(), SiteError> {
        let mut text = serde_json::to_string_pretty(self).map_err(|error| SiteError::Marker {
            path: site.path(FILE),
            reason: error.to_string(),
        })?;
        text.push('\n');
        site.write(FILE, text.as_bytes())
    }

    /// Adds `release`, in place of one of the same version, as the newest.
    pub(crate) fn publish(&mut self, release: Published) {
        self.releases.retain(|old| old.version != release.version);
        self.partial = !release.missing.is_empty();
        self.releases.push(release);
    }

    /// The newest release.
    pub(crate) fn newest(&self) -> Option<&Published> {
        self.releases.last()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_platform_or_version_that_leads_elsewhere_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let site = Site::new(folder.path());
        let target = "x86_64-unknown-linux-gnu";
        for (version, target, good) in [
            ("1.0.0", target, true),
            ("1.0.0", "z/../../../evil", false),
            ("1.0.0-z/../../../evil", target, false),
        ] {
            let artifact = serde_json::json!({
                "kind": "archive", "target": target, "path": "v1/a.tar.gz",
                "sha256": "", "bytes": 0,
            });
            let release = serde_json::json!({
                "version": version, "tag": "v1", "commit": null, "dirty": false, "time": 0,
                "artifacts": [artifact], "missing": [],
            });
            let marker = serde_json::json!({
                "format": 1, "name": "a", "partial": false, "releases": [release],
            });
            site.write(FILE, marker.to_string().as_bytes()).unwrap();
            assert_eq!(Marker::read(&site).is_ok(), good, "{version} {target}");
        }
    }
}
