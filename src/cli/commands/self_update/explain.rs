//! How to upgrade where this program does not replace itself.

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
        Ok(install) if install.kind != Kind::Standalone => not_ours(&install, None),
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
/// `version` is the one that is available.
pub(crate) fn not_ours(install: &Install, version: Option<&str>) -> Failure {
    let available = version.map_or(String::new(), |version| {
        format!("auditgraph {version} is available; ")
    });
    let failure = match &install.upgrade {
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
        .detail("available", version)
}
