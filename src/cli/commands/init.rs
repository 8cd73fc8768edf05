//! `auditgraph init`: make a folder a workspace.

use std::io;
use std::path::{Path, PathBuf};

use clap::{Args, ValueHint};
use serde::Serialize;

use crate::cli::context::Context;
use crate::cli::error::Failure;
use crate::cli::examples;
use crate::cli::exit::Exit;
use crate::cli::output::{Page, Report, lossy};
use crate::cli::style::{Style, clean};
use crate::foundation::durable;
use crate::foundation::meter::Meter;
use crate::workspace::{CONFIG_FILE, Config, ConfigError, DERIVED_FOLDER, config};

const EXAMPLES: &[(&str, &str)] = &[
    ("auditgraph init", "make the current folder a workspace"),
    (
        "auditgraph init notes",
        "make the folder notes one (created when missing)",
    ),
];

/// What is typed.
#[derive(Debug, Args)]
#[command(after_help = examples::text(EXAMPLES))]
pub(crate) struct Typed {
    /// The folder [default: --root, or the current folder]
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    folder: Option<PathBuf>,
}

#[derive(Serialize)]
struct Made {
    #[serde(serialize_with = "lossy")]
    root: PathBuf,
    #[serde(serialize_with = "lossy")]
    config: PathBuf,
    /// Whether git would take `.pkg` in.
    #[serde(skip)]
    to_ignore: bool,
    /// The command that makes the first run.
    #[serde(skip)]
    next: String,
}

pub(crate) fn run(context: &Context, typed: &Typed) -> Result<Exit, Failure> {
    let folder = typed.folder.as_deref().or(context.root.as_deref());
    let folder = folder.unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)
        .map_err(|error| Failure::io("make the folder", folder, &error))?;
    let root = folder
        .canonicalize()
        .map_err(|error| Failure::io("open", folder, &error))?;
    // What is typed where the folder itself is need not name it.
    let here = Path::new(".").canonicalize().is_ok_and(|it| it == root);
    let scope = match (here, &typed.folder) {
        (false, Some(folder)) => context.scope.at(folder),
        _ => context.scope.clone(),
    };
    let next = scope.command("ingest");
    let config = root.join(CONFIG_FILE);
    durable::stage(
        &config,
        &mut config::TEMPLATE.as_bytes(),
        &Meter::new(u64::MAX),
    )
    .map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => taken(&root, &config, &next),
        _ => Failure::io("write", &config, &error),
    })?;
    durable::sync_directory(&root).map_err(|error| Failure::io("write", &root, &error))?;
    context.remember(&root);
    let to_ignore = is_taken_in(&root);
    let made = Made {
        root,
        config,
        to_ignore,
        next,
    };
    let stands = "the folder is a workspace now all the same";
    context.output.report_change(&made, stands)?;
    Ok(Exit::Done)
}

/// The folder is a workspace already, or something that no configuration can
/// be has the name of one.
fn taken(root: &Path, config: &Path, next: &str) -> Failure {
    if let Err(error @ ConfigError::Unfit { .. }) = Config::load(config) {
        return error.into();
    }
    let root = root.display();
    let message = format!("{root} is a workspace already; nothing was changed");
    Failure::new(Exit::Failed, "exists", message)
        .path(config.display())
        .hint(next)
}

/// Whether git would take in what is derived below `root`: it lies in a
/// repository, of which no `.gitignore` from there up names `.pkg`.
fn is_taken_in(root: &Path) -> bool {
    let is_top = |folder: &&Path| folder.join(".git").exists();
    let Some(top) = root.ancestors().find(is_top) else {
        return false;
    };
    let mut folders = root.ancestors().take_while(|it| it.starts_with(top));
    !folders.any(|folder| {
        let bytes = durable::read_bounded(&folder.join(".gitignore"), 1024 * 1024);
        let text = bytes.unwrap_or_default();
        // With a slash before it a name is one in the very folder.
        let ignored = |line: &str| match line.trim().trim_end_matches('/') {
            line if folder == root => line.trim_start_matches('/') == DERIVED_FOLDER,
            line => line == DERIVED_FOLDER,
        };
        String::from_utf8_lossy(&text).lines().any(ignored)
    })
}

impl Report for Made {
    fn human(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.line(format_args!(
            "{} is a workspace now.",
            page.paint(Style::Path, self.root.display())
        ))?;
        page.line(format_args!(
            "Its settings are in {}; every key shows its default.",
            clean(CONFIG_FILE)
        ))?;
        if self.to_ignore {
            page.line(format_args!(
                "What is derived goes to {DERIVED_FOLDER}/: add it to .gitignore."
            ))?;
        }
        page.line(format_args!("Next: {}", clean(&self.next)))
    }
}
