//! Errors of `upgrade` as failures: exit code, kind and next command.

use std::io;

use crate::cli::error::{Failure, MOVE_AWAY};
use crate::cli::exit::Exit;
use crate::foundation::shell::quote;
use crate::upgrade::settings::SettingsError;
use crate::upgrade::swap::SwapError;
use crate::upgrade::trust::{Attack, Source, TrustError};

const UNCHANGED: &str = "nothing was changed: what cannot be verified is not installed";
const ELSEWHERE: &str = "try again later, or from another mirror: [update] url in config.toml; if it stays so, report it to the maintainers";
pub(super) const REPORT: &str =
    "go on with the version that is installed, and report it to the maintainers";
const COPY: &str =
    "copy the whole release site again; if it stays so, report it to the maintainers";

/// An executable that cannot be found.
#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
pub(super) fn no_install(error: io::Error) -> Failure {
    Failure::new(
        Exit::Failed,
        "io",
        format_args!("cannot tell where this program is installed: {error}"),
    )
    .why("it may have been replaced or removed while it was running")
}

/// Settings that cannot be used.
pub(crate) fn settings_failure(error: SettingsError) -> Failure {
    match error {
        SettingsError::Io { path, source } => Failure::io("read", &path, &source),
        SettingsError::Refused {
            path,
            line,
            message,
        } => Failure::new(Exit::Usage, "config", message)
            .path(path.display())
            .at(line, 1),
    }
}

/// No trusted metadata, or no verified archive, from `source`.
#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
pub(crate) fn trust_failure(error: TrustError, source: &Source) -> Failure {
    if let Some(attack) = error.attack() {
        let (why, hint) = match (source, attack) {
            // A copy grows old by lying about: nobody needs to have lied.
            (Source::Dir(_), Attack::Rollback) => (
                "nothing was changed: this copy is older than what this machine has seen",
                "take a newer copy of the release site, or update without --from",
            ),
            (Source::Dir(_), Attack::Freeze) => (
                UNCHANGED,
                "set the clock if it is wrong, or take a newer copy of the release site",
            ),
            (Source::Dir(_), _) => (UNCHANGED, COPY),
            (Source::Url(_), Attack::Freeze) => (
                UNCHANGED,
                "set the clock if it is wrong, or take another mirror: [update] url in config.toml",
            ),
            (Source::Url(_), Attack::SlowRetrieval) => (
                UNCHANGED,
                "try again, or from another mirror: [update] url in config.toml",
            ),
            (Source::Url(_), _) => (UNCHANGED, ELSEWHERE),
        };
        return Failure::new(Exit::VerificationFailed, "verification", &error)
            .why(why)
            .hint(hint)
            .detail("attack", attack);
    }
    match error {
        TrustError::Busy(_) => Failure::new(Exit::Busy, "busy", &error),
        TrustError::Source { .. } => Failure::new(Exit::Usage, "source", &error),
        TrustError::State {
            ref path,
            error: ref cause,
        } => {
            let failure = Failure::new(Exit::Failed, "update", &error).path(path.display());
            let forgets = "without it older metadata is accepted, as long as that has not expired";
            match cause.kind() {
                io::ErrorKind::InvalidData => failure
                    .why(forgets)
                    .hint(format_args!("rm {}", quote(path))),
                // A folder, a link, or far too large; or a file where a folder is to be.
                io::ErrorKind::InvalidInput
                | io::ErrorKind::FileTooLarge
                | io::ErrorKind::AlreadyExists
                | io::ErrorKind::NotADirectory => failure.why(forgets).hint(MOVE_AWAY),
                _ => failure.hint(
                    "see that you can read and write it and that its disk has room, or set XDG_STATE_HOME to another directory",
                ),
            }
        }
        TrustError::Unavailable { .. } => {
            Failure::new(Exit::Failed, "unavailable", &error).hint(match source {
                Source::Dir(_) => COPY,
                Source::Url(_) => {
                    "check the network, the clock, HTTPS_PROXY and SSL_CERT_FILE, or name a mirror: [update] url in config.toml"
                }
            })
        }
        TrustError::Clock { ref file, .. } => Failure::new(Exit::Failed, "update", &error)
            .path(file.display())
            .hint(format_args!(
                "set the clock right, or if it was wrong then: rm {}",
                quote(file)
            )),
        TrustError::Write {
            ref path,
            error: ref cause,
        } => {
            let failure = Failure::io("write the download", path, cause);
            match cause.kind() {
                io::ErrorKind::InvalidInput => failure.hint(MOVE_AWAY),
                _ => failure,
            }
        }
        _ => Failure::new(Exit::Failed, "update", &error),
    }
}

/// Nothing was swapped, or it was taken back.
#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
pub(crate) fn swap_failure(error: SwapError) -> Failure {
    let (exit, kind) = match &error {
        SwapError::Busy { .. } => (Exit::Busy, "busy"),
        SwapError::RolledBack { .. } => (Exit::Failed, "rolled_back"),
        SwapError::NotRolledBack { .. } => (Exit::Failed, "not_rolled_back"),
        SwapError::NotWritable { .. } => (Exit::Failed, "not_writable"),
        SwapError::NoPrevious(_) => (Exit::Failed, "no_previous"),
        SwapError::Replaced(_) => (Exit::Busy, "busy"),
        error if error.is_verification() => (Exit::VerificationFailed, "verification"),
        _ => (Exit::Failed, "swap"),
    };
    let failure = Failure::new(exit, kind, &error);
    match &error {
        SwapError::NotWritable { directory, .. } => failure.path(directory.display()).hint(
            "run the update as one who may write there, or install into a folder of your own",
        ),
        SwapError::Busy { pid, .. } => failure
            .detail("pid", pid)
            .hint("wait for it to finish, then try again"),
        SwapError::Io { path, source, .. } => failure.path(path.display()).way_out(path, source),
        SwapError::Record { path, .. } => failure.path(path.display()).hint(MOVE_AWAY),
        SwapError::Replaced(_) => failure
            .why("nothing was changed: another update was faster")
            .hint("auditgraph version"),
        SwapError::PreviousChanged { .. } => failure
            .why("nothing was changed: the version that was kept is not what it was")
            .hint("auditgraph self-update --to VERSION --allow-downgrade"),
        SwapError::RolledBack { .. } => failure.hint(REPORT),
        SwapError::NotRolledBack { kept, target, .. } => failure
            .path(target.display())
            .why("the new version is installed and does not work")
            .hint(format_args!("mv {} {}", quote(kept), quote(target))),
        // It came out of an archive with the signed digest: no mirror has another.
        error if error.is_verification() => failure.why(UNCHANGED).hint(REPORT),
        SwapError::NoPrevious(_) => {
            failure.hint("auditgraph self-update --to VERSION --allow-downgrade")
        }
        _ => failure,
    }
}
