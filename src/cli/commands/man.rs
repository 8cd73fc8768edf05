//! `auditgraph man`: man pages from the definition that parses arguments.

use std::io;
use std::path::{Path, PathBuf};

use clap::{Args, ValueHint};
use serde::Serialize;

use crate::cli::context::Context;
use crate::cli::error::Failure;
use crate::cli::examples;
use crate::cli::exit::Exit;
use crate::cli::output::{Page, Report, lossy};
use crate::cli::style::clean;

const EXAMPLES: &[(&str, &str)] = &[
    ("auditgraph man query | man -l -", "read a command's page"),
    (
        "auditgraph man --out man/man1",
        "write all pages into a folder",
    ),
];

/// What is typed.
#[derive(Debug, Args)]
#[command(after_help = examples::text(EXAMPLES))]
pub(crate) struct Typed {
    /// The command whose page to print, `query` or `workspaces add` [default: the
    /// page of auditgraph itself]
    #[arg(conflicts_with = "out")]
    command: Vec<String>,
    /// Write one page per command into DIR, which is made when missing
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    out: Option<PathBuf>,
}

pub(crate) fn run(
    context: &Context,
    typed: &Typed,
    definition: clap::Command,
) -> Result<Exit, Failure> {
    let pages = pages(definition);
    if let Some(folder) = &typed.out {
        context.output.report(&write(folder, &pages)?)?;
        return Ok(Exit::Done);
    }
    let command = match typed.command.join("-") {
        none if none.is_empty() => "auditgraph".to_owned(),
        command => command,
    };
    // The name of a page will do, too.
    let names = [format!("{command}.1"), format!("auditgraph-{command}.1")];
    let page = pages.iter().find(|(name, _)| names.contains(name));
    let (_, page) = page.ok_or_else(|| {
        let typed = typed.command.join(" ");
        Failure::usage(format_args!("no command is called {typed:?}")).hint("auditgraph --help")
    })?;
    context.output.text("page", page)?;
    Ok(Exit::Done)
}

/// The pages written.
#[derive(Serialize)]
struct Written {
    #[serde(serialize_with = "lossy")]
    folder: PathBuf,
    pages: Vec<String>,
}

impl Report for Written {
    fn human(&self, page: &mut Page<'_>) -> io::Result<()> {
        for name in &self.pages {
            let path = self.folder.join(name);
            page.line(clean(&path.display().to_string()))?;
        }
        Ok(())
    }
}

fn write(folder: &Path, pages: &[(String, Vec<u8>)]) -> Result<Written, Failure> {
    std::fs::create_dir_all(folder)
        .map_err(|error| Failure::io("make the folder", folder, &error))?;
    for (name, page) in pages {
        let path = folder.join(name);
        std::fs::write(&path, page).map_err(|error| Failure::io("write", &path, &error))?;
    }
    Ok(Written {
        folder: folder.to_owned(),
        pages: pages.iter().map(|(name, _)| name.clone()).collect(),
    })
}

/// Every page by file name: the main one, then one per command and per
/// command of a command, which is all that the pages refer to.
fn pages(mut definition: clap::Command) -> Vec<(String, Vec<u8>)> {
    definition.build();
    let mut pages = Vec::new();
    add_pages(&definition, &mut pages);
    pages
}

fn add_pages(command: &clap::Command, pages: &mut Vec<(String, Vec<u8>)>) {
    pages.push(render(command));
    for below in command.get_subcommands() {
        add_pages(below, pages);
    }
}

fn render(command: &clap::Command) -> (String, Vec<u8>) {
    let man = clap_mangen::Man::new(command.clone())
        .manual("auditgraph manual")
        // No date: a page is the same whenever it is made. Unquoted it would
        // be no field at all, and the next one would take its place.
        .date("\"\"")
        .source(concat!("auditgraph ", env!("CARGO_PKG_VERSION")));
    let mut page = Vec::new();
    // Writing into memory does not fail.
    let _ = man.render_title(&mut page);
    let _ = man.render_name_section(&mut page);
    let _ = man.render_synopsis_section(&mut page);
    let _ = man.render_description_section(&mut page);
    let _ = man.render_options_section(&mut page);
    if command.has_subcommands() {
        let _ = man.render_subcommands_section(&mut page);
    }
    let mut page = without_repeated_preamble(&page);
    if let Some(text) = command.get_after_help() {
        page.extend_from_slice(verbatim(&text.to_string()).as_bytes());
    }
    (man.get_filename(), page)
}

/// Each section is rendered with the same two definitions of an apostrophe in
/// front: once is enough.
fn without_repeated_preamble(page: &[u8]) -> Vec<u8> {
    let preamble = |line: &[u8]| line.starts_with(b".ie \\n(.g") || line.starts_with(b".el .ds Aq");
    let mut lines = page.split_inclusive(|byte| *byte == b'\n');
    let head: Vec<&[u8]> = lines.by_ref().take(2).collect();
    let rest = lines.filter(|line| !preamble(line));
    head.into_iter().chain(rest).flatten().copied().collect()
}

/// The text after the options as sections of their own: `Examples:` and
/// `Exit codes:` are headings, their lines are kept as they are.
fn verbatim(text: &str) -> String {
    let mut page = String::new();
    let mut open = false;
    for line in text.lines() {
        if let Some(title) = line.strip_suffix(':').filter(|_| !line.starts_with(' ')) {
            if open {
                page.push_str(".fi\n");
            }
            open = true;
            page.push_str(&format!(".SH {:?}\n.nf\n", title.to_uppercase()));
        } else {
            let line = line.strip_prefix("  ").unwrap_or(line);
            let line = line.replace('\\', "\\e").replace('-', "\\-");
            // A leading dot or quote would be a request to roff.
            if line.starts_with(['.', '\'']) {
                page.push_str("\\&");
            }
            page.push_str(&line);
            page.push('\n');
        }
    }
    if open {
        page.push_str(".fi\n");
    }
    page
}
