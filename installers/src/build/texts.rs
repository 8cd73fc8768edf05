//! Texts that follow from a release's other files: `build` writes them, `check`
//! writes them again and compares.

use super::{BuildError, archive, dist};
use crate::facts::{Facts, Homebrew, Target};
use crate::homebrew;
use crate::shell;
use crate::site::{Artifact, Kind};

/// The archive for `target` among `artifacts`.
fn archive_for<'a>(artifacts: &'a [Artifact], target: &Target) -> Option<&'a Artifact> {
    artifacts.iter().find(|artifact| {
        artifact.kind == Kind::Archive && artifact.target.as_deref() == Some(&target.triple)
    })
}

/// `sha256.sum`: every file of the release's folder but itself.
pub(crate) fn checksums(artifacts: &[Artifact]) -> String {
    artifacts
        .iter()
        .filter(|artifact| !matches!(artifact.kind, Kind::Checksums | Kind::Formula))
        .map(|artifact| format!("{}  {}\n", artifact.sha256, artifact.file_name()))
        .collect()
}

/// The formula that installs the archives among `artifacts` from where dist's
/// `manifest` says they are downloaded from.
///
/// # Errors
/// [`BuildError`] where the manifest names no such place or there is no archive.
pub(crate) fn formula(
    facts: &Facts,
    door: &Homebrew,
    artifacts: &[Artifact],
    manifest: &[u8],
) -> Result<String, BuildError> {
    let downloads_from = dist::download_url(manifest)?;
    let targets = facts.targets();
    let downloads: Vec<homebrew::Download<'_>> = targets
        .iter()
        .filter_map(|target| {
            let archive = archive_for(artifacts, target)?;
            Some(homebrew::Download {
                target,
                url: format!("{downloads_from}/{}", archive.file_name()),
                sha256: &archive.sha256,
            })
        })
        .collect();
    let (package, release) = (&facts.package, &facts.release);
    let completions: Vec<(String, String)> = release
        .shells()
        .iter()
        .map(|shell| {
            let path = archive::completion_path(&package.binary, shell);
            (shell.clone(), path)
        })
        .collect();
    Ok(homebrew::render(&homebrew::Formula {
        name: &package.name,
        version: &package.version,
        description: door.description(package),
        homepage: &package.homepage,
        license: &package.license,
        downloads: &downloads,
        binary: &package.binary,
        completions: &completions,
        man: release.binary.man.as_ref().map(|_| archive::MAN_FOLDER),
        test: &door.test,
    })?)
}

/// dist's `script` behind the prelude that answers for platform, temporary
/// files and verification.
///
/// # Errors
/// [`BuildError`], above all where the script would not verify an archive.
pub(crate) fn front_door(
    facts: &Facts,
    script: &str,
    artifacts: &[Artifact],
) -> Result<String, BuildError> {
    let mut targets = facts.targets();
    targets.retain(|target| archive_for(artifacts, target).is_some());
    let digests = artifacts
        .iter()
        .filter(|artifact| artifact.kind == Kind::Archive)
        .map(|artifact| (artifact.file_name().to_owned(), artifact.sha256.clone()))
        .collect();
    let front = shell::Front {
        app: &facts.package.name,
        name: &facts.package.binary,
        version: &facts.package.version,
        documentation: &facts.release.installer.documentation,
        messages: &facts.release.installer.messages,
        targets: &targets,
    };
    Ok(shell::compose(&front, script, &digests)?)
}
