//! Asks the executable about itself: completions, man pages, version.
//!
//! It runs with an empty environment and an empty home, so that nothing of
//! the machine reaches an archive.

use std::path::Path;
use std::process::Command;

use super::{BuildError, Builder, archive, command};

/// What the executable writes about itself, by path in the archive.
pub(super) struct Said {
    pub(super) completions: Vec<(String, Vec<u8>)>,
    pub(super) man_pages: Vec<(String, Vec<u8>)>,
}

impl Builder<'_> {
    /// Runs `executable` for its completions and man pages, after checking that
    /// it calls itself by the release's version.
    pub(super) fn describe(&self, executable: &Path) -> Result<Said, BuildError> {
        let home = self.scratch("home")?;
        let pages = self.scratch("man")?;
        let asked = &self.facts.release.binary;
        let run = |arguments: &[String], name: &str, value: &str| {
            let mut program = Command::new(executable);
            program
                .args(arguments.iter().map(|word| word.replace(name, value)))
                .current_dir(&home)
                .env_clear()
                .env("HOME", &home)
                .env("LC_ALL", "C");
            command::output(&mut program)
        };
        self.same_identity(&run(&asked.version, "", "")?)?;
        let mut completions = Vec::new();
        if let Some(asked) = &asked.completions {
            for shell in &asked.shells {
                let text = run(&asked.arguments, "{shell}", shell)?;
                let path = archive::completion_path(&self.facts.package.binary, shell);
                completions.push((path, text));
            }
        }
        let mut man_pages = Vec::new();
        if let Some(asked) = &asked.man {
            run(asked, "{dir}", &pages.to_string_lossy())?;
            man_pages = written(&pages)?;
            if man_pages.is_empty() {
                return Err(BuildError::Unexpected {
                    what: self.facts.package.binary.clone(),
                    reason: format!("`{}` wrote no man page", asked.join(" ")),
                });
            }
        }
        Ok(Said {
            completions,
            man_pages,
        })
    }

    fn same_identity(&self, said: &[u8]) -> Result<(), BuildError> {
        let said: serde_json::Value =
            serde_json::from_slice(said).map_err(|error| BuildError::Unexpected {
                what: self.facts.release.binary.version.join(" "),
                reason: error.to_string(),
            })?;
        let (stated, found) = (self.facts.schema(), said.get("schema"));
        if stated.as_ref() != found {
            return Err(BuildError::Unexpected {
                what: self.facts.package.binary.clone(),
                reason: format!(
                    "its schema is {}, release.toml says {}",
                    found.unwrap_or(&serde_json::Value::Null),
                    stated.unwrap_or_default()
                ),
            });
        }
        let version = said.get("version").and_then(|value| value.as_str());
        let expected = self.facts.package.version.as_str();
        if version == Some(expected) {
            return Ok(());
        }
        Err(BuildError::Unexpected {
            what: self.facts.package.binary.clone(),
            reason: format!(
                "calls itself version {}, Cargo.toml says {expected}",
                version.unwrap_or("(none)")
            ),
        })
    }
}

/// The man pages in `folder`, by path in the archive.
fn written(folder: &Path) -> Result<Vec<(String, Vec<u8>)>, BuildError> {
    let read = |error| BuildError::Read(folder.to_path_buf(), error);
    let mut pages = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(read)? {
        let entry = entry.map_err(read)?;
        let text = std::fs::read(entry.path()).map_err(read)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        pages.push((archive::man_path(&name), text));
    }
    pages.sort();
    Ok(pages)
}
