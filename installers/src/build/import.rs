//! Takes a platform made on another machine from the folder it was put into.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{BuildError, Builder};
use crate::facts::Target;
use crate::python;
use crate::site::{Artifact, Kind, sha256_hex};

impl Builder<'_> {
    /// Copies `target`'s files from the first of `folders` that has them, after
    /// comparing the archive with the digest in its manifest.
    pub(super) fn import(
        &self,
        target: &Target,
        folders: &[PathBuf],
    ) -> Result<Option<Vec<Artifact>>, BuildError> {
        let manifest_name = format!("{}-dist-manifest.json", target.triple);
        let archive_name = self.facts.archive_name(target);
        let Some(folder) = folders
            .iter()
            .find(|folder| folder.join(&manifest_name).is_file())
        else {
            return Ok(None);
        };
        (self.progress)(&format!(
            "{}: taking it from {}",
            target.triple,
            folder.display()
        ));
        let manifest = read(&folder.join(&manifest_name))?;
        let archive = read(&folder.join(&archive_name))?;
        let stated = serde_json::from_slice::<Value>(&manifest).ok();
        let stated = stated.as_ref().and_then(|manifest| {
            let artifact = manifest.get("artifacts")?.get(&archive_name)?;
            artifact.get("checksums")?.get("sha256")?.as_str()
        });
        let found = sha256_hex(&archive);
        if stated != Some(found.as_str()) {
            return Err(BuildError::Unexpected {
                what: folder.join(&archive_name).display().to_string(),
                reason: format!(
                    "its sha256 is {found}, {manifest_name} says {}",
                    stated.unwrap_or("nothing")
                ),
            });
        }
        let sbom_name = format!("{}.cdx.json", self.facts.archive_stem(target));
        let sbom = read(&folder.join(&sbom_name))?;
        let mut artifacts = vec![
            self.add_archive(target, &archive)?,
            self.add(Kind::Sbom, Some(target), &sbom_name, &sbom)?,
            self.add(
                Kind::TargetManifest,
                Some(target),
                &manifest_name,
                &manifest,
            )?,
        ];
        if let Some(python) = python::Door::of(self.facts)
            && let Some((_, name)) = python.wheel_for(target)
        {
            let wheel = read(&folder.join(&name))?;
            artifacts.push(self.add_package(python, Kind::Wheel, Some(target), &name, &wheel)?);
        }
        Ok(Some(artifacts))
    }
}

fn read(path: &Path) -> Result<Vec<u8>, BuildError> {
    std::fs::read(path).map_err(|error| BuildError::Read(path.to_path_buf(), error))
}
