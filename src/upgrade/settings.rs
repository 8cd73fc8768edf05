//! Where updates come from, as the user says in
//! `$XDG_CONFIG_HOME/auditgraph/config.toml`.
//!
//! Only the user's own file: a workspace is somebody else's, and its
//! `auditgraph.toml` that tries is refused (`workspace::config`). There is no
//! key that weakens verification.

use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::trust::Channel;
use crate::foundation::durable;

/// The release site, unless the user names a mirror.
pub const SITE: &str = env!("CARGO_PKG_HOMEPAGE");

const MOST_BYTES: u64 = 64 * 1024;

/// The settings in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The release site or a mirror of it; https.
    pub url: String,
    /// The channel followed.
    pub channel: Channel,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            url: SITE.to_owned(),
            channel: Channel::default(),
        }
    }
}

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
    /// The file says something that is not known or makes no sense.
    #[error("{}:{line}: {message}", path.display())]
    Refused {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    update: Update,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Update {
    url: Option<toml::Spanned<String>>,
    channel: Option<toml::Spanned<String>>,
}

impl Settings {
    /// Reads `config.toml` in the user's configuration directory; no file,
    /// or no such directory, is all defaults.
    ///
    /// # Errors
    /// [`SettingsError`].
    pub fn load(config_dir: Option<&Path>) -> Result<Self, SettingsError> {
        let Some(path) = config_dir.map(|directory| directory.join("config.toml")) else {
            return Ok(Self::default());
        };
        let read =
            durable::own_file(&path).and_then(|file| durable::read_bounded(&file, MOST_BYTES));
        match durable::if_there(read) {
            Ok(Some(bytes)) => Self::parse(&path, &String::from_utf8_lossy(&bytes)),
            Ok(None) => Ok(Self::default()),
            Err(source) => Err(SettingsError::Io { path, source }),
        }
    }

    /// Parses `text`; `path` is only named in errors.
    ///
    /// # Errors
    /// [`SettingsError::Refused`] for the first thing that is not accepted.
    pub fn parse(path: &Path, text: &str) -> Result<Self, SettingsError> {
        let refused = |at: usize, message: String| SettingsError::Refused {
            path: path.to_owned(),
            line: text[..at.min(text.len())].matches('\n').count() + 1,
            message,
        };
        let file: File = toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            refused(at, error.message().to_owned())
        })?;
        let mut settings = Self::default();
        if let Some(url) = file.update.url {
            let at = url.span().start;
            let url = url.into_inner();
            if !url.starts_with("https://") {
                // It may hold a password, and the line is named.
                let message = "update.url must start with https://".to_owned();
                return Err(refused(at, message));
            }
            settings.url = url;
        }
        if let Some(channel) = file.update.channel {
            let at = channel.span().start;
            let channel = channel.into_inner();
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            if channel.is_empty() || !channel.chars().all(plain) {
                let message = format!("update.channel is no channel's name: {channel:?}");
                return Err(refused(at, message));
            }
            settings.channel = Channel::new(channel);
        }
        Ok(settings)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Settings, String> {
        Settings::parse(Path::new("c.toml"), text).map_err(|error| error.to_string())
    }

    #[test]
    fn a_mirror_and_a_channel_can_be_named() {
        let found = parse("[update]\nurl = \"https://m.example/a\"\nchannel = \"beta\"\n").unwrap();
        assert_eq!(found.url, "https://m.example/a");
        assert_eq!(found.channel, Channel::new("beta"));
        assert_eq!(parse("").unwrap(), Settings::default());
        assert_eq!(
            Settings::load(Some(Path::new("/nonexistent"))).unwrap(),
            Settings::default()
        );
    }

    #[test]
    fn the_file_may_be_a_link_that_leads_somewhere() {
        let directory = tempfile::tempdir().unwrap();
        let elsewhere = directory.path().join("dotfiles.toml");
        let link = directory.path().join("config.toml");
        std::os::unix::fs::symlink(&elsewhere, &link).unwrap();
        let load = || Settings::load(Some(directory.path()));
        // Not all defaults: a mirror may be named where it led.
        let error = load().unwrap_err().to_string();
        assert!(error.ends_with("it is a symbolic link that leads nowhere"));
        std::fs::write(elsewhere, "[update]\nurl = \"https://m.example\"").unwrap();
        assert_eq!(load().unwrap().url, "https://m.example");
    }

    #[test]
    fn a_typing_error_or_plain_http_is_refused_where_it_stands() {
        for (text, line, word) in [
            ("[update]\nurl = \"http://m.example\"", 2, "https://"),
            ("[update]\nurl = \"http://me:secret@m\"", 2, "https://"),
            ("[update]\n\nurll = \"https://m\"", 3, "unknown field"),
            ("[udpate]\n", 1, "unknown field"),
            ("[update]\nverify = false", 2, "unknown field"),
            ("[update]\nchannel = \"../x\"", 2, "no channel's name"),
            ("[update]\nurl = 3", 2, "invalid type"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.starts_with(&format!("c.toml:{line}: ")), "{error}");
            assert!(error.contains(word), "{error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
