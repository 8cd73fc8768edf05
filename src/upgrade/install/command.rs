//! The command that brings an installation to another version.

use std::path::{Path, PathBuf};

use super::{CargoSource, PythonFacts};
use crate::foundation::shell::quote;

/// Who owns an installation, with what its commands need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    Standalone,
    Homebrew,
    Python(PythonFacts),
    Cargo {
        source: CargoSource,
        /// Its `--root`, where that is not cargo's own.
        root: Option<PathBuf>,
    },
    Unknown,
}

impl Owner {
    /// The command that installs `version`, or the newest; `None` where the
    /// owner cannot be asked for that.
    pub(super) fn command(&self, version: Option<&str>) -> Option<String> {
        match (self, version) {
            (Self::Standalone, None) => Some("auditgraph self-update".to_owned()),
            (Self::Standalone, Some(version)) => {
                Some(format!("auditgraph self-update --to {version}"))
            }
            (Self::Homebrew, None) => Some("brew upgrade auditgraph".to_owned()),
            (Self::Python(python), version) => Some(python_command(python, version)),
            (Self::Cargo { source, root }, version) => {
                let root = root.as_deref().map(quote);
                let root = root.map_or(String::new(), |root| format!(" --root {root}"));
                let from = cargo_source(source, version)?;
                Some(format!("cargo install --locked{root}{from}"))
            }
            // A tap has one formula, and that of the newest version.
            (Self::Homebrew, Some(_)) | (Self::Unknown, _) => None,
        }
    }
}

/// pip and its like take the spelling of pre-releases that versions have here
/// (PEP 440, "Normalization").
fn python_command(python: &PythonFacts, version: Option<&str>) -> String {
    if python.uv_tool {
        return match version {
            None => "uv tool upgrade auditgraph".to_owned(),
            Some(version) => format!("uv tool install auditgraph=={version}"),
        };
    }
    if python.pipx {
        return match version {
            None => "pipx upgrade auditgraph".to_owned(),
            Some(version) => format!("pipx install --force auditgraph=={version}"),
        };
    }
    let interpreter = quote(&python.interpreter);
    let mut base = String::new();
    let mut options = String::new();
    if let Some(user) = &python.user_base {
        options.push_str(" --user");
        if !is_usual(user) {
            base = format!("PYTHONUSERBASE={} ", quote(user));
        }
    }
    if python.externally_managed {
        options.push_str(" --break-system-packages");
    }
    let what = version.map_or("-U auditgraph".to_owned(), |version| {
        format!("auditgraph=={version}")
    });
    if python.installer == "uv" {
        format!("uv pip install --python {interpreter} {what}")
    } else {
        format!("{base}{interpreter} -m pip install{options} {what}")
    }
}

/// Whether Python looks for a user's packages there unless it is told otherwise.
fn is_usual(user_base: &Path) -> bool {
    let above = user_base.parent();
    user_base.ends_with(".local") || above.is_some_and(|above| above.ends_with("Library/Python"))
}

fn cargo_source(source: &CargoSource, version: Option<&str>) -> Option<String> {
    let word = |text: &str| quote(Path::new(text));
    let at = version.map_or(String::new(), |version| format!("@{version}"));
    Some(match source {
        CargoSource::CratesIo => format!(" auditgraph{at}"),
        CargoSource::Index(index) => format!(" --index {} auditgraph{at}", word(index)),
        CargoSource::Git { url, branch } => {
            let which = match (version, branch) {
                (Some(version), _) => format!(" --tag v{version}"),
                (None, Some(branch)) => format!(" --branch {}", word(branch)),
                (None, None) => String::new(),
            };
            format!(" --git {}{which} auditgraph", word(url))
        }
        // Whatever version lies there.
        CargoSource::Path(_) if version.is_some() => return None,
        CargoSource::Path(path) => format!(" --path {}", quote(path)),
    })
}
