//! Why a file that matched the selection is not a source.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The reason a matching file was not ingested. Stored in a run's tree by
/// its [`name`](Self::name), so it carries nothing that differs between
/// machines (no error text of the operating system).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// It, or the folder, could not be opened or read.
    Unreadable,
    /// It was there when the workspace was walked and is gone now.
    Vanished,
    /// A symbolic link that leads out of the workspace.
    SymlinkOutside,
    /// A symbolic link that leads back to itself or to a folder above it.
    SymlinkLoop,
    /// A symbolic link to nothing.
    SymlinkDangling,
    /// A symbolic link to a folder of the workspace: it is walked under its
    /// own path only.
    SymlinkToFolder,
    /// A FIFO, socket or device: never opened.
    SpecialFile,
    /// The name is not UTF-8.
    NameNotUtf8,
    /// The path is longer than 4,096 bytes or 512 parts.
    PathTooLong,
    /// Larger than `max_file_bytes`.
    TooLarge,
    /// The content holds a NUL byte: binary, or UTF-16.
    ContainsNul,
    /// The content is not UTF-8.
    NotUtf8,
}

impl Refusal {
    /// Every reason, in the order of declaration.
    pub const ALL: [Self; 12] = [
        Self::Unreadable,
        Self::Vanished,
        Self::SymlinkOutside,
        Self::SymlinkLoop,
        Self::SymlinkDangling,
        Self::SymlinkToFolder,
        Self::SpecialFile,
        Self::NameNotUtf8,
        Self::PathTooLong,
        Self::TooLarge,
        Self::ContainsNul,
        Self::NotUtf8,
    ];

    /// The stable name used in trees, JSON and SQL.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::Vanished => "vanished",
            Self::SymlinkOutside => "symlink_outside",
            Self::SymlinkLoop => "symlink_loop",
            Self::SymlinkDangling => "symlink_dangling",
            Self::SymlinkToFolder => "symlink_to_folder",
            Self::SpecialFile => "special_file",
            Self::NameNotUtf8 => "name_not_utf8",
            Self::PathTooLong => "path_too_long",
            Self::TooLarge => "too_large",
            Self::ContainsNul => "contains_nul",
            Self::NotUtf8 => "not_utf8",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unreadable => "it cannot be read (check its permissions)",
            Self::Vanished => "it vanished while the workspace was read",
            Self::SymlinkOutside => "it is a symbolic link that leads out of the workspace",
            Self::SymlinkLoop => {
                "it is a symbolic link that leads back to itself or a folder above it"
            }
            Self::SymlinkDangling => "it is a symbolic link to nothing",
            Self::SymlinkToFolder => {
                "it is a symbolic link to a folder of the workspace, which is walked under its own path only"
            }
            Self::SpecialFile => "it is a FIFO, socket or device, not a regular file",
            Self::NameNotUtf8 => "its name is not UTF-8",
            Self::PathTooLong => "its path is longer than 4,096 bytes or 512 parts",
            Self::TooLarge => "it is larger than max_file_bytes in auditgraph.toml",
            Self::ContainsNul => "it contains NUL bytes (binary, or UTF-16 text)",
            Self::NotUtf8 => "its content is not UTF-8",
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_stored_under_its_name() {
        for refusal in Refusal::ALL {
            let json = serde_json::to_string(&refusal).unwrap();
            assert_eq!(json, format!("\"{}\"", refusal.name()));
            assert_eq!(serde_json::from_str::<Refusal>(&json).unwrap(), refusal);
            assert!(refusal.to_string().starts_with("it"), "{refusal}");
        }
    }
}
