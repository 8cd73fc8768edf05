//! `repository`: the signed update repository of a release site.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::{Outcome, facts_here, host, print_json, shown};
use crate::repository::{
    Addition, Keyring, Places, Replace, Repository, RoleStatus, Rotation, Settings, Status,
};
use crate::site::Site;

/// Arguments of `repository`.
#[derive(Debug, clap::Args)]
#[command(after_help = concat!(
    "Private keys are read from and written to the directories given, and nowhere else.\n\n",
    "Examples:\n",
    "  ", env!("CARGO_BIN_NAME"), " repository init --keys /media/key-1 --keys /media/key-2 \\\n",
    "      --keys /media/key-3 --online-keys ci-keys\n",
    "  ", env!("CARGO_BIN_NAME"), " repository add --keys /media/key-1 --keys ci-keys\n",
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
    Init {
        #[command(flatten)]
        common: Common,
        /// Where root keys are written, in turn; the first also gets the targets key
        #[arg(long, value_name = "DIR", required = true)]
        keys: Vec<PathBuf>,
        /// Where snapshot and timestamp keys are written [default: the first --keys]
        #[arg(long, value_name = "DIR")]
        online_keys: Option<PathBuf>,
    },
    /// Sign the archives of a release on the site as targets
    Add {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        keys: Keys,
        /// Version to add [default: the newest on the site]
        #[arg(long = "release", value_name = "VERSION")]
        version: Option<String>,
        /// Channel it belongs to [default: the one in release.toml]
        #[arg(long)]
        channel: Option<String>,
        /// Oldest version that is safe to run from now on
        #[arg(long, value_name = "VERSION")]
        minimum_safe_version: Option<String>,
    },
    /// Sign snapshot and timestamp anew, so that they do not expire
    Refresh {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        keys: Keys,
    },
    /// Make the next root: a new expiry, and new keys where asked
    Rotate {
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
    },
    /// Withdraw a version: it is no longer offered, and its users are told
    Yank {
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
    },
    /// Verify the repository and tell how long each role lasts; fails from 30 days before the end
    Status {
        #[command(flatten)]
        common: Common,
    },
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
    let open = |common: &Common| -> Result<Repository, Box<dyn std::error::Error>> {
        Ok(Repository::new(
            Site::new(&common.site),
            Settings::of(&facts)?,
        ))
    };
    match &args.command {
        Command::Init {
            common,
            keys,
            online_keys,
        } => {
            let online = online_keys.as_ref().unwrap_or(&keys[0]);
            let repository = open(common)?;
            repository.init(keys, online)?;
            told(&repository, common, &[])
        }
        Command::Add {
            common,
            keys,
            version,
            channel,
            minimum_safe_version,
        } => {
            let repository = open(common)?;
            let addition = Addition {
                version: version.clone(),
                channel: channel.clone(),
                minimum_safe_version: minimum_safe_version.clone(),
                host: host()?,
            };
            let names = repository.add(&facts, &addition, &Keyring::read(&keys.keys)?)?;
            told(&repository, common, &names)
        }
        Command::Refresh { common, keys } => {
            let repository = open(common)?;
            repository.refresh(&Keyring::read(&keys.keys)?)?;
            told(&repository, common, &[])
        }
        Command::Rotate {
            common,
            keys,
            replace,
            new_keys,
            online_keys,
            draft,
        } => {
            let repository = open(common)?;
            let offline = new_keys.as_ref().unwrap_or(&keys.keys[0]);
            let places = Places {
                offline,
                online: online_keys.as_ref().unwrap_or(offline),
                draft: draft.as_deref(),
            };
            let rotation = repository.rotate(replace, &places, Keyring::read(&keys.keys)?)?;
            match (&rotation, draft) {
                (Rotation::Draft { version, old, new }, Some(draft)) => {
                    unfinished(common, draft, *version, *old, *new)
                }
                _ => told(&repository, common, &[]),
            }
        }
        Command::Yank {
            common,
            keys,
            version,
            reason,
            undo,
        } => {
            let repository = open(common)?;
            let ring = Keyring::read(&keys.keys)?;
            let names = repository.yank(version, reason.as_deref(), *undo, &ring)?;
            told(&repository, common, &names)
        }
        Command::Status { common } => {
            let repository = open(common)?;
            // A job that only looks fails early enough for someone to notice.
            let near = repository.status()?.roles.iter().any(RoleStatus::is_near);
            let code = told(&repository, common, &[])?;
            Ok(if near { ExitCode::FAILURE } else { code })
        }
    }
}

/// Tells what the repository is now; fails where clients refuse it.
fn told(repository: &Repository, common: &Common, changed: &[String]) -> Outcome {
    let status = repository.status()?;
    if common.json {
        let mut document = serde_json::to_value(&status)?;
        document["changed"] = changed.into();
        print_json(&document)?;
    } else {
        for name in changed {
            println!("{name}");
        }
        for role in &status.roles {
            println!("{}", line(role));
        }
        let (many, site) = (status.targets.len(), shown(&common.site));
        println!("{many} targets, {site}");
    }
    warn(&status);
    Ok(if status.roles.iter().any(RoleStatus::is_expired) {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// Warns of every role that expires within 30 days.
pub(super) fn warn(status: &Status) {
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

fn unfinished(
    common: &Common,
    draft: &Path,
    version: u64,
    old: (u64, u64),
    new: (u64, u64),
) -> Outcome {
    if common.json {
        print_json(&serde_json::json!({
            "format": 1,
            "draft": draft,
            "version": version,
            "signatures_of_old_keys": { "have": old.0, "need": old.1 },
            "signatures_of_new_keys": { "have": new.0, "need": new.1 },
        }))?;
    } else {
        println!(
            "root {version} is a draft: {} of {} signatures by the old keys, {} of {} by the new",
            old.0, old.1, new.0, new.1
        );
        println!(
            "next: another maintainer runs `repository rotate --keys DIR --draft {}`",
            shown(draft)
        );
    }
    Ok(ExitCode::SUCCESS)
}
