//! Errors of `upgrade` as failures: exit code, kind and next command.

#[cfg(feature = "self-update")]
mod of_update {
    use crate::cli::error::Failure;
    use crate::cli::exit::Exit;
    use crate::upgrade::settings::SettingsError;
    use crate::upgrade::swap::SwapError;
    use crate::upgrade::trust::TrustError;

    /// Settings that cannot be used.
    pub(crate) fn settings_failure(error: SettingsError) -> Failure {
        match error {
            SettingsError::Io { ref path, .. } => {
                Failure::new(Exit::Failed, "io", &error).path(path.display())
            }
            SettingsError::Refused {
                path,
                line,
                message,
            } => Failure::new(Exit::Usage, "config", message)
                .path(path.display())
                .at(line, 1),
        }
    }

    /// No trusted metadata, or no verified archive.
    #[allow(clippy::needless_pass_by_value, reason = "for map_err")]
    pub(crate) fn trust_failure(error: TrustError) -> Failure {
        if let Some(attack) = error.attack() {
            return Failure::new(Exit::VerificationFailed, "verification", &error)
                .why("nothing was changed: what cannot be verified is not installed")
                .detail("attack", attack);
        }
        match error {
            TrustError::Busy(_) => Failure::new(Exit::Busy, "busy", &error),
            TrustError::Source { .. } => Failure::new(Exit::Usage, "source", &error),
            TrustError::Unavailable { .. } => Failure::new(Exit::Failed, "unavailable", &error)
                .hint("check the network, or name a mirror: [update] url in config.toml"),
            _ => Failure::new(Exit::Failed, "update", &error),
        }
    }

    /// Nothing was swapped, or it was taken back.
    #[allow(clippy::needless_pass_by_value, reason = "for map_err")]
    pub(crate) fn swap_failure(error: SwapError) -> Failure {
        let (exit, kind) = match &error {
            SwapError::Busy { .. } => (Exit::Busy, "busy"),
            SwapError::RolledBack { .. } => (Exit::Failed, "rolled_back"),
            SwapError::NotWritable { .. } => (Exit::Failed, "not_writable"),
            SwapError::NoPrevious(_) => (Exit::Failed, "no_previous"),
            error if error.is_verification() => (Exit::VerificationFailed, "verification"),
            _ => (Exit::Failed, "swap"),
        };
        let failure = Failure::new(exit, kind, &error);
        match &error {
            SwapError::NotWritable { directory, .. } => failure
                .path(directory.display())
                .hint("run the update as the folder's owner, or install into a folder of your own"),
            SwapError::Busy { pid, .. } => failure
                .detail("pid", pid)
                .hint("wait for it to finish, then try again"),
            SwapError::Io { path, .. } => failure.path(path.display()),
            _ => failure,
        }
    }
}

#[cfg(feature = "self-update")]
pub(crate) use of_update::{settings_failure, swap_failure, trust_failure};
