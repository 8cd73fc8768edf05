//! `repository`: the signed update repository of a release site.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::{Outcome, facts_here, host, print_json, shown};
use crate::facts::Facts;
use crate::repository::{
    Addition, Change, Keyring, Places, Replace, Repository, RepositoryError, RoleStatus, Rotation,
    Settings, Signatures, Status,
};
use crate::site::Site;

/// Said before archives are signed that nobody compared.
const UNEXPECTED: &str = "warning: without --expect-sha256 what lies on the site is signed as it \
                          is; its program is not executed";

/// Arguments of `repository`.
#[derive(Debug, clap::Args)]
#[command(after_help = concat!(
    "Private keys are read from and written to the directories given, and nowhere else.\n\n",
    "Examples:\n",
    "  ", env!("CARGO_BIN_NAME"), " repository init --keys /media/key-1 --keys /media/key-2 \\\n",
    "      --keys /media/key-3 --online-keys ci-keys\n",
    "  ", env!("CARGO_BIN_NAME"), " repository add --keys /media/key-1 --keys ci-keys \\\n",
    "      --expect-sha256 DIGEST\n",
    "  ", env!("CARGO_BIN_NAME"), " repository refresh --keys ci-keys\n",
    "  ", env!("CARGO_BIN_NAME"), " repository status"
))]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Make keys and an empty repository on the site
    Init(Init),
    /// Sign the archives of a release on the site as targets
    Add(Add),
    /// Sign snapshot and timestamp anew, and targets where their key is given, so that they do not expire
    Refresh(Refresh),
    /// Make the next root: a new expiry, and new keys where asked. Prints what it changes, then signs
    Rotate(Rotate),
    /// Withdraw a version: it is no longer offered, and its users are told
    Yank(Yank),
    /// Verify the repository and tell how long each role lasts; fails from 30 days before the end
    Status(StatusArgs),
}

