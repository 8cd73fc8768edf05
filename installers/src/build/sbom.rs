//! The bill of materials (CycloneDX): what went into the executable.
//!
//! Read from the packed sources and their lock file, for one platform. Two
//! runs give the same bytes: the serial number comes from the contents, the
//! time from the commit, and the folder it was read in is named `/source`.

use std::process::Command;

use serde_json::Value;

use super::{BuildError, Builder, command, source};
use crate::facts::Target;
use crate::site::sha256_hex;

/// Version of the specification that is written.
const SPECIFICATION: &str = "1.5";

impl Builder<'_> {
    /// Lists what is in the executable for `target`.
    pub(super) fn sbom(
        &self,
        target: &Target,
        sources: &source::Crate,
    ) -> Result<Vec<u8>, BuildError> {
        (self.progress)(&format!("{}: listing what is inside", target.triple));
        let name = "release";
        let mut cyclonedx = Command::new(self.tools.ensure("cargo-cyclonedx")?);
        cyclonedx
            .current_dir(&sources.folder)
            .args(["cyclonedx", "--quiet", "--format", "json"])
            .args(["--spec-version", SPECIFICATION, "--target", &target.triple])
            .args(["--override-filename", name])
            .env("SOURCE_DATE_EPOCH", self.facts.commit.time.to_string());
        let features = &self.facts.release.build.features;
        if !features.is_empty() {
            cyclonedx.args(["--features", &features.join(",")]);
        }
        command::output(&mut cyclonedx)?;
        let path = sources.folder.join(format!("{name}.json"));
        let text = std::fs::read_to_string(&path).map_err(|error| BuildError::Read(path, error))?;
        let text = text.replace(&*sources.folder.to_string_lossy(), "/source");
        normalised(&text).map_err(|error| BuildError::Unexpected {
            what: "cargo cyclonedx".into(),
            reason: error.to_string(),
        })
    }
}

/// The document with a serial number made from its own contents.
fn normalised(text: &str) -> serde_json::Result<Vec<u8>> {
    let mut document: Value = serde_json::from_str(text)?;
    if let Some(object) = document.as_object_mut() {
        object.remove("serialNumber");
        let digest = sha256_hex(Value::Object(object.clone()).to_string().as_bytes());
        object.insert("serialNumber".into(), serial(&digest).into());
    }
    let mut text = format!("{document:#}");
    text.push('\n');
    Ok(text.into_bytes())
}

/// A UUID of version 8 (RFC 9562: made by a rule of our own) from a digest.
fn serial(digest: &str) -> String {
    format!(
        "urn:uuid:{}-{}-8{}-8{}-{}",
        &digest[0..8],
        &digest[8..12],
        &digest[13..16],
        &digest[17..20],
        &digest[20..32]
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn serial_number_depends_on_the_contents_only() {
        let one = normalised(r#"{"serialNumber":"urn:uuid:1","a":1}"#).unwrap();
        let two = normalised(r#"{"a":1,"serialNumber":"urn:uuid:2"}"#).unwrap();
        assert_eq!(one, two);
        let other = normalised(r#"{"a":2}"#).unwrap();
        assert_ne!(one, other);
        assert!(String::from_utf8(one).unwrap().contains("urn:uuid:"));
    }
}
