//! What is in the way of a release, found before minutes are spent compiling.

use crate::facts::Facts;
use crate::homebrew;
use crate::python;
use crate::repository::trusted_root;
use crate::shell;

/// One sentence for each thing that `build` or `check` would refuse later, with
/// the file it is about.
pub(crate) fn in_the_way(facts: &Facts) -> Vec<String> {
    let archive = &facts.release.archive;
    let mut found = Vec::new();
    for name in &archive.include {
        if !facts.root.join(name).is_file() {
            found.push(format!("{name}: missing, release.toml includes it"));
        }
    }
    for name in archive.licenses.iter().chain([&archive.changelog]) {
        if !archive.include.contains(name) {
            found.push(format!("release.toml: archive.include lacks {name}"));
        }
    }
    let changelog = facts.root.join(&archive.changelog);
    let text = std::fs::read_to_string(changelog).unwrap_or_default();
    let version = &facts.package.version;
    if !has_heading(&text, version) {
        let name = &archive.changelog;
        found.push(format!("{name}: no heading for version {version}"));
    }
    if let Err(error) = trusted_root(facts, None) {
        found.push(error.to_string());
    }
    if let Err(error) = shell::known(&facts.release.installer.messages) {
        found.push(error.to_string());
    }
    found.extend(facts.dist.in_the_way());
    if let Some(python) = python::Door::of(facts) {
        if let Err(error) = python.classifiers() {
            found.push(error.to_string());
        }
        if let Some(reason) = python::in_the_way(version) {
            found.push(format!("Cargo.toml: version {version}: {reason}"));
        }
    }
    if let Some(door) = &facts.release.homebrew {
        let (package, targets) = (&facts.package, facts.targets());
        let description = door.description(package);
        if let Err(error) =
            homebrew::sayable(&package.name, description, &package.license, &targets)
        {
            found.push(error.to_string());
        }
    }
    found
}

/// Whether a changelog has a heading for `version`.
pub(crate) fn has_heading(changelog: &str, version: &str) -> bool {
    let headings = changelog.lines().filter(|line| line.starts_with('#'));
    headings
        .flat_map(|line| line.split(|c: char| c.is_whitespace() || "[]()#".contains(c)))
        .any(|word| word.strip_prefix('v').unwrap_or(word) == version)
}

#[cfg(test)]
mod tests {
    use super::has_heading;

    #[test]
    fn a_heading_names_its_version_in_any_usual_way() {
        for heading in [
            "## 1.2.0",
            "# v1.2.0",
            "## [1.2.0] - 2026-01-02",
            "## 1.2.0 (May)",
        ] {
            assert!(has_heading(heading, "1.2.0"), "{heading}");
        }
        for other in ["1.2.0", "## 1.2.0-rc.1", "## 11.2.0", ""] {
            assert!(!has_heading(other, "1.2.0"), "{other}");
        }
    }
}
