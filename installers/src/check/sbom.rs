//! The bill of materials.

use serde_json::Value;

use super::Checker;

impl Checker<'_> {
    pub(super) fn sbom(&mut self, file: &str, bytes: &[u8]) {
        let document: Value = match serde_json::from_slice(bytes) {
            Ok(document) => document,
            Err(error) => return self.find(file, "JSON", error.to_string()),
        };
        let text = |pointer: &str| document.pointer(pointer).and_then(Value::as_str);
        self.equal(
            file,
            "bomFormat",
            text("/bomFormat"),
            "CycloneDX",
            "its specification",
        );
        let package = &self.facts.package;
        self.equal(
            file,
            "metadata.component.name",
            text("/metadata/component/name"),
            &package.name,
            "Cargo.toml",
        );
        self.equal(
            file,
            "metadata.component.version",
            text("/metadata/component/version"),
            &package.version,
            "Cargo.toml",
        );
    }
}
