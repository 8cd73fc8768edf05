//! `auditgraph workspaces`: the list that an upgrade's preflight looks at.

use std::io;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueHint};
use serde::Serialize;

use crate::cli::context::Context;
use crate::cli::error::Failure;
use crate::cli::examples;
use crate::cli::exit::Exit;
use crate::cli::output::{Page, Report};
use crate::cli::style::{Style, clean};
use crate::upgrade::preflight::{PATIENCE, Standing, State, gather};
use crate::workspace::Workspace;
use crate::workspace::known::{Known, KnownError};

const EXAMPLES: &[(&str, &str)] = &[
    (
        "auditgraph workspaces list",
        "the known workspaces, and whether they are there",
    ),
    ("auditgraph workspaces add notes", "put one on the list"),
    (
        "auditgraph workspaces forget notes",
        "take one off; nothing in it changes",
    ),
];

/// What is typed.
#[derive(Debug, Args)]
#[command(after_help = examples::text(EXAMPLES), disable_help_subcommand = true)]
pub(crate) struct Typed {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Show the known workspaces, and whether they are there
    #[command(after_help = examples::text(&EXAMPLES[..1]))]
    List,
    /// Put a workspace on the list, as `init`, `ingest` and `rebuild` do
    #[command(after_help = examples::text(&EXAMPLES[1..2]))]
    Add {
        /// Its folder [default: the current workspace]
        #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
        folder: Option<PathBuf>,
    },
    /// Take a workspace off the list; nothing in it changes
    #[command(after_help = examples::text(&EXAMPLES[2..]))]
    Forget {
        /// Its folder, as listed
        #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
        folder: PathBuf,
    },
}

#[derive(Serialize)]
struct Listing {
    workspaces: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    root: String,
    state: State,
    detail: Option<String>,
    profiles: Vec<String>,
}

#[derive(Serialize)]
struct Changed {
    root: String,
    listed: bool,
    changed: bool,
}

pub(crate) fn run(context: &Context, typed: &Typed) -> Result<Exit, Failure> {
    let known = Known::of_user().ok_or_else(|| {
        Failure::new(
            Exit::Failed,
            "no_home",
            "HOME is not set, so there is no list of known workspaces",
        )
        .hint("set HOME or XDG_STATE_HOME to an absolute path")
    })?;
    match &typed.what {
        None | Some(What::List) => list(context, &known),
        Some(What::Add { folder }) => {
            let folder = folder.as_deref().or(context.root.as_deref());
            let workspace = Workspace::discover(folder)?;
            let root = workspace.root();
            let changed = known.record(root).map_err(failure)?;
            context.output.report(&Changed {
                root: root.display().to_string(),
                listed: true,
                changed,
            })?;
            Ok(Exit::Done)
        }
        Some(What::Forget { folder }) => {
            let root = listed_name(folder, &known)?;
            let changed = known.forget(&root).map_err(failure)?;
            if !changed {
                return Err(Failure::new(
                    Exit::Failed,
                    "not_listed",
                    format_args!("{} is not on the list", folder.display()),
                )
                .hint("auditgraph workspaces list"));
            }
            context.output.report(&Changed {
                root: root.display().to_string(),
                listed: false,
                changed,
            })?;
            Ok(Exit::Done)
        }
    }
}

/// A folder that vanished cannot be resolved: what is typed may be the name as
/// listed, and of its path as much is resolved as is still there.
fn listed_name(folder: &Path, known: &Known) -> Result<PathBuf, Failure> {
    let absolute =
        std::path::absolute(folder).map_err(|error| Failure::io("open", folder, &error))?;
    if known.list().map_err(failure)?.contains(&absolute) {
        return Ok(absolute);
    }
    let resolved = absolute.ancestors().find_map(|above| {
        let gone = absolute.strip_prefix(above).ok()?;
        let there = above.canonicalize().ok()?;
        Some(there.components().chain(gone.components()).collect())
    });
    Ok(resolved.unwrap_or(absolute))
}

fn failure(error: KnownError) -> Failure {
    Failure::new(Exit::Failed, "io", error)
}

fn list(context: &Context, known: &Known) -> Result<Exit, Failure> {
    let roots = known.list().map_err(failure)?;
    let workspaces = gather(roots, PATIENCE)
        .into_iter()
        .map(|facts| Row {
            root: facts.root.display().to_string(),
            state: facts.standing.state(),
            detail: facts.standing.detail(),
            profiles: match facts.standing {
                Standing::Present(profiles) => {
                    profiles.into_iter().map(|profile| profile.name).collect()
                }
                _ => Vec::new(),
            },
        })
        .collect();
    context.output.report(&Listing { workspaces })?;
    Ok(Exit::Done)
}

impl Report for Listing {
    fn human(&self, page: &mut Page<'_>) -> io::Result<()> {
        if self.workspaces.is_empty() {
            return page
                .line("No workspace is known: `auditgraph init` and `ingest` record theirs.");
        }
        for row in &self.workspaces {
            let root = page.paint(Style::Path, &row.root);
            match row.state {
                State::Present => page.line(format_args!("{root}  {}", row.profiles.join(", ")))?,
                state => {
                    let state = page.paint(Style::Warning, state.words());
                    // The others say all there is to say by their name.
                    let why = row
                        .detail
                        .as_deref()
                        .filter(|_| row.state == State::Unjudged);
                    let why = why.map_or(String::new(), |why| format!(": {}", clean(why)));
                    page.line(format_args!("{root}  {state}{why}"))?;
                }
            }
        }
        Ok(())
    }
}

impl Report for Changed {
    fn human(&self, page: &mut Page<'_>) -> io::Result<()> {
        let word = match (self.listed, self.changed) {
            (true, true) => "is on the list now",
            (true, false) => "was on the list already",
            (false, _) => "is off the list; nothing in it changed",
        };
        page.line(format_args!("{} {word}.", clean(&self.root)))
    }
}
