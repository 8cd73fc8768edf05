//! `auditgraph export`: a run for other tools.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, ValueHint};
use serde::Serialize;

use crate::budget::Verdict;
use crate::cli::budget::Budget;
use crate::cli::context::Context;
use crate::cli::error::Failure;
use crate::cli::examples;
use crate::cli::exit::Exit;
use crate::cli::output::{Page, Report, lossy};
use crate::cli::reading::{self, Opened, RunChoice, Source};
use crate::cli::style::Style;
use crate::cli::{kinds, words};
use crate::export::{self, Count, ExportError, Format, Header, RunReference};
use crate::foundation::shell::quote;
use crate::foundation::size::human;
use crate::foundation::{Sha256, Sha256Hasher, durable};
use crate::run::{RunError, counted_source_bytes};
use crate::source::Selection;
use crate::workspace::{CONFIG_FILE, Workspace, usage};

const EXAMPLES: &[(&str, &str)] = &[
    (
        "auditgraph export --output graph.json",
        "nodes and links as JSON",
    ),
    (
        "auditgraph export --format graphml --output graph.graphml",
        "for networkx, Gephi, yEd",
    ),
    (
        "auditgraph export --format dot | dot -Tsvg > graph.svg",
        "drawn by Graphviz",
    ),
    (
        "auditgraph export --format jsonl | grep '\"unresolved\"'",
        "one record per line",
    ),
];

/// What is typed.
#[derive(Debug, Args)]
#[command(after_help = examples::text(EXAMPLES))]
pub(crate) struct Typed {
    /// The format [default: by the ending of FILE, else json]
    #[arg(long, short = 'f', value_name = "FORMAT", value_parser = kinds::one_of(formats()))]
    format: Option<Format>,
    /// Write to FILE, replaced in one step [default: -, standard output]
    #[arg(long, short = 'o', value_name = "FILE", value_hint = ValueHint::FilePath)]
    output: Option<PathBuf>,
    #[command(flatten)]
    run: RunChoice,
}

fn formats() -> Vec<(&'static str, Format)> {
    Format::ALL.map(|format| (format.name(), format)).to_vec()
}

pub(crate) fn run(context: &Context, typed: &Typed) -> Result<Exit, Failure> {
    let output = typed
        .output
        .as_deref()
        .filter(|path| *path != Path::new("-"));
    let format = format(typed.format, output)?;
    if context.output.is_json() && output.is_none() && format != Format::Json {
        return Err(Failure::usage(
            "--json promises one JSON document on standard output: write the export to a file",
        )
        .hint(format_args!(
            "auditgraph export --json --format {0} --output graph.{0}",
            format.name()
        )));
    }
    let opened = reading::open_to_keep(context, &typed.run)?;
    let budget = judge(context, &opened)?;
    let header = Header {
        schema: opened.source.schema.clone(),
        run: RunReference {
            id: opened.source.id.to_string(),
            digest: opened.source.digest,
        },
    };
    let records = opened.session.index();
    let Some(output) = output else {
        // Nothing is written to a disk: the budget can only warn.
        budget.warn(&context.output);
        let mut outcome = Ok(Exit::Done);
        context
            .output
            .write(|out| match export::write(format, &header, records, out) {
                Ok(_) => Ok(()),
                Err(ExportError::Io(error)) => Err(error),
                Err(ExportError::Index(error)) => {
                    outcome = Err(error.into());
                    Ok(())
                }
            })?;
        return outcome;
    };
    check_destination(&opened.workspace, output)?;
    if budget.assessment().verdict == Verdict::Block {
        return Err(budget.into_failure());
    }
    let (count, digest, bytes) = durable::replace_with(output, |out| {
        let mut out = Hashed {
            out,
            hasher: Sha256Hasher::default(),
            bytes: 0,
        };
        let count = export::write(format, &header, records, &mut out)?;
        Ok::<_, ExportError>((count, out.hasher.finish(), out.bytes))
    })
    .map_err(|error| match error {
        ExportError::Io(error) => Failure::io("write", output, &error),
        ExportError::Index(error) => error.into(),
    })?;
    budget.warn(&context.output);
    let exported = Exported {
        run: opened.source,
        export_format: format,
        output: output.to_owned(),
        bytes,
        sha256: digest,
        count,
        budget,
    };
    let stands = "the export is written all the same";
    context.output.report_change(&exported, stands)?;
    Ok(Exit::Done)
}

