//! One release for one platform, as its signed metadata describes it.

use std::fmt;

use semver::Version;
use serde::{Deserialize, Serialize};

use crate::foundation::Sha256;
use crate::schema;

/// The layout of the signed custom data that this program reads.
pub(super) const FORMAT: u32 = 1;

/// The stream of releases a user follows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Channel(String);

impl Channel {
    /// The channel followed unless another is named.
    pub const STABLE: &str = "stable";

    /// The channel called `name`.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// Its name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Channel {
    fn default() -> Self {
        Self::new(Self::STABLE)
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One archive that may be installed. Every field was signed by the targets
/// keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Release {
    /// Version of the program inside.
    pub version: Version,
    /// The stream it belongs to.
    pub channel: Channel,
    /// Platform, as a Rust target triple.
    pub target: String,
    /// File name of the archive: the name of the TUF target, without folders.
    pub archive: String,
    /// Length of the archive in bytes.
    pub length: u64,
    /// Digest of the archive.
    pub sha256: Sha256,
    /// Digest of the executable inside.
    pub executable_sha256: Sha256,
    /// Length of the executable in bytes: the bound for unpacking it.
    pub executable_length: u64,
    /// The folder inside the archive that holds the executable.
    #[serde(skip)]
    pub folder: String,
    /// What its artifacts look like and which it reads.
    pub schema: schema::Reader,
    /// Withdrawn: never offered, and told to those who have it.
    pub yanked: bool,
    /// Why it was withdrawn, in the maintainers' words.
    pub yanked_reason: Option<String>,
    /// The oldest version that was safe to run when this one was published.
    pub minimum_safe_version: Option<Version>,
}

/// The signed custom data of a target, as written in `targets.json`.
#[derive(Deserialize)]
struct Custom {
    version: Version,
    platform: String,
    channel: Channel,
    schema: schema::Reader,
    executable: Executable,
    #[serde(default)]
    yanked: bool,
    #[serde(default)]
    yanked_reason: Option<String>,
    #[serde(default)]
    minimum_safe_version: Option<Version>,
}

#[derive(Deserialize)]
struct Executable {
    sha256: Sha256,
    length: u64,
    /// `FOLDER/NAME`; without it the folder is called as the archive.
    #[serde(default)]
    path: Option<String>,
}

/// Why a signed target is not a release this program can install.
#[derive(Debug, thiserror::Error)]
pub enum NotARelease {
    /// Its custom data has no `format`, or a field is missing or malformed.
    #[error("its signed description is not one of a release: {0}")]
    Malformed(String),
    /// Described in a layout of the future.
    #[error("its signed description has format {0}, this version reads {FORMAT}")]
    Format(u64),
    /// A name with folders: refused, so that no name ever leaves a directory.
    #[error("`{0}` is not a plain file name")]
    Name(String),
}

/// The executable's name inside an archive.
const PROGRAM: &str = env!("CARGO_PKG_NAME");

/// Whether `name` is a file name without folders or surprises.
fn is_plain(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._+-".contains(c);
    !name.is_empty() && !name.starts_with('.') && name.chars().all(plain)
}

impl Release {
    /// Reads a target's name and signed facts.
    ///
    /// # Errors
    /// [`NotARelease`]; such a target is passed over, not an attack.
    pub fn parse(
        name: &str,
        length: u64,
        sha256: Sha256,
        custom: &serde_json::Value,
    ) -> Result<Self, NotARelease> {
        if !is_plain(name) {
            return Err(NotARelease::Name(name.into()));
        }
        match custom.get("format").and_then(serde_json::Value::as_u64) {
            Some(format) if format == u64::from(FORMAT) => {}
            Some(format) => return Err(NotARelease::Format(format)),
            None => return Err(NotARelease::Malformed("it has no `format`".into())),
        }
        let custom = Custom::deserialize(custom)
            .map_err(|error| NotARelease::Malformed(error.to_string()))?;
        let folder = match &custom.executable.path {
            None => name.strip_suffix(".tar.gz").unwrap_or(name),
            Some(path) => match path.split_once('/') {
                Some((folder, PROGRAM)) if is_plain(folder) => folder,
                _ => return Err(NotARelease::Name(path.clone())),
            },
        };
        Ok(Self {
            version: custom.version,
            channel: custom.channel,
            target: custom.platform,
            archive: name.into(),
            length,
            sha256,
            executable_sha256: custom.executable.sha256,
            executable_length: custom.executable.length,
            folder: folder.to_owned(),
            schema: custom.schema,
            yanked: custom.yanked,
            yanked_reason: custom.yanked_reason,
            minimum_safe_version: custom.minimum_safe_version,
        })
    }
}

/// What the maintainers say of the version that is installed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "standing", rename_all = "snake_case")]
pub enum Standing {
    /// Nothing against it.
    Good,
    /// Withdrawn.
    Yanked {
        /// Why, where they say.
        reason: Option<String>,
    },
    /// Older than the oldest version that is safe to run.
    Unsafe {
        /// That version.
        minimum: Version,
    },
}

impl Standing {
    /// Judges `installed` by every release known for its platform, of every
    /// channel.
    pub fn of<'a>(installed: &Version, releases: impl IntoIterator<Item = &'a Release>) -> Self {
        let mut minimum: Option<&Version> = None;
        let mut yanked = None;
        for release in releases {
            if release.yanked && same_version(&release.version, installed) {
                yanked = Some(release.yanked_reason.clone());
            }
            minimum = minimum.max(release.minimum_safe_version.as_ref());
        }
        match (minimum, yanked) {
            (Some(minimum), _) if installed < minimum => Self::Unsafe {
                minimum: minimum.clone(),
            },
            (_, Some(reason)) => Self::Yanked { reason },
            _ => Self::Good,
        }
    }

