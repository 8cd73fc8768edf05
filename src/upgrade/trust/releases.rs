//! The releases of a verified repository, ready to choose from.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use semver::Version;
use serde_json::Value;
use url::Url;

use super::download::{VerifiedArchive, fetch_target};
use super::error::{Attack, TrustError};
use super::metadata::{TrustedMetadata, Validity, digest, directory};
use super::origin::{Files, Origin, shown, shown_as_typed};
use super::release::{Channel, NotARelease, Release, Standing};
use super::store::Store;
use crate::foundation::progress::Progress;
use crate::upgrade::http::{Connection, Http};

/// Where releases are looked for. Neither is trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A release site or a mirror of one, by https.
    Url(String),
    /// A copy of a release site in a directory.
    Dir(PathBuf),
}

impl Source {
    /// The addresses of metadata and targets.
    fn bases(&self) -> Result<(Url, Url), TrustError> {
        let refuse = |name: String, reason: String| TrustError::Source {
            source_name: name,
            reason,
        };
        let base = match self {
            Self::Url(address) => {
                let bad = |reason: String| refuse(shown_as_typed(address), reason);
                let mut url = Url::parse(address).map_err(|error| bad(error.to_string()))?;
                if url.scheme() != "https" {
                    return Err(bad("it must start with https://".into()));
                }
                url.set_query(None);
                url.set_fragment(None);
                directory(url)
            }
            Self::Dir(directory) => {
                let bad = |reason: String| refuse(directory.display().to_string(), reason);
                let real = directory
                    .canonicalize()
                    .map_err(|error| bad(error.to_string()))?;
                if !real.join("metadata").is_dir() {
                    return Err(bad(
                        "there is no `metadata` directory in it; name a copy of the whole \
                         release site"
                            .into(),
                    ));
                }
                Url::from_directory_path(&real).map_err(|()| bad("not a local path".into()))?
            }
        };
        let below = |name: &str| {
            base.join(name)
                .map_err(|error| refuse(shown(&base), error.to_string()))
        };
        Ok((below("metadata/")?, below("targets/")?))
    }
}

/// All releases that a source offers, verified from the root of trust down.
#[derive(Debug)]
pub struct TrustedReleases {
    runtime: tokio::runtime::Runtime,
    origin: Arc<dyn Origin>,
    metadata: TrustedMetadata,
    releases: Vec<Release>,
    of_the_future: Vec<String>,
}

impl TrustedReleases {
    /// Loads and verifies the metadata of `source`. `state_dir` is the
    /// user's state directory ([`crate::workspace::user::state_dir`]); what
    /// is remembered lives below it. `root` is [`super::root`]'s.
    ///
    /// # Errors
    /// [`TrustError`].
    pub fn load(source: &Source, state_dir: &Path, root: &[u8]) -> Result<Self, TrustError> {
        Self::load_with(source, state_dir, root, &Connection::from_env())
    }

    /// Like [`load`](Self::load), over a connection that is not the one the
    /// environment describes.
    ///
    /// # Errors
    /// [`TrustError`].
    pub fn load_with(
        source: &Source,
        state_dir: &Path,
        root: &[u8],
        connection: &Connection,
    ) -> Result<Self, TrustError> {
        let (metadata_base, targets_base) = source.bases()?;
        let origin: Arc<dyn Origin> = match source {
            Source::Url(_) => Arc::new(Http::new(connection)?),
            Source::Dir(_) => Arc::new(Files),
        };
        let directory = state_dir.join("trust");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| TrustError::State {
                path: directory.clone(),
                error,
            })?;
        let store = Store::open(&directory)?;
        let metadata = runtime.block_on(TrustedMetadata::refresh(
            root,
            &metadata_base,
            &targets_base,
            &origin,
            &store,
        ))?;
        let (mut releases, mut of_the_future) = (Vec::new(), Vec::new());
        for (name, target) in metadata.targets() {
            let custom = Value::Object(target.custom.clone().into_iter().collect());
            let parsed = match digest(target) {
                Some(sha256) => Release::parse(&name, target.length, sha256, &custom),
                None => Err(NotARelease::Malformed(
                    "its digest has an odd length".into(),
                )),
            };
            match parsed {
                Ok(release) => releases.push(release),
                Err(NotARelease::Format(_)) => of_the_future.push(name),
                // Whatever else the maintainers sign is no release.
                Err(NotARelease::Malformed(_) | NotARelease::Name(_)) => {}
            }
        }
        releases.sort_by(|a, b| {
            let key = |r: &Release| (r.target.clone(), r.version.clone(), r.archive.clone());
            key(a).cmp(&key(b))
        });
        Ok(Self {
            runtime,
            origin,
            metadata,
            releases,
            of_the_future,
        })
    }

    /// Every release, by platform, then from old to new.
    #[must_use]
    pub fn releases(&self) -> &[Release] {
        &self.releases
    }

    /// Signed targets that only a later version knows how to read, by name.
    pub fn of_the_future(&self) -> impl Iterator<Item = &str> {
        self.of_the_future.iter().map(String::as_str)
    }

    /// The newest release for the platform `target` that was not withdrawn.
    /// Whoever follows a channel also gets newer stable releases.
    #[must_use]
    pub fn newest(&self, target: &str, channel: &Channel) -> Option<&Release> {
        self.of(target)
            .filter(|release| !release.yanked)
            .filter(|release| {
                release.channel == *channel || release.channel.as_str() == Channel::STABLE
            })
            .max_by(|a, b| a.version.cmp(&b.version))
    }

    /// The release of exactly `version` for the platform `target`, of any
    /// channel, withdrawn or not.
    #[must_use]
    pub fn find(&self, target: &str, version: &Version) -> Option<&Release> {
        self.of(target).find(|release| release.version == *version)
    }

    /// What is known against the installed version.
    #[must_use]
    pub fn standing(&self, target: &str, installed: &Version) -> Standing {
        Standing::of(installed, self.of(target))
    }

    fn of<'a>(&'a self, target: &str) -> impl Iterator<Item = &'a Release> + use<'a> {
        let target = target.to_owned();
        self.releases
            .iter()
            .filter(move |release| release.target == target)
    }

    /// Until when this metadata, or a local copy of it, is accepted.
    #[must_use]
    pub fn validity(&self) -> Validity {
        self.metadata.validity()
    }

    /// Fetches the archive of `release` into the file `dest`: see
    /// [`fetch_target`].
    ///
    /// # Errors
    /// [`TrustError`].
    pub fn fetch_archive(
        &self,
        release: &Release,
        dest: &Path,
        progress: &dyn Progress,
        resume: bool,
    ) -> Result<VerifiedArchive, TrustError> {
        self.metadata.still_valid()?;
        let target = self.metadata.target(&release.archive)?;
        if (target.length, target.sha256) != (release.length, release.sha256) {
            return Err(TrustError::refused(
                Attack::WrongTarget,
                format!("{} is not the release that was chosen", release.archive),
            ));
        }
        let origin: &dyn Origin = self.origin.as_ref();
        self.runtime
            .block_on(fetch_target(origin, &target, dest, resume, progress))
    }
}
