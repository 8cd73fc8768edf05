//! The exact command that goes on from here: it keeps what was typed, and
//! names a version where without one another would be installed.

use std::path::Path;

use semver::Version;

use super::Which;
use crate::foundation::shell::quote;
use crate::upgrade::install::{Install, Kind};
use crate::upgrade::trust::{Channel, Release};

/// `auditgraph self-update` with `arguments`, of the source that was typed.
pub(super) fn self_update(which: &Which, arguments: &str) -> String {
    let from = which.from.as_deref().map(quote);
    let from = from.map_or(String::new(), |from| format!(" --from {from}"));
    format!("auditgraph self-update{arguments}{from}")
}

/// `auditgraph self-update` to a version that is older than the installed one.
pub(super) fn downgrade(which: &Which, version: &Version) -> String {
    self_update(which, &format!(" --to {version} --allow-downgrade"))
}

/// The command that brings `install` from `installed` to `release`; `None`
/// where whoever owns it cannot be asked for that.
pub(super) fn towards(
    release: &Release,
    install: &Install,
    installed: &Version,
    which: &Which,
) -> Option<String> {
    let version = &release.version;
    let older = version.cmp_precedence(installed).is_lt();
    if install.kind != Kind::Standalone {
        // By themselves package managers take the newest stable one.
        let exact = older || which.to.is_some() || release.channel.as_str() != Channel::STABLE;
        return if exact {
            install.command_for(version)
        } else {
            install.upgrade.clone()
        };
    }
    if older {
        return Some(downgrade(which, version));
    }
    Some(match (&which.to, &which.channel) {
        (Some(_), _) => self_update(which, &format!(" --to {version}")),
        (None, Some(name)) => self_update(which, &format!(" --channel {}", quote(Path::new(name)))),
        (None, None) => self_update(which, ""),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::foundation::Sha256;
    use crate::upgrade::install::{Facts, decide};

    fn release(version: &str, channel: &str) -> Release {
        let custom = serde_json::json!({
            "format": 1, "version": version, "platform": "t", "channel": channel,
            "schema": {"writes": 1, "reads_since": 1, "features": []},
            "executable": {"sha256": Sha256::of(b"").to_string(), "length": 0},
            "yanked": false,
        });
        Release::parse("a.tar.gz", 1, Sha256::of(b""), &custom).unwrap()
    }

    fn typed(to: Option<&str>, channel: Option<&str>, from: Option<&str>) -> Which {
        Which {
            to: to.map(|version| version.parse().unwrap()),
            channel: channel.map(str::to_owned),
            from: from.map(Into::into),
        }
    }

    #[test]
    fn what_was_typed_is_kept_and_an_older_version_is_allowed() {
        let mut install = decide(&Facts::default());
        install.kind = Kind::Standalone;
        let installed = Version::new(1, 0, 0);
        for (version, which, expected) in [
            ("1.1.0", typed(None, None, None), ""),
            (
                "1.1.0",
                typed(None, Some("beta"), Some("/media/my usb")),
                " --channel beta --from '/media/my usb'",
            ),
            (
                "1.1.0",
                typed(Some("1.1.0"), None, Some("stick")),
                " --to 1.1.0 --from stick",
            ),
            (
                "0.9.0",
                typed(None, None, Some("stick")),
                " --to 0.9.0 --allow-downgrade --from stick",
            ),
        ] {
            let command = towards(&release(version, "stable"), &install, &installed, &which);
            assert_eq!(command, Some(format!("auditgraph self-update{expected}")));
        }
    }

    #[test]
    fn a_package_manager_is_asked_for_the_version_unless_it_is_the_newest_stable_one() {
        let install = decide(&Facts {
            homebrew_keg: Some("/keg".into()),
            ..Facts::default()
        });
        let installed = Version::new(1, 0, 0);
        let newest = install.upgrade.clone();
        assert!(newest.is_some());
        for (version, channel, to, expected) in [
            ("1.1.0", "stable", None, &newest),
            ("1.1.0", "stable", Some("1.1.0"), &None),
            ("1.1.0-rc.1", "beta", None, &None),
            ("0.9.0", "stable", None, &None),
        ] {
            let which = typed(to, None, None);
            let command = towards(&release(version, channel), &install, &installed, &which);
            assert_eq!(&command, expected, "{version} {to:?}");
        }
    }
}
