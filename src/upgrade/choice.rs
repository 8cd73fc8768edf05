//! Which release to go to, if any. Pure.

use semver::Version;

use super::trust::{Channel, Release};

/// What was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Exactly this version (`--to`), or the newest.
    pub version: Option<Version>,
    /// Whether an older version will do (`--allow-downgrade`).
    pub allow_downgrade: bool,
}

/// The verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Go to this release.
    Go(Box<Release>),
    /// The installed version is the one asked for, or the newest.
    UpToDate,
    /// There is no release for this platform in this channel.
    NothingForPlatform,
    /// No release of that version for this platform.
    NoSuchVersion(Version),
    /// That version was withdrawn.
    Withdrawn {
        /// The version.
        version: Version,
        /// Why, in the maintainers' words.
        reason: Option<String>,
    },
    /// Older than the installed version, and that was not allowed.
    Downgrade(Version),
}

/// Chooses: `newest` is the newest release of the channel, `exact` the one of
/// the version asked for.
#[must_use]
pub fn choose(
    installed: &Version,
    wanted: &Wanted,
    newest: Option<&Release>,
    exact: Option<&Release>,
) -> Choice {
    let release = match (&wanted.version, newest, exact) {
        (Some(version), _, None) => return Choice::NoSuchVersion(version.clone()),
        (Some(_), _, Some(release)) => release,
        (None, Some(release), _) => release,
        (None, None, _) => return Choice::NothingForPlatform,
    };
    let order = release.version.cmp_precedence(installed);
    if order.is_eq() {
        Choice::UpToDate
    } else if release.yanked {
        Choice::Withdrawn {
            version: release.version.clone(),
            reason: release.yanked_reason.clone(),
        }
    } else if order.is_gt() || (wanted.allow_downgrade && wanted.version.is_some()) {
        Choice::Go(Box::new(release.clone()))
    } else if wanted.version.is_some() {
        Choice::Downgrade(release.version.clone())
    } else {
        // Ahead of its channel, as after `--to` a pre-release.
        Choice::UpToDate
    }
}

/// Whether `channel` is known among `releases`: a misspelt one would look
/// like "up to date" for ever.
#[must_use]
pub fn channel_exists(channel: &Channel, releases: &[Release]) -> bool {
    channel.as_str() == Channel::STABLE
        || releases.iter().any(|release| release.channel == *channel)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::foundation::Sha256;

    fn release(version: &str, yanked: bool) -> Release {
        let custom = serde_json::json!({
            "format": 1, "version": version, "platform": "t", "channel": "stable",
            "schema": {"writes": 1, "reads_since": 1, "features": []},
            "executable": {"sha256": Sha256::of(b"").to_string(), "length": 0},
            "yanked": yanked,
        });
        Release::parse("a.tar.gz", 1, Sha256::of(b""), &custom).unwrap()
    }

    fn to(version: &str, allow_downgrade: bool) -> Wanted {
        Wanted {
            version: Some(version.parse().unwrap()),
            allow_downgrade,
        }
    }

    #[test]
    fn the_newest_release_is_chosen_only_when_it_is_newer() {
        let installed = Version::new(1, 1, 0);
        let any = Wanted::default();
        let newer = release("1.2.0", false);
        assert_eq!(
            choose(&installed, &any, Some(&newer), None),
            Choice::Go(Box::new(newer))
        );
        for version in ["1.1.0", "1.0.0", "1.1.0-rc.1", "1.1.0+build"] {
            let release = release(version, false);
            let choice = choose(&installed, &any, Some(&release), None);
            assert_eq!(choice, Choice::UpToDate, "{version}");
        }
        assert_eq!(
            choose(&installed, &any, None, None),
            Choice::NothingForPlatform
        );
    }

    #[test]
    fn an_older_version_is_chosen_only_when_asked_for_twice() {
        let installed = Version::new(1, 1, 0);
        let older = release("1.0.0", false);
        assert_eq!(
            choose(&installed, &to("1.0.0", false), None, Some(&older)),
            Choice::Downgrade(Version::new(1, 0, 0))
        );
        assert_eq!(
            choose(&installed, &to("1.0.0", true), None, Some(&older)),
            Choice::Go(Box::new(older))
        );
    }

    #[test]
    fn a_withdrawn_or_missing_version_is_never_chosen() {
        let installed = Version::new(1, 0, 0);
        let withdrawn = release("1.1.0", true);
        assert!(matches!(
            choose(&installed, &to("1.1.0", true), None, Some(&withdrawn)),
            Choice::Withdrawn { .. }
        ));
        assert!(matches!(
            choose(&installed, &to("1.9.0", true), None, None),
            Choice::NoSuchVersion(_)
        ));
    }
}
