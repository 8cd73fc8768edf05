//! Adding a release of the site.

use std::collections::HashMap;

use serde_json::Value;
use tough::TargetName;
use tough::schema::{Hashes, Target, Targets};

use super::RepositoryError;
use super::describe::{Described, Terms, describe};
use super::keys::Keyring;
use super::roles::{self, TARGETS};
use super::sign::Next;
use super::state::Repository;
use crate::facts::Facts;
use crate::site::{Artifact, Kind, Marker, Published};

/// What `add` was asked for.
#[derive(Debug)]
pub(crate) struct Addition {
    /// The release, by version; without it the newest on the site.
    pub(crate) version: Option<String>,
    /// Its channel; without it the usual one.
    pub(crate) channel: Option<String>,
    /// The oldest version that is safe to run from now on.
    pub(crate) minimum_safe_version: Option<String>,
    /// Digests of archives that a maintainer built as well.
    pub(crate) expected: Vec<String>,
    /// This machine's triple: its archive's executable is asked, where its digest
    /// is expected.
    pub(crate) host: String,
}

impl Repository {
    /// Adds the archives of a release on the site; says their target names.
    ///
    /// # Errors
    /// [`RepositoryError`]; nothing is written where it cannot be signed.
    pub(crate) fn add(
        &self,
        facts: &Facts,
        addition: &Addition,
        keys: &Keyring,
    ) -> Result<Vec<String>, RepositoryError> {
        let _lock = self.site.lock()?;
        let roles = self.roles()?;
        let release = self.release(addition.version.as_deref())?;
        let known = known_terms(&roles.targets.signed, &release.version);
        let terms = self.terms(addition, &release.version, known)?;
        expect(&addition.expected, &release)?;
        let mut described = Vec::new();
        for artifact in archives(&release) {
            let here = artifact.target.as_ref() == Some(&addition.host);
            let trusted = here && addition.expected.contains(&artifact.sha256);
            let version = release.version.as_str();
            described.push(describe(facts, &self.site, artifact, version, trusted)?);
        }
        if described.is_empty() {
            return Err(RepositoryError::Unfit {
                what: release.tag.clone(),
                reason: "it has no archive".into(),
            });
        }
        self.knows_this_repository(&described, &release)?;
        let schema = schema(facts, &described, &release)?;
        let mut targets = roles.targets.signed.clone();
        let mut names = Vec::new();
        for archive in &described {
            let name = target_name(facts, &release.version, &archive.target);
            add_target(
                &mut targets,
                &name,
                archive,
                archive.custom(&terms, schema.as_ref()),
            )?;
            names.push(name);
        }
        let files = self.targets_files(Next::after(&roles), targets, keys)?;
        for (name, archive) in names.iter().zip(&described) {
            let place = format!("{TARGETS}/{}.{name}", archive.sha256);
            self.site.write(&place, &archive.archive)?;
        }
        self.write_all(&files)?;
        Ok(names)
    }

    /// What is signed beside an archive: what was asked for, else what was signed
    /// of this version before.
    pub(super) fn terms<'a>(
        &'a self,
        addition: &'a Addition,
        version: &'a str,
        known: Option<Terms<'a>>,
    ) -> Result<Terms<'a>, RepositoryError> {
        let parsed = parse_version(version)?;
        let unfit = |what: &str, reason: &str| RepositoryError::Unfit {
            what: what.into(),
            reason: reason.into(),
        };
        if addition.version.is_none() && known.as_ref().is_some_and(|known| known.yanked) {
            let reason = "it is withdrawn; name the release to add with `--release`";
            return Err(unfit(version, reason));
        }
        let minimum = addition.minimum_safe_version.as_deref();
        if let Some(minimum) = minimum
            && parse_version(minimum)? > parsed
        {
            let reason = format!("the oldest safe version cannot be newer than {version} itself");
            return Err(unfit(minimum, &reason));
        }
        let channel = addition.channel.as_deref();
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if let Some(channel) = channel
            && (channel.is_empty() || !channel.chars().all(plain))
        {
            let reason = "a channel is named in lower-case letters, digits and `-`";
            return Err(unfit(channel, reason));
        }
        let before = known.as_ref().map(|known| known.channel);
        if !parsed.pre.is_empty() && channel.or(before).is_none() {
            let reason = "a pre-release: say who is to have it with `--channel`";
            return Err(unfit(version, reason));
        }
        Ok(Terms {
            version,
            channel: channel.or(before).unwrap_or(&self.settings.channel),
            minimum_safe_version: minimum
                .or_else(|| known.as_ref().and_then(|known| known.minimum_safe_version)),
            yanked: known.as_ref().is_some_and(|known| known.yanked),
            yanked_reason: known.and_then(|known| known.yanked_reason),
        })
    }

    fn release(&self, version: Option<&str>) -> Result<Published, RepositoryError> {
        let marker = Marker::read(&self.site)?;
        let unfit = |reason: &str| RepositoryError::Unfit {
            what: self.site.root().display().to_string(),
            reason: reason.into(),
        };
        let marker =
            marker.ok_or_else(|| unfit("no site.json; make the site with `build` first"))?;
        let found = match version {
            None => marker.newest().cloned(),
            Some(version) => marker
                .releases
                .iter()
                .find(|release| release.version == version)
                .cloned(),
        };
        found.ok_or_else(|| {
            let wanted = version.unwrap_or("any version");
            unfit(&format!("no release of {wanted} on this site"))
        })
    }

    /// An executable whose root is not of this repository could never update
    /// itself from it.
    fn knows_this_repository(
        &self,
        described: &[Described],
        release: &Published,
    ) -> Result<(), RepositoryError> {
        let chain = self.chain()?;
        for archive in described {
            let Some(Some(root)) = archive.root_sha256() else {
                continue;
            };
            if !chain.has(root) {
                return Err(RepositoryError::Unfit {
                    what: format!("{} for {}", release.tag, archive.target),
                    reason: format!(
                        "its executable trusts the root {root}, which is not one of this repository"
                    ),
                });
            }
        }
        Ok(())
    }
}