#[derive(Debug, clap::Args)]
struct Init {
    #[command(flatten)]
    common: Common,
    /// Where root keys are written, in turn; the first also gets the targets key
    #[arg(long, value_name = "DIR", required = true)]
    keys: Vec<PathBuf>,
    /// Where snapshot and timestamp keys are written [default: the first --keys]
    #[arg(long, value_name = "DIR")]
    online_keys: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
struct Add {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    keys: Keys,
    /// Version to add [default: the newest on the site]
    #[arg(long = "release", value_name = "VERSION")]
    version: Option<String>,
    /// Channel it belongs to [default: as signed before, else the one in release.toml]
    #[arg(long)]
    channel: Option<String>,
    /// Oldest version that is safe to run from now on [default: as signed before]
    #[arg(long, value_name = "VERSION")]
    minimum_safe_version: Option<String>,
    /// Digest of an archive as you built it yourself; one must be equal, and only
    /// then is its program executed here
    #[arg(long, value_name = "SHA256", value_parser = digest)]
    expect_sha256: Vec<String>,
}

#[derive(Debug, clap::Args)]
struct Refresh {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    keys: Keys,
}

#[derive(Debug, clap::Args)]
struct Rotate {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    keys: Keys,
    /// Replace a role's keys, or one key by its id
    #[arg(long, value_name = "ROLE|KEY-ID")]
    replace: Vec<Replace>,
    /// Where new root and targets keys are written [default: the first --keys]
    #[arg(long, value_name = "DIR")]
    new_keys: Option<PathBuf>,
    /// Where new snapshot and timestamp keys are written [default: --new-keys]
    #[arg(long, value_name = "DIR")]
    online_keys: Option<PathBuf>,
    /// Unfinished root: written while signatures are missing, completed where it exists
    #[arg(long, value_name = "FILE")]
    draft: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
struct Yank {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    keys: Keys,
    /// Version to withdraw
    #[arg(value_name = "VERSION")]
    version: String,
    /// Why, in one line
    #[arg(long, conflicts_with = "undo")]
    reason: Option<String>,
    /// Offer it again
    #[arg(long)]
    undo: bool,
}

#[derive(Debug, clap::Args)]
struct StatusArgs {
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, clap::Args)]
struct Common {
    /// The release site
    #[arg(long, value_name = "DIR", default_value = "site")]
    site: PathBuf,
    /// Print one JSON document instead of text
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
struct Keys {
    /// Directories with the private keys to sign with
    #[arg(long, value_name = "DIR", required = true)]
    keys: Vec<PathBuf>,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Outcome {
    let facts = facts_here()?;
    match &args.command {
        Command::Init(init) => init.run(&facts),
        Command::Add(add) => add.run(&facts),
        Command::Refresh(refresh) => refresh.run(&facts),
        Command::Rotate(rotate) => rotate.run(&facts),
        Command::Yank(yank) => yank.run(&facts),
        Command::Status(status) => status.run(&facts),
    }
}

/// A digest as `sha256sum` prints it.
fn digest(text: &str) -> Result<String, String> {
    if text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        Ok(text.to_ascii_lowercase())
    } else {
        Err("a sha256 has 64 hexadecimal digits".into())
    }
}

impl Common {
    fn repository(&self, facts: &Facts) -> Result<Repository, RepositoryError> {
        Ok(Repository::new(Site::new(&self.site), Settings::of(facts)?))
    }
}

impl Keys {
    fn ring(&self) -> Result<Keyring, RepositoryError> {
        Keyring::read(&self.keys)
    }
}

impl Init {
    fn run(&self, facts: &Facts) -> Outcome {
        let online = self.online_keys.as_ref().unwrap_or(&self.keys[0]);
        let repository = self.common.repository(facts)?;
        repository.init(&self.keys, online)?;
        told(&repository, &self.common, &[])
    }
}

impl Add {
    fn run(&self, facts: &Facts) -> Outcome {
        let repository = self.common.repository(facts)?;
        if self.expect_sha256.is_empty() {
            eprintln!("{UNEXPECTED}");
        }
        let addition = Addition {
            version: self.version.clone(),
            channel: self.channel.clone(),
            minimum_safe_version: self.minimum_safe_version.clone(),
            expected: self.expect_sha256.clone(),
            host: host()?,
        };
        let names = repository.add(facts, &addition, &self.keys.ring()?)?;
        told(&repository, &self.common, &names)
    }
}

impl Refresh {
    fn run(&self, facts: &Facts) -> Outcome {
        let repository = self.common.repository(facts)?;
        repository.refresh(&self.keys.ring()?)?;
        // What it signed is good whatever else clients refuse: that is told, and
        // is for `status` to fail of.
        tell(&repository.status()?, &self.common, &[])?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Rotate {
    fn run(&self, facts: &Facts) -> Outcome {
        let repository = self.common.repository(facts)?;
        let offline = self.new_keys.as_ref().unwrap_or(&self.keys.keys[0]);
        let places = Places {
            offline,
            online: self.online_keys.as_ref().unwrap_or(offline),
            draft: self.draft.as_deref(),
        };
        let proposal = repository.propose(&self.replace, &places, self.keys.ring()?)?;
        let changes: Vec<String> = proposal.changes().iter().map(Change::to_string).collect();
        if !self.common.json {
            // Before anything is signed: a draft is somebody else's.
            for change in &changes {
                say!("{change}")?;
            }
        }
        match (repository.rotate(proposal)?, &self.draft) {
            (Rotation::Draft { version, old, new }, Some(draft)) => {
                self.unfinished(draft, &changes, version, old, new)
            }
            _ if self.common.json => told(&repository, &self.common, &changes),
            _ => told(&repository, &self.common, &[]),
        }
    }

    fn unfinished(
        &self,
        draft: &Path,
        changes: &[String],
        version: u64,
        old: Signatures,
        new: Signatures,
    ) -> Outcome {
        if self.common.json {
            print_json(&serde_json::json!({
                "format": 1,
                "draft": draft.display().to_string(),
                "version": version,
                "changed": changes,
                "signatures_of_old_keys": old,
                "signatures_of_new_keys": new,
            }))?;
        } else {
            say!(
                "root {version} is a draft: {} of {} signatures by the old keys, {} of {} by the new",
                old.have,
                old.need,
                new.have,
                new.need
            )?;
            say!(
                "next: another maintainer runs `repository rotate --keys DIR --draft {}`, and \
                 compares what it prints",
                shown(draft)
            )?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Yank {
    fn run(&self, facts: &Facts) -> Outcome {
        let repository = self.common.repository(facts)?;
        let (reason, ring) = (self.reason.as_deref(), self.keys.ring()?);
        let names = repository.yank(&self.version, reason, self.undo, &ring)?;
        told(&repository, &self.common, &names)
    }
}

impl StatusArgs {
    fn run(&self, facts: &Facts) -> Outcome {
        let repository = self.common.repository(facts)?;
        let status = repository.status()?;
        tell(&status, &self.common, &[])?;
        // A job that only looks fails early enough for someone to notice.
        Ok(ExitCode::from(u8::from(status.is_ailing())))
    }
}

/// Tells what the repository is now; fails where clients refuse it.
fn told(repository: &Repository, common: &Common, changed: &[String]) -> Outcome {
    let status = repository.status()?;
    tell(&status, common, changed)?;
    Ok(ExitCode::from(u8::from(status.is_refused())))
}

fn tell(
    status: &Status,
    common: &Common,
    changed: &[String],
) -> Result<(), Box<dyn std::error::Error>> {
    if common.json {
        let mut document = serde_json::to_value(status)?;
        document["changed"] = changed.into();
        print_json(&document)?;
    } else {
        for name in changed {
            say!("{name}")?;
        }
        for role in &status.roles {
            say!("{}", line(role))?;
        }
        let (many, site) = (status.targets.len(), shown(&common.site));
        say!("{many} targets, {site}")?;
    }
    warn(status);
    Ok(())
}

/// Warns of what clients refuse, or will within 30 days.
pub(super) fn warn(status: &Status) {
    if !status.pinned {
        eprintln!(
            "warning: release.toml pins no root (`root-sha256`): the site's own first root is \
             believed"
        );
    }
    for damaged in &status.damaged {
        eprintln!(
            "warning: {}: {}: clients refuse it",
            damaged.path, damaged.problem
        );
    }
    for role in status.roles.iter().filter(|role| role.is_near()) {
        let (days, then) = if role.is_expired() {
            ("expired".to_owned(), "refuse it")
        } else {
            (
                format!("{} days left", role.days_left),
                "will refuse it then",
            )
        };
        eprintln!(
            "warning: {} expires on {} ({days}): clients {then}",
            role.role, role.expires
        );
    }
}

fn line(role: &RoleStatus) -> String {
    format!(
        "{:<9} version {:<4} expires {} ({} days)  {} of {} keys: {}",
        role.role,
        role.version,
        role.expires,
        role.days_left,
        role.threshold,
        role.keys.len(),
        role.keys.join(", ")
    )
}
