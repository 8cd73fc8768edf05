//! Asks the executable about itself: completions, man pages, version.
//!
//! It runs with an empty environment and an empty home, so that nothing of
//! the machine reaches an archive.

use std::path::Path;
use std::process::Command;

use super::{BuildError, Builder, archive, command};
use crate::facts::Target;

/// What the executable writes about itself, by path in the archive.
pub(super) struct Said {
    pub(super) completions: Vec<(String, Vec<u8>)>,
    pub(super) man_pages: Vec<(String, Vec<u8>)>,
}

impl Builder<'_> {
    /// Runs `executable` for its completions and man pages, after checking that
    /// it calls itself by the release's version.
    pub(super) fn describe(&self, target: &Target, executable: &Path) -> Result<Said, BuildError> {
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
        self.same_identity(target, &run(&asked.version, "", "")?)?;
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

    /// Compares what the executable says of itself, as `check` will.
    fn same_identity(&self, target: &Target, said: &[u8]) -> Result<(), BuildError> {
        let (binary, package) = (&self.facts.release.binary, &self.facts.package);
        let unlike = |reason: String| BuildError::Unexpected {
            what: format!("{} {}", package.binary, binary.version.join(" ")),
            reason,
        };
        let said: serde_json::Value = serde_json::from_slice(said).map_err(|error| {
            unlike(format!(
                "must print a JSON object with `version`, `commit` and `target` \
                 (release.toml: binary.version): {error}"
            ))
        })?;
        let (stated, found) = (self.facts.schema(), said.get("schema"));
        if stated.as_ref() != found {
            return Err(unlike(format!(
                "its schema is {}, release.toml says {}",
                found.unwrap_or(&serde_json::Value::Null),
                stated.unwrap_or_default()
            )));
        }
        let commit = self.facts.commit.id.as_deref();
        for (field, expected, source) in [
            ("version", Some(package.version.as_str()), "Cargo.toml"),
            ("target", Some(&target.triple), "dist-workspace.toml"),
            ("commit", commit, "git"),
        ] {
            let found = said.get(field).and_then(|value| value.as_str());
            if let Some(expected) = expected
                && found != Some(expected)
            {
                let found = found.unwrap_or("missing");
                return Err(unlike(format!(
                    "its {field} is {found}, {source} says {expected}"
                )));
            }
        }
        Ok(())
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
