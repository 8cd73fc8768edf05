//! `auditgraph query`: answers with citations.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::ops::Range;

use clap::Args;
use serde::Serialize;

use crate::cli::context::Context;
use crate::cli::error::Failure;
use crate::cli::examples;
use crate::cli::exit::Exit;
use crate::cli::freshness::{Freshness, Since};
use crate::cli::kinds;
use crate::cli::output::{Page, Report};
use crate::cli::reading::{self, Opened, RunChoice, Source};
use crate::cli::style::{Style, clean};
use crate::foundation::Sha256;
use crate::graph::{NodeId, NodeKind, WorkspacePath};
use crate::index::search::{self, Absence, Expression, Hit, PathPattern, Place, Query, Weights};
use crate::index::{Filter, Index, Window};

const EXAMPLES: &[(&str, &str)] = &[
    (
        "auditgraph query release plan",
        "both words, anywhere in a chunk",
    ),
    (
        "auditgraph query '\"release plan\" OR roadmap'",
        "a phrase, or a word",
    ),
    (
        "auditgraph query 'plan NOT draft' --tag team",
        "in documents with a tag",
    ),
    (
        "auditgraph query 'plan*' --path docs --type section",
        "sections below docs, by prefix",
    ),
];

/// What is typed.
#[derive(Debug, Args)]
#[command(after_help = examples::text(EXAMPLES))]
pub(crate) struct Typed {
    /// Words (all must match), "phrases", prefix*, AND, OR, NOT, parentheses
    #[arg(required = true, value_name = "QUERY")]
    query: Vec<String>,
    /// Kinds of nodes to find (repeatable) [default: chunk]
    #[arg(long = "type", value_name = "KIND", value_delimiter = ',', value_parser = kinds::one_of(kinds::nodes()))]
    kinds: Vec<NodeKind>,
    /// Only in documents at this path, below this folder, or matching this glob (repeatable)
    #[arg(long = "path", value_name = "PATH")]
    paths: Vec<String>,
    /// Only in documents with this tag (repeatable: with all of them)
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// At most this many hits [default: [search] limit of auditgraph.toml]
    #[arg(long, short = 'n', value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
    #[command(flatten)]
    run: RunChoice,
}

pub(crate) fn run(context: &Context, typed: &Typed) -> Result<Exit, Failure> {
    let text = typed.query.join(" ");
    let expression = search::parse(&text)?;
    let paths = typed
        .paths
        .iter()
        .map(|path| PathPattern::new(path))
        .collect::<Result<Vec<_>, _>>()?;
    let mut opened = reading::open(context, &typed.run)?;
    let settings = &opened.workspace.config().search;
    let limit = typed.limit.map(u64::from).unwrap_or(settings.limit);
    let query = Query {
        kinds: typed.kinds.iter().copied().collect(),
        paths,
        tags: typed.tags.clone(),
        limit: usize::try_from(limit).unwrap_or(usize::MAX),
        weights: weights(settings.heading_weight_thousandths),
        ..Query::new(expression)
    };
    let hits = opened.session.index().search(&query)?;
    let answer = Answer {
        run: opened.source.clone(),
        query: text,
        hits: cite(&mut opened, &query.expression, hits)?,
    };
    context.output.report(&answer)?;
    if answer.hits.is_empty() {
        context.output.note("no hits");
        for reason in reasons(context, opened.session.index(), typed, &query)? {
            context.output.note(reason);
        }
    }
    Ok(Exit::Done)
}

/// Why there are no hits, and what to type next.
fn reasons(
    context: &Context,
    index: &Index,
    typed: &Typed,
    query: &Query,
) -> Result<Vec<String>, Failure> {
    let list = context.scope.command("list");
    let empty = empty_scopes(index, typed)?;
    if !empty.is_empty() {
        let told = |(scope, kind): (String, NodeKind)| {
            format!("{scope}: {list} --type {} shows all", kind.name())
        };
        return Ok(empty.into_iter().map(told).collect());
    }
    let told = |absence| match absence {
        Absence::Nowhere { text, longer: true } => {
            format!("no word searched is `{text}`; `{text}*` finds those that begin with it")
        }
        Absence::Nowhere { text, .. } => format!("nothing searched has `{text}`"),
        Absence::NeverTogether => {
            "each is there, but no place has all: with OR between them, any will do".to_owned()
        }
    };
    Ok(index.absences(query)?.into_iter().map(told).collect())
}

/// Why there can be no hits: a scope in which there is no document, with the
/// kind of nodes that scopes of its kind are taken from.
fn empty_scopes(index: &Index, typed: &Typed) -> Result<Vec<(String, NodeKind)>, Failure> {
    let paths = typed
        .paths
        .iter()
        .map(|path| ("path", path, NodeKind::Document));
    let tags = typed.tags.iter().map(|tag| ("tag", tag, NodeKind::Tag));
    let mut empty = Vec::new();
    for (key, value, listed) in paths.chain(tags) {
        let kind = NodeKind::Document;
        let filter = Filter::parse(&format!("{key}={value}"), Some(kind))?;
        let one = Window {
            offset: 0,
            limit: 1,
        };
        if index.list_nodes(kind, &[filter], one)?.items.is_empty() {
            empty.push((format!("no document has {key} {value}"), listed));
        }
    }
    Ok(empty)
}

/// Titles and headings weigh what the configuration says.
fn weights(heading_thousandths: u64) -> Weights {
    #[expect(
        clippy::cast_precision_loss,
        reason = "at most a million thousandths: exact"
    )]
    let heading = heading_thousandths as f64 / 1_000.0;
    Weights {
        title: heading,
        heading,
        text: 1.0,
    }
}

