//! The bill of materials.

use serde_json::Value;

use super::Checker;
use super::binary::{Listed, dependencies};

impl Checker<'_> {
    /// Judges the bill of materials of `executable`.
    pub(super) fn sbom(&mut self, file: &str, bytes: &[u8], executable: Option<&[u8]>) {
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
        // The other way round it may lack some: the executable also lists what no
        // feature asked for.
        let inside = executable.and_then(dependencies);
        let components = document.get("components").cloned().unwrap_or_default();
        match (serde_json::from_value::<Vec<Listed>>(components), inside) {
            (Err(error), _) => self.find(file, "components", error.to_string()),
            (Ok(components), Some(inside)) => {
                for listed in components.iter().filter(|one| !inside.contains(one)) {
                    let Listed { name, version } = listed;
                    let problem = format!("{name} {version} is not in the executable");
                    self.find(file, "components", problem);
                }
            }
            _ => {}
        }
    }
}
