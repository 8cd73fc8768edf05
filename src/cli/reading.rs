//! What every command that reads a run has in common: `--run`, the run's
//! reference in JSON, and the notes on standard error.

use clap::Args;
use serde::Serialize;

use super::context::Context;
use super::error::Failure;
use crate::foundation::Sha256;
use crate::foundation::progress::Progress;
use crate::run::{RunError, RunId, Session, Standing, Trust};
use crate::schema::SchemaBlock;
use crate::workspace::{Layout, Workspace};

/// The run to read.
#[derive(Debug, Args)]
pub(crate) struct RunChoice {
    /// Answer from this run: an id, its number, or `current` [default: current]
    #[arg(long, value_name = "RUN")]
    pub(crate) run: Option<String>,
}

/// The run an answer comes from, as in JSON.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Source {
    pub(crate) id: RunId,
    pub(crate) digest: Sha256,
    pub(crate) schema: SchemaBlock,
    /// What the reader should know, as on standard error.
    pub(crate) notes: Vec<String>,
}

/// A workspace and one of its runs, open.
pub(crate) struct Opened {
    pub(crate) workspace: Workspace,
    pub(crate) session: Session,
    pub(crate) source: Source,
}

/// Opens the run that is asked for, and says on standard error what there is
/// to know about it.
///
/// # Errors
/// When there is no such run, or it cannot be read.
pub(crate) fn open(context: &Context, choice: &RunChoice) -> Result<Opened, Failure> {
    open_trusting(context.trust, context, choice)
}

/// As [`open`], for an answer that is kept: the index is compared with its
/// digest first.
///
/// # Errors
/// As [`open`].
pub(crate) fn open_to_keep(context: &Context, choice: &RunChoice) -> Result<Opened, Failure> {
    open_trusting(Trust::Bytes, context, choice)
}

fn open_trusting(trust: Trust, context: &Context, choice: &RunChoice) -> Result<Opened, Failure> {
    let workspace = context.workspace()?;
    let progress = context.progress();
    let layout = workspace.layout(&context.profile);
    let wanted = match &choice.run {
        Some(text) if text != "current" => Some(context.find_run(&layout, text)?),
        _ => None,
    };
    let session = Session::open(
        &workspace,
        &context.profile,
        wanted.as_ref(),
        trust,
        &progress,
    )
    .map_err(|error| refused(error, context, &layout))?;
    progress.finish();
    let notes: Vec<String> = session.notes().iter().map(ToString::to_string).collect();
    for note in &notes {
        context.output.warn(note);
    }
    let manifest = session.manifest();
    let source = Source {
        id: manifest.run.clone(),
        digest: manifest.digest,
        schema: manifest.schema.clone(),
        notes,
    };
    Ok(Opened {
        workspace,
        session,
        source,
    })
}

/// Where another run than the current one cannot be read, no rebuild helps.
fn refused(error: RunError, context: &Context, layout: &Layout) -> Failure {
    let old = match &error {
        RunError::RebuildRequired { run: Some(run), .. } => {
            matches!(Standing::judge(layout), Ok(Standing::Ready(now)) if now.run != *run)
        }
        _ => false,
    };
    let failure = Failure::from(error);
    match old {
        true => failure
            .why(
                "nothing was changed; the current run can be read, and what auditgraph rebuild \
                 makes is a run of the sources there are now",
            )
            .hint(context.scope.command("runs")),
        false => failure,
    }
}