#[derive(Serialize)]
struct Answer {
    run: Source,
    query: String,
    hits: Vec<Cited>,
}

/// A hit with everything a reader needs to judge it.
#[derive(Serialize)]
struct Cited {
    id: NodeId,
    kind: NodeKind,
    score: f64,
    #[serde(flatten)]
    citation: Citation,
}

/// Where the answer stands.
#[derive(Serialize)]
struct Citation {
    path: WorkspacePath,
    line: u32,
    end_line: u32,
    start: u32,
    end: u32,
    title: Option<String>,
    trail: Vec<String>,
    snippet: Snippet,
    source_sha256: Sha256,
    #[serde(flatten)]
    since: Since,
}

#[derive(Serialize)]
struct Snippet {
    text: String,
    /// Byte ranges of `text` that match.
    matches: Vec<[usize; 2]>,
}

fn cite(
    opened: &mut Opened,
    expression: &Expression,
    hits: Vec<Hit>,
) -> Result<Vec<Cited>, Failure> {
    let mut freshness = Freshness::of(&opened.workspace);
    let mut cited = Vec::with_capacity(hits.len());
    // The best hits often stand in one source: it is unpacked once.
    let mut stored: BTreeMap<WorkspacePath, String> = BTreeMap::new();
    for Hit { id, place, score } in hits {
        let since = freshness.since(&place.path, place.sha256);
        let text = match freshness.text(&place.path, place.sha256) {
            Some(text) => text,
            None => stored_text(opened, &mut stored, &place.path)?,
        };
        let snippet = show(text, &id, &place, expression);
        cited.push(Cited {
            kind: id.kind(),
            id,
            // Beyond this the digits tell nothing.
            score: (score * 10_000.0).round() / 10_000.0,
            citation: Citation {
                line: place.line.saturating_add(snippet.line),
                end_line: place.end_line,
                start: place.start,
                end: place.end,
                title: place.title,
                trail: place.trail,
                since,
                source_sha256: place.sha256,
                path: place.path,
                snippet: Snippet {
                    text: snippet.text,
                    matches: snippet
                        .ranges
                        .into_iter()
                        .map(|it| [it.start, it.end])
                        .collect(),
                },
            },
        });
    }
    Ok(cited)
}

/// What matches in a chunk of the source `text`, or the use of a name.
fn show(text: &str, id: &NodeId, place: &Place, expression: &Expression) -> search::Snippet {
    let span = place.start as usize..place.end as usize;
    match id.kind() {
        NodeKind::Document | NodeKind::Section | NodeKind::Chunk => {
            search::snippet(text.get(span).unwrap_or_default(), expression)
        }
        _ => search::excerpt(text, span),
    }
}

/// The source's text as the run has it, from the packs; kept in `stored`.
fn stored_text<'s>(
    opened: &mut Opened,
    stored: &'s mut BTreeMap<WorkspacePath, String>,
    path: &WorkspacePath,
) -> Result<&'s str, Failure> {
    if !stored.contains_key(path) {
        let text = opened.session.text_at(path)?.unwrap_or_default();
        stored.insert(path.clone(), text);
    }
    Ok(stored.get(path).map_or("", String::as_str))
}

impl Report for Answer {
    fn human(&self, page: &mut Page<'_>) -> io::Result<()> {
        // Two kinds of nodes may be cited at one place, with one heading.
        let kinds: BTreeSet<NodeKind> = self.hits.iter().map(|hit| hit.kind).collect();
        let several = kinds.len() > 1;
        for (position, hit) in self.hits.iter().enumerate() {
            if position > 0 {
                page.line("")?;
            }
            let score = page.paint(Style::Faint, format_args!("({:.2})", hit.score));
            let at = &hit.citation;
            let (kind, heading) = match hit.kind {
                NodeKind::Document | NodeKind::Section | NodeKind::Chunk => {
                    let heading = match at.trail.is_empty() {
                        true => at.title.clone().unwrap_or_default(),
                        false => at.trail.join(" › "),
                    };
                    (several.then_some(hit.kind), heading)
                }
                _ => (None, hit.id.to_string()),
            };
            let kind = match kind {
                Some(kind) => format!("{}  ", page.paint(Style::Faint, kind)),
                None => String::new(),
            };
            let since = match at.since.told() {
                Some(told) => format!("  {}", page.paint(Style::Warning, format!("[{told}]"))),
                None => String::new(),
            };
            page.line(format_args!(
                "{}:{}  {kind}{}  {score}{since}",
                page.paint(Style::Path, at.path.as_str()),
                page.paint(Style::Position, at.line),
                page.paint(Style::Strong, heading),
            ))?;
            page.line(format_args!("    {}", marked(page, &at.snippet)))?;
        }
        Ok(())
    }
}

/// The snippet with its matches in colour, or between `**` without colours.
fn marked(page: &Page<'_>, snippet: &Snippet) -> String {
    let mut line = String::new();
    let mut at = 0;
    let piece = |range: Range<usize>| snippet.text.get(range).unwrap_or_default();
    for [start, end] in &snippet.matches {
        line.push_str(&clean(piece(at..*start)));
        let found = piece(*start..*end);
        line.push_str(&if page.colour() {
            page.paint(Style::Match, found).to_string()
        } else {
            format!("**{}**", clean(found))
        });
        at = *end;
    }
    line.push_str(&clean(piece(at..snippet.text.len())));
    line
}
