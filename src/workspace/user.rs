//! The user's own directories, after the XDG base directory specification,
//! on every platform.
//!
//! Each holds an `auditgraph` folder of ours. A variable that is unset,
//! empty or not absolute counts as unset, as the specification says. Without
//! a home nothing is guessed: the caller decides whether it can go on.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

const NAME: &str = "auditgraph";

/// What can be made again: downloads, spill files.
#[must_use]
pub fn cache_dir() -> Option<PathBuf> {
    Directories::from_env().cache
}

/// Where large artifacts are built: [`cache_dir`], or where all programs put
/// what is of this moment.
#[must_use]
pub fn scratch_dir() -> PathBuf {
    cache_dir().unwrap_or_else(std::env::temp_dir)
}

/// What must not be lost, and is of this machine: known workspaces and
/// trusted update metadata.
#[must_use]
pub fn state_dir() -> Option<PathBuf> {
    Directories::from_env().state
}

/// What the user wrote: `config.toml`.
#[must_use]
pub fn config_dir() -> Option<PathBuf> {
    Directories::from_env().config
}

/// The base of configuration of all programs (`~/.config`), where the shell
/// installer leaves its receipt.
#[must_use]
pub fn config_base() -> Option<PathBuf> {
    Directories::from_env().config_base
}

/// All of them at once; each is `None` when nothing says where it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directories {
    /// See [`cache_dir`].
    pub cache: Option<PathBuf>,
    /// See [`state_dir`].
    pub state: Option<PathBuf>,
    /// See [`config_dir`].
    pub config: Option<PathBuf>,
    /// See [`config_base`].
    pub config_base: Option<PathBuf>,
}

impl Directories {
    /// From this process's environment.
    #[must_use]
    pub fn from_env() -> Self {
        Self::resolve(|name| std::env::var_os(name))
    }

    /// From any environment: `variable` gives the value of a name.
    #[must_use]
    pub fn resolve(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let home = absolute(variable("HOME"));
        let base = |name: &str, below_home: &str| {
            absolute(variable(name)).or_else(|| home.as_deref().map(|home| home.join(below_home)))
        };
        let ours = |base: &Option<PathBuf>| base.as_deref().map(|base: &Path| base.join(NAME));
        let config_base = base("XDG_CONFIG_HOME", ".config");
        Self {
            cache: ours(&base("XDG_CACHE_HOME", ".cache")),
            state: ours(&base("XDG_STATE_HOME", ".local/state")),
            config: ours(&config_base),
            config_base,
        }
    }
}

fn absolute(value: Option<OsString>) -> Option<PathBuf> {
    value.map(PathBuf::from).filter(|path| path.is_absolute())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(variables: &[(&str, &str)]) -> Directories {
        Directories::resolve(|name| {
            variables
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| OsString::from(value))
        })
    }

    #[test]
    fn an_absolute_variable_wins_over_home() {
        let found = resolve(&[
            ("HOME", "/home/a"),
            ("XDG_CACHE_HOME", "/fast"),
            ("XDG_STATE_HOME", "relative"),
            ("XDG_CONFIG_HOME", ""),
        ]);
        assert_eq!(found.cache, Some("/fast/auditgraph".into()));
        assert_eq!(found.state, Some("/home/a/.local/state/auditgraph".into()));
        assert_eq!(found.config, Some("/home/a/.config/auditgraph".into()));
        assert_eq!(found.config_base, Some("/home/a/.config".into()));
    }

    #[test]
    fn without_a_home_nothing_is_guessed() {
        assert_eq!(resolve(&[]), Directories::default());
        assert_eq!(resolve(&[("HOME", "")]), Directories::default());
        assert_eq!(resolve(&[("HOME", "tmp")]), Directories::default());
    }
}
