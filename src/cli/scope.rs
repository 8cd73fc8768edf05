//! The workspace and profile that were asked for: the next command must name
//! them too.

use std::fmt::Display;
use std::path::{Path, PathBuf};

use super::globals::Globals;
use crate::foundation::shell::quote;
use crate::workspace::ProfileName;

/// `--root` and `--profile` as they were typed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scope {
    root: Option<PathBuf>,
    profile: Option<ProfileName>,
}

impl Scope {
    pub(crate) fn of(globals: &Globals) -> Self {
        Self {
            root: globals.root.clone(),
            profile: globals.profile.clone(),
        }
    }

    /// The same profile of the workspace at `root`.
    pub(crate) fn at(&self, root: &Path) -> Self {
        Self {
            root: Some(root.to_owned()),
            profile: self.profile.clone(),
        }
    }

    /// `auditgraph <command>`, to be typed where this command was.
    pub(crate) fn command(&self, command: impl Display) -> String {
        let mut line = format!("auditgraph {command}");
        if let Some(root) = &self.root {
            line.push_str(&format!(" --root {}", quote(root)));
        }
        if let Some(profile) = &self.profile {
            line.push_str(&format!(" --profile {profile}"));
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_command_is_told_where_this_one_worked() {
        let scope = Scope::default();
        assert_eq!(scope.command("runs"), "auditgraph runs");
        let scope = Scope {
            root: None,
            profile: "draft".parse().ok(),
        };
        assert_eq!(
            scope.at(Path::new("my notes")).command("gc --keep 1"),
            "auditgraph gc --keep 1 --root 'my notes' --profile draft"
        );
    }
}
