//! How to upgrade where this program does not replace itself.

#[cfg(feature = "self-update")]
use semver::Version;

use crate::cli::error::Failure;
use crate::cli::exit::Exit;
use crate::upgrade::install::{Install, Kind};
use crate::upgrade::settings::SITE;

/// The command that installs the newest version with the shell installer.
pub(crate) fn installer() -> String {
    format!("curl -LsSf {SITE}/install.sh | sh")
}

/// A build without self-update, or without keys: what to do instead.
pub(crate) fn cannot_update() -> Failure {
    match Install::current() {
        Ok(install) if install.kind != Kind::Standalone => not_ours(&install),
        _ => Failure::new(
            Exit::Failed,
            "no_self_update",
            "this build has no update keys compiled in, so it cannot update itself",
        )
        .why("only builds that the project releases can verify the next release")
        .hint(installer()),
    }
}

/// An installation that something else owns, or that nothing explains.
pub(crate) fn not_ours(install: &Install) -> Failure {
    explained(install, "", install.upgrade.as_deref()).detail("available", Option::<&str>::None)
}

/// The same where the version before was asked for: nobody keeps it here, so one
/// has to be named.
#[cfg(feature = "self-update")]
pub(super) fn not_ours_to_take_back(install: &Install) -> Failure {
    let failure = not_ours(install);
    match install.command_for("VERSION") {
        Some(command) => failure.hint(command),
        None => failure,
    }
}

/// The same where `version` is to be had with `command`.
#[cfg(feature = "self-update")]
pub(super) fn not_ours_for(install: &Install, version: &Version, command: Option<&str>) -> Failure {
    let available = format!("auditgraph {version} is available; ");
    let failure = match command {
        None if install.kind != Kind::Unknown => Failure::new(
            Exit::Managed,
            "managed",
            format_args!(
                "{available}this one was installed with {}, which cannot be asked for that version",
                install.kind
            ),
        )
        .hint(format_args!(
            "uninstall it there, then: curl -LsSf {SITE}/v{version}/install.sh | sh"
        ))
        .path(install.path.display())
        .detail("install", install),
        command => explained(install, &available, command),
    };
    failure.detail("available", version.to_string())
}

fn explained(install: &Install, available: &str, command: Option<&str>) -> Failure {
    let failure = match command {
        Some(command) => Failure::new(
            Exit::Managed,
            "managed",
            format_args!(
                "{available}this one was installed with {}, which upgrades it",
                install.kind
            ),
        )
        .hint(command)
        .detail("command", command),
        None => Failure::new(
            Exit::Failed,
            "unknown_install",
            format_args!(
                "{available}this executable is left alone: {}",
                install.evidence
            ),
        )
        .why("replacing a file that somebody else put there could break their records")
        .hint(format_args!(
            "upgrade it the way it was installed, or install anew: {}",
            installer()
        )),
    };
    failure
        .path(install.path.display())
        .detail("install", install)
}
