//! Looks for releases: settings, source, verified metadata, choice.

use semver::Version;

use super::failures::{settings_failure, trust_failure};
use super::{Which, explain, next};
use crate::cli::context::Context;
use crate::cli::error::Failure;
use crate::cli::exit::Exit;
use crate::upgrade::TARGET;
use crate::upgrade::choice::{Choice, Wanted, channel_exists, choose};
use crate::upgrade::preflight::Build;
use crate::upgrade::settings::Settings;
use crate::upgrade::trust::{
    Channel, Release, Source, Standing, TrustError, TrustedReleases, Validity,
};
use crate::workspace::user;

/// What was found, all of it verified.
pub(crate) struct Look {
    pub(crate) releases: TrustedReleases,
    pub(crate) installed: Version,
    pub(crate) channel: Channel,
    pub(crate) standing: Standing,
    pub(crate) validity: Validity,
    pub(crate) choice: Choice,
    pub(crate) newest: Option<Release>,
    source: Source,
}

/// This program's version.
pub(crate) fn installed() -> Result<Version, Failure> {
    env!("CARGO_PKG_VERSION")
        .parse()
        .map_err(|error| Failure::new(Exit::Failed, "version", error))
}

/// Loads the releases and chooses; warns when the installed version was
/// withdrawn or is unsafe, or the chosen one is unsafe, and says how long a local
/// copy stays valid.
pub(crate) fn look(
    context: &Context,
    which: &Which,
    allow_downgrade: bool,
    root: &'static [u8],
) -> Result<Look, Failure> {
    let settings = Settings::load(user::config_dir().as_deref()).map_err(settings_failure)?;
    let source = match &which.from {
        Some(directory) => Source::Dir(directory.clone()),
        None => Source::Url(settings.url),
    };
    let state = user::state_dir().ok_or_else(|| {
        Failure::new(
            Exit::Failed,
            "no_home",
            "HOME is not set, so there is no place to remember trusted metadata",
        )
        .why("without it an old release could be passed off as the newest")
        .hint("set HOME or XDG_STATE_HOME to an absolute path")
    })?;
    let releases = TrustedReleases::load(&source, &state, root)
        .map_err(|error| trust_failure(error, &source))?;
    let channel = which
        .channel
        .as_ref()
        .map_or(settings.channel, |name| Channel::new(name.as_str()));
    if !channel_exists(&channel, releases.releases()) {
        return Err(Failure::new(
            Exit::Usage,
            "no_such_channel",
            format_args!("there is no channel called {channel}"),
        )
        .hint(next::self_update(which, " --channel stable")));
    }
    let installed = installed()?;
    let standing = releases.standing(TARGET, &installed);
    if !standing.is_good() {
        context.output.warn(&standing);
    }
    if let Some(future) = releases.of_the_future().find(|name| name.contains(TARGET)) {
        context.output.warn(format_args!(
            "release {future} is described in a way that this version cannot read; to get it, install anew: {}",
            explain::installer()
        ));
    }
    let validity = releases.validity();
    if which.from.is_some() {
        context.output.note(format_args!(
            "this copy of the release site is accepted until {} ({} days)",
            validity.until,
            validity.days_left()
        ));
    }
    let newest = releases.newest(TARGET, &channel).cloned();
    let exact = which
        .to
        .as_ref()
        .and_then(|version| releases.find(TARGET, version));
    let wanted = Wanted {
        version: which.to.clone(),
        allow_downgrade,
    };
    let choice = choose(&installed, &wanted, newest.as_ref(), exact);
    if let Choice::Go(release) = &choice
        && let Standing::Unsafe { minimum } = releases.standing(TARGET, &release.version)
    {
        context.output.warn(format_args!(
            "{} is unsafe to run: the oldest safe version is {minimum}",
            release.version
        ));
    }
    Ok(Look {
        choice,
        newest,
        source,
        releases,
        installed,
        channel,
        standing,
        validity,
    })
}

/// A release as a preflight names it.
pub(crate) fn build_of(release: &Release) -> Build {
    Build {
        version: release.version.to_string(),
        target: release.target.clone(),
        schema: release.schema.clone(),
    }
}

impl Look {
    /// The release to go back to, where the installed one is not to be run.
    pub(crate) fn way_back(&self) -> Option<&Release> {
        let newest = self.newest.as_ref().filter(|_| !self.standing.is_good())?;
        let good = self.releases.standing(TARGET, &newest.version).is_good();
        (good && newest.version < self.installed).then_some(newest)
    }

    /// The release to go to; `None` when up to date.
    ///
    /// # Errors
    /// When what was asked for is not to be had.
    pub(crate) fn release(&self, which: &Which) -> Result<Option<Release>, Failure> {
        match &self.choice {
            Choice::Go(release) => Ok(Some((**release).clone())),
            Choice::UpToDate => Ok(None),
            Choice::NothingForPlatform => Err(Failure::new(
                Exit::Failed,
                "no_release",
                format_args!("channel {} offers no release for {TARGET}", self.channel),
            )),
            Choice::NoSuchVersion(version) => Err(Failure::new(
                Exit::Failed,
                "no_such_version",
                format_args!("there is no release {version} for {TARGET}"),
            )
            .hint(next::self_update(which, " --check"))),
            Choice::Withdrawn { version, reason } => {
                let failure = Failure::new(
                    Exit::Failed,
                    "withdrawn",
                    format_args!("release {version} was withdrawn"),
                )
                .hint(next::self_update(which, " --check"));
                Err(match reason {
                    Some(reason) => failure.why(reason),
                    None => failure,
                })
            }
            Choice::Downgrade(version) => Err(Failure::new(
                Exit::Failed,
                "downgrade",
                format_args!("{version} is older than the installed {}", self.installed),
            )
            .hint(next::downgrade(which, version))),
        }
    }

    /// The archive of a release did not arrive, or is not what was signed.
    pub(crate) fn failure(&self, error: TrustError) -> Failure {
        trust_failure(error, &self.source)
    }
}
