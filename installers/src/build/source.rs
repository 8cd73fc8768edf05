//! The sources as cargo packs them: what the source distribution ships and
//! what the bill of materials is read from.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::PathBuf;
use std::process::Command;

use super::{BuildError, Builder, command};
use crate::project::cargo_program;

/// The package as `cargo package` writes it, inherited fields resolved.
pub(crate) struct Crate {
    /// Files by path below the package, sorted, with their executable bit.
    pub(crate) files: Vec<(String, Vec<u8>, bool)>,
    /// Where they are unpacked.
    pub(crate) folder: PathBuf,
}

impl Builder<'_> {
    /// Packs the sources and unpacks them into a scratch folder.
    pub(super) fn crate_file(&self) -> Result<Crate, BuildError> {
        (self.progress)("packing the sources");
        let packed = self.scratch("package")?;
        let package = &self.facts.package;
        let mut cargo = Command::new(cargo_program());
        cargo
            .current_dir(&self.facts.root)
            .args(["package", "--no-verify", "--allow-dirty", "--quiet"])
            .args(["--locked", "--package", &package.name, "--target-dir"])
            .arg(&packed);
        command::output(&mut cargo)?;
        let stem = format!("{}-{}", package.name, package.version);
        let path = packed.join("package").join(format!("{stem}.crate"));
        let bytes = std::fs::read(&path).map_err(|error| BuildError::Read(path.clone(), error))?;
        let unreadable = |error| BuildError::Read(path.clone(), error);
        let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(bytes.as_slice()));
        let folder = self.scratch("unpacked")?.join(&stem);
        let mut files = Vec::new();
        for entry in tar.entries().map_err(unreadable)? {
            let mut entry = entry.map_err(unreadable)?;
            let inside = entry.path().map_err(unreadable)?.into_owned();
            let Ok(relative) = inside.strip_prefix(&stem) else {
                continue;
            };
            let executable = entry.header().mode().map_err(unreadable)? & 0o111 != 0;
            let mut contents = Vec::new();
            entry.read_to_end(&mut contents).map_err(unreadable)?;
            let place = folder.join(relative);
            super::make_folder(place.parent().unwrap_or(&folder))?;
            let mut unpacked = contents.clone();
            if relative == "Cargo.toml" {
                // The scratch folder may be inside another workspace.
                unpacked.extend_from_slice(b"\n[workspace]\n");
            }
            std::fs::write(&place, &unpacked).map_err(|error| BuildError::Write(place, error))?;
            files.push((
                relative.to_string_lossy().into_owned(),
                contents,
                executable,
            ));
        }
        files.sort();
        Ok(Crate { files, folder })
    }

    /// Those of the packed files that git does not track: the commit does not
    /// say what is in them.
    pub(super) fn untracked(&self, packed: &Crate) -> Vec<String> {
        let mut git = Command::new("git");
        git.current_dir(&self.facts.root)
            .args(["ls-files", "--others", "-z"]);
        // Where there is no git, there is no commit either.
        let listed = command::output(&mut git).unwrap_or_default();
        let listed: BTreeSet<&[u8]> = listed.split(|byte| *byte == 0).collect();
        let names = packed.files.iter().map(|(name, ..)| name);
        let untracked = names.filter(|name| listed.contains(name.as_bytes()));
        untracked.cloned().collect()
    }
}