/// Lets `targets` name an archive.
fn add_target(
    targets: &mut Targets,
    name: &str,
    archive: &Described,
    custom: Value,
) -> Result<(), RepositoryError> {
    let unfit = |reason: String| RepositoryError::Unfit {
        what: name.into(),
        reason,
    };
    let target_name = TargetName::new(name).map_err(|error| unfit(error.to_string()))?;
    let sha256 = roles::digest(&archive.sha256)?;
    if let Some(known) = targets.targets.get(&target_name)
        && known.hashes.sha256 != sha256
    {
        return Err(unfit(
            "this version was published with other bytes; a published archive never changes. \
             Release a new version"
                .into(),
        ));
    }
    let Value::Object(custom) = custom else {
        return Err(unfit("its description is not an object".into()));
    };
    let target = Target {
        length: archive.archive.len() as u64,
        hashes: Hashes {
            sha256,
            _extra: HashMap::new(),
        },
        custom: custom.into_iter().collect(),
        _extra: HashMap::new(),
    };
    targets.targets.insert(target_name, target);
    Ok(())
}

/// The name under which an archive is a target.
pub(crate) fn target_name(facts: &Facts, version: &str, target: &str) -> String {
    format!("{}-{version}-{target}.tar.gz", facts.package.name)
}

fn parse_version(version: &str) -> Result<semver::Version, RepositoryError> {
    semver::Version::parse(version).map_err(|error| RepositoryError::Unfit {
        what: version.into(),
        reason: format!("not a version: {error}"),
    })
}

/// What was signed of `version` beside its archives.
pub(super) fn known_terms<'a>(targets: &'a Targets, version: &'a str) -> Option<Terms<'a>> {
    let text = |target: &'a Target, key| target.custom.get(key).and_then(Value::as_str);
    let mut known = targets.targets.values();
    let known = known.find(|target| text(target, "version") == Some(version))?;
    Some(Terms {
        version,
        channel: text(known, "channel")?,
        minimum_safe_version: text(known, "minimum_safe_version"),
        yanked: known.custom.get("yanked") == Some(&Value::Bool(true)),
        yanked_reason: text(known, "yanked_reason"),
    })
}

fn archives(release: &Published) -> impl Iterator<Item = &Artifact> {
    let artifacts = release.artifacts.iter();
    artifacts.filter(|artifact| artifact.kind == Kind::Archive)
}

/// Each digest that is expected is that of an archive.
fn expect(expected: &[String], release: &Published) -> Result<(), RepositoryError> {
    let has = |digest: &&String| archives(release).any(|archive| archive.sha256 == **digest);
    match expected.iter().find(|digest| !has(digest)) {
        None => Ok(()),
        Some(digest) => Err(RepositoryError::Unfit {
            what: release.tag.clone(),
            reason: format!(
                "none of its archives has the sha256 {digest}: it is not what you built. Find out \
                 why before anything is signed"
            ),
        }),
    }
}

/// The schema window of the release: what its executables say, or said when
/// they were built (`site.json`). `None` where the project has none.
fn schema(
    facts: &Facts,
    described: &[Described],
    release: &Published,
) -> Result<Option<Value>, RepositoryError> {
    let said = described.iter().find_map(Described::schema);
    let schema = said.or(release.schema.as_ref()).cloned();
    if schema.is_none() && facts.schema().is_some() {
        return Err(RepositoryError::Unfit {
            what: release.tag.clone(),
            reason: "its schema window is unknown: site.json records none, and no executable that \
                     was asked (--expect-sha256) says one"
                .into(),
        });
    }
    Ok(schema)
}