    /// Whether there is nothing to tell.
    #[must_use]
    pub const fn is_good(&self) -> bool {
        matches!(self, Self::Good)
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Good => f.write_str("nothing is known against the installed version"),
            Self::Yanked { reason: None } => f.write_str("the installed version was withdrawn"),
            Self::Yanked {
                reason: Some(reason),
            } => write!(f, "the installed version was withdrawn: {reason}"),
            Self::Unsafe { minimum } => {
                write!(
                    f,
                    "the installed version is unsafe to run: update to {minimum} or later"
                )
            }
        }
    }
}

/// Equal in precedence: build metadata does not count (SemVer 10).
fn same_version(a: &Version, b: &Version) -> bool {
    a.cmp_precedence(b).is_eq()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn custom() -> serde_json::Value {
        serde_json::json!({
            "format": 1,
            "version": "1.2.0",
            "platform": "x86_64-unknown-linux-gnu",
            "channel": "stable",
            "schema": {"writes": 2, "reads_since": 1, "features": ["compact"]},
            "executable": {"sha256": Sha256::of(b"x").to_string(), "length": 9},
            "yanked": false,
            "minimum_safe_version": "1.1.0",
            "later": "fields that a later tool adds are passed over"
        })
    }

    fn release(version: &str, change: impl FnOnce(&mut serde_json::Value)) -> Release {
        let mut custom = custom();
        custom["version"] = version.into();
        change(&mut custom);
        Release::parse("a.tar.gz", 1, Sha256::of(b""), &custom).unwrap()
    }

    #[test]
    fn a_signed_description_becomes_a_release() {
        let release = release("1.2.0", |_| {});
        assert_eq!(release.schema.writes, 2);
        assert!(release.schema.features.contains("compact"));
        assert_eq!(release.minimum_safe_version, Some(Version::new(1, 1, 0)));
    }

    #[test]
    fn a_description_of_the_future_or_a_name_with_folders_is_no_release() {
        let mut future = custom();
        future["format"] = 2.into();
        fn parse(name: &str, custom: &serde_json::Value) -> Result<Release, NotARelease> {
            Release::parse(name, 1, Sha256::of(b""), custom)
        }
        assert!(matches!(parse("a", &future), Err(NotARelease::Format(2))));
        for name in ["../a", "a/b", "", ".a", "a b", "a\\b"] {
            assert!(
                matches!(parse(name, &custom()), Err(NotARelease::Name(_))),
                "{name}"
            );
        }
    }

    #[test]
    fn the_folder_in_the_archive_is_signed_or_called_as_the_archive() {
        assert_eq!(release("1.2.0", |_| {}).folder, "a");
        let signed = release("1.2.0", |custom| {
            custom["executable"]["path"] = "tool-x86/auditgraph".into();
        });
        assert_eq!(signed.folder, "tool-x86");
        for path in [
            "../auditgraph",
            "auditgraph",
            "a/b/auditgraph",
            "a/other",
            "/auditgraph",
        ] {
            let mut bad = custom();
            bad["executable"]["path"] = path.into();
            let outcome = Release::parse("a.tar.gz", 1, Sha256::of(b""), &bad);
            assert!(matches!(outcome, Err(NotARelease::Name(_))), "{path}");
        }
    }

    #[test]
    fn an_installed_version_is_told_when_it_was_yanked_or_is_unsafe() {
        let installed = Version::new(1, 1, 0);
        let good = release("1.2.0", |_| {});
        let yanked = release("1.1.0", |custom| {
            custom["yanked"] = true.into();
            custom["yanked_reason"] = "loses notes".into();
        });
        let security = release("1.3.0", |custom| {
            custom["minimum_safe_version"] = "1.2.5".into();
        });
        assert_eq!(Standing::of(&installed, [&good]), Standing::Good);
        assert_eq!(
            Standing::of(&installed, [&good, &yanked]),
            Standing::Yanked {
                reason: Some("loses notes".into())
            }
        );
        assert_eq!(
            Standing::of(&installed, [&security, &yanked, &good]),
            Standing::Unsafe {
                minimum: Version::new(1, 2, 5)
            }
        );
    }
}
