//! What dist makes: the generated installer and the description of the release.
//!
//! dist's global step embeds in the installer whatever digest stands in the
//! `TARGET-dist-manifest.json` files among the artifacts. dist knows one place
//! for artifacts, `target/distrib` of its project, so it is run in a copy of the
//! packed sources, with those files and for those platforms only: the installer
//! never offers a platform whose digest it does not know.

use std::process::Command;

use serde_json::Value;

use super::{BuildError, Builder, command, make_folder, source};
use crate::facts::Target;

impl Builder<'_> {
    /// dist's manifest of one platform, with the digest of its archive.
    pub(super) fn target_manifest(
        &self,
        target: &Target,
        sha256: &str,
        sources: &source::Crate,
    ) -> Result<Vec<u8>, BuildError> {
        let mut dist = self.dist("manifest", sources)?;
        dist.args(["--artifacts=local", "--target", &target.triple]);
        let said = command::output(&mut dist)?;
        let mut manifest = parse(&said)?;
        let name = self.facts.archive_name(target);
        let artifact = manifest
            .get_mut("artifacts")
            .and_then(|artifacts| artifacts.get_mut(&name))
            .and_then(Value::as_object_mut)
            .ok_or_else(|| BuildError::Unexpected {
                what: "dist manifest".into(),
                reason: format!("names no artifact {name}"),
            })?;
        artifact.insert("checksums".into(), serde_json::json!({ "sha256": sha256 }));
        // A machine's own description would make the file differ by machine.
        for field in ["systems", "ci", "upload_files", "linkage"] {
            if let Some(object) = manifest.as_object_mut() {
                object.remove(field);
            }
        }
        Ok(pretty(&manifest))
    }

    /// dist's installer for the platforms in `made`, and its final manifest.
    pub(super) fn dist_global(
        &self,
        made: &[Target],
        sources: &source::Crate,
    ) -> Result<(String, Vec<u8>), BuildError> {
        let distrib = sources.folder.join("target").join("distrib");
        make_folder(&distrib)?;
        for target in made {
            let name = format!("{}-dist-manifest.json", target.triple);
            let bytes = self.site.read(&format!("{}/{name}", self.facts.tag()))?;
            let place = distrib.join(name);
            std::fs::write(&place, bytes).map_err(|error| BuildError::Write(place, error))?;
        }
        let mut dist = self.dist("build", sources)?;
        dist.arg("--artifacts=global");
        for target in made {
            dist.args(["--target", &target.triple]);
        }
        let mut manifest = parse(&command::output(&mut dist)?)?;
        if let Some(object) = manifest.as_object_mut() {
            object.remove("systems");
            object.remove("upload_files");
        }
        let path = distrib.join(format!("{}-installer.sh", self.facts.package.name));
        let script =
            std::fs::read_to_string(&path).map_err(|error| BuildError::Read(path, error))?;
        Ok((script, pretty(&manifest)))
    }

    /// dist's `subcommand` among the packed sources. Whether `release.yml` is up
    /// to date is another check's affair.
    fn dist(&self, subcommand: &str, sources: &source::Crate) -> Result<Command, BuildError> {
        let mut settings = self.facts.dist.document.clone();
        if let Some(workspace) = settings
            .get_mut("workspace")
            .and_then(toml::Value::as_table_mut)
        {
            workspace.insert("members".into(), vec!["cargo:."].into());
        }
        let place = sources.folder.join("dist-workspace.toml");
        std::fs::write(&place, settings.to_string())
            .map_err(|error| BuildError::Write(place, error))?;
        let mut dist = Command::new(self.tools.ensure("cargo-dist")?);
        dist.current_dir(&sources.folder)
            .env_remove("CARGO_TARGET_DIR")
            .args([subcommand, "--allow-dirty", "--output-format=json"])
            .arg("--no-local-paths")
            .args(["--tag", &self.facts.tag()]);
        Ok(dist)
    }
}

/// Where dist says the release's files are downloaded from: the forge's
/// release page where there is one, since Homebrew knows it best.
pub(super) fn download_url(manifest: &[u8]) -> Result<String, BuildError> {
    let manifest = parse(manifest)?;
    let hosting = manifest.pointer("/releases/0/hosting");
    let text = |pointer: &str| hosting?.pointer(pointer)?.as_str();
    let forge = text("/github/artifact_base_url").zip(text("/github/artifact_download_path"));
    forge
        .map(|(base, path)| format!("{base}{path}"))
        .or_else(|| text("/simple/download_url").map(str::to_owned))
        .ok_or_else(|| BuildError::Unexpected {
            what: "dist".into(),
            reason: "its manifest names no place to download from".into(),
        })
}

fn parse(said: &[u8]) -> Result<Value, BuildError> {
    serde_json::from_slice(said).map_err(|error| BuildError::Unexpected {
        what: "dist".into(),
        reason: format!("its output is not JSON: {error}"),
    })
}

fn pretty(value: &Value) -> Vec<u8> {
    let mut text = format!("{value:#}");
    text.push('\n');
    text.into_bytes()
}