fn format(wanted: Option<Format>, output: Option<&Path>) -> Result<Format, Failure> {
    if let Some(wanted) = wanted {
        return Ok(wanted);
    }
    let Some((path, extension)) = output.and_then(|path| Some((path, path.extension()?))) else {
        return Ok(Format::Json);
    };
    let known = extension.to_str().and_then(Format::of_extension);
    known.ok_or_else(|| {
        Failure::usage(format_args!(
            "no format has files that end in .{}",
            extension.display()
        ))
        .path(path.display())
        .why("with --format a file can have any name but a source's")
        .hint(format_args!(
            "auditgraph export --output {}",
            quote(&path.with_extension("json"))
        ))
    })
}

/// The budget judges what is under `.pkg`, wherever the export goes (FR-010).
fn judge(context: &Context, opened: &Opened) -> Result<Budget, Failure> {
    let layout = opened.workspace.layout(&context.profile);
    let usage = usage::measure(layout.profile()).map_err(RunError::from)?;
    let source_bytes = counted_source_bytes(&layout, opened.session.manifest())?;
    let policy = &opened.workspace.config().budget;
    let assessment = policy.assess(source_bytes, usage.total.bytes, 0);
    Ok(Budget::new(assessment, &usage, &layout, &context.scope))
}

/// Refuses a destination under `.pkg`, one that is no regular file (a rename
/// would put a file in the place of a device), and in the place of a source or
/// of the configuration.
fn check_destination(workspace: &Workspace, output: &Path) -> Result<(), Failure> {
    let refuse = |what: &str| {
        Err(Failure::usage(format_args!("{} {what}", output.display()))
            .path(output.display())
            .hint("choose another file, or leave --output away to write to standard output"))
    };
    if std::fs::metadata(output).is_ok_and(|metadata| !metadata.is_file()) {
        return refuse("exists and is not a regular file");
    }
    if output.file_name().is_none() {
        return refuse("is not the name of a file");
    }
    let folder = durable::folder_of(output);
    let folder = folder.canonicalize().map_err(|error| {
        let failure = Failure::io("open the folder", folder, &error);
        match error.kind() {
            io::ErrorKind::NotFound => failure.hint(format_args!("mkdir -p {}", quote(folder))),
            _ => failure,
        }
    })?;
    let derived = workspace.root().join(crate::workspace::DERIVED_FOLDER);
    if folder.starts_with(&derived) {
        return refuse("is inside .pkg, where only runs are written");
    }
    let selection = Selection::new(&workspace.config().sources).map_err(RunError::from)?;
    let place = folder.join(output.file_name().unwrap_or_default());
    let inside = place.strip_prefix(workspace.root()).ok();
    match inside.and_then(Path::to_str) {
        Some(CONFIG_FILE) => refuse("is the configuration of the workspace"),
        Some(path) if place.exists() && selection.takes(path) => {
            refuse("is a source of the workspace")
        }
        _ => Ok(()),
    }
}

/// Counts and hashes what passes.
struct Hashed<'a> {
    out: &'a mut dyn Write,
    hasher: Sha256Hasher,
    bytes: u64,
}

impl Write for Hashed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.out.write(bytes)?;
        self.hasher.update(&bytes[..count]);
        self.bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[derive(Serialize)]
struct Exported {
    run: Source,
    export_format: Format,
    #[serde(serialize_with = "lossy")]
    output: PathBuf,
    bytes: u64,
    sha256: Sha256,
    #[serde(flatten)]
    count: Count,
    budget: Budget,
}

impl Report for Exported {
    fn human(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.line(format_args!(
            "{}  {}, {}, {} of {}",
            page.paint(Style::Path, self.output.display()),
            human(self.bytes),
            words::count(self.count.nodes, "node"),
            words::count(self.count.links, "link"),
            self.run.id
        ))
    }
}
