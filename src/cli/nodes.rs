//! Nodes and links as people name and read them.

use std::io;

use crate::cli::error::Failure;
use crate::cli::exit::Exit;
use crate::cli::output::Page;
use crate::cli::style::Style;
use crate::graph::other_forms;
use crate::graph::{Chunk, NodeId, NodeKind, WorkspacePath, resolve};
use crate::index::{Link, Node, Status};
use crate::run::Session;

/// The node that `text` names: an id, a path (`notes/plan.md`), a path with a
/// fragment (`notes/plan.md#next`, `notes/plan.md#Next steps`), or a place as
/// hits and links show it (`notes/plan.md:12`), which means the chunk there.
///
/// # Errors
/// When the run has no such node.
pub(crate) fn find(session: &mut Session, text: &str) -> Result<Node, Failure> {
    let bare = text.strip_prefix("./").unwrap_or(text);
    let id: Option<NodeId> = text.parse().ok();
    let kind = id.as_ref().map_or(NodeKind::Document, NodeId::kind);
    let mut candidates: Vec<NodeId> = match id {
        Some(id) if id.kind() == NodeKind::Tag => vec![NodeId::tag(id.key())],
        id => id.into_iter().collect(),
    };
    if let Some((path, fragment)) = bare.split_once('#') {
        let anchors = [fragment, &resolve::slug(fragment)].map(|anchor| format!("{path}#{anchor}"));
        candidates.extend(anchors.map(|key| NodeId::new(NodeKind::Section, key)));
    }
    candidates.push(NodeId::new(NodeKind::Document, bare));
    // What looks equal is meant, however its accents are stored.
    let alike = candidates.iter().flat_map(|id| {
        let forms = other_forms(id.key()).into_iter();
        forms.map(|form| NodeId::new(id.kind(), form))
    });
    let alike: Vec<NodeId> = alike.collect();
    candidates.extend(alike);
    for id in &candidates {
        if let Some(node) = session.index().node(id)? {
            return Ok(node);
        }
    }
    if let Some(id) = chunk_at(session, bare)?
        && let Some(node) = session.index().node(&id)?
    {
        return Ok(node);
    }
    Err(Failure::new(
        Exit::Failed,
        "unknown_node",
        format_args!("run {} has no node {text:?}", session.manifest().run),
    )
    .why("a node is named by its id (document:notes/plan.md, tag:release), by a path, or by path:line")
    .hint(format_args!("auditgraph list --type {kind}")))
}

/// The chunk at `path:line`; for a line between chunks, such as one of the
/// front matter, the chunk before it, else the first.
fn chunk_at(session: &mut Session, text: &str) -> Result<Option<NodeId>, Failure> {
    let place = text.rsplit_once(':').and_then(|(path, line)| {
        Some((
            path.parse::<WorkspacePath>().ok()?,
            line.parse::<u32>().ok()?,
        ))
    });
    let Some((path, line)) = place else {
        return Ok(None);
    };
    let Some(document) = session.document_at(&path)? else {
        return Ok(None);
    };
    // A hit in an empty file is at its first line.
    if !(1..=document.lines.max(1)).contains(&line) {
        return Ok(None);
    }
    let chunks = &document.chunks;
    let holds = |chunk: &Chunk| (chunk.span.line..=chunk.span.end_line).contains(&line);
    let at = chunks
        .iter()
        .position(holds)
        .or_else(|| chunks.iter().rposition(|chunk| chunk.span.line < line))
        .unwrap_or(0);
    let key = crate::graph::chunk_keys(chunks).into_iter().nth(at);
    Ok(key.map(|key| NodeId::chunk(&path, &key)))
}

/// One node on one line: its id, its title, where it stands.
pub(crate) fn node_line(page: &Page<'_>, node: &Node) -> String {
    let mut line = page.paint(Style::Path, &node.id).to_string();
    let told = node
        .title
        .as_deref()
        .filter(|title| *title != node.id.key());
    if let Some(title) = told {
        line.push_str(&format!("  {}", page.paint(Style::Strong, title)));
    }
    if let Some(uses) = node.uses {
        line.push_str(&format!("  {uses}x"));
    }
    if let Some(place) = node
        .place
        .as_ref()
        .filter(|_| node.kind != NodeKind::Document)
    {
        line.push_str(&format!(
            "  {}:{}",
            page.plain(place.path.as_str()),
            page.paint(Style::Position, place.line)
        ));
    }
    line
}

/// One link on one line, its evidence first, so that an editor can jump to it.
pub(crate) fn link_line(page: &Page<'_>, link: &Link) -> String {
    let at = &link.evidence;
    let mut line = format!(
        "{}:{}  ",
        page.paint(Style::Path, at.path.as_str()),
        page.paint(Style::Position, at.line),
    );
    // The source always stands in the file just named: what is left of its id
    // is a fragment (`#next-steps`), a chunk (`~3fa9c0d21b44`), or nothing.
    let source = link.source.key();
    let inside = source.strip_prefix(at.path.as_str()).unwrap_or(source);
    if !inside.is_empty() {
        line.push_str(&format!("{} ", page.plain(inside)));
    }
    line.push_str(&format!(
        "{} {}",
        page.paint(Style::Faint, format_args!("-{}->", link.kind.name())),
        page.paint(Style::Strong, &link.target),
    ));
    if link.status == Status::Unresolved {
        let written = link.written.as_deref().unwrap_or_default();
        let told = format!("broken: {written}");
        line.push_str(&format!("  {}", page.paint(Style::Bad, told)));
    }
    if link.uses > 1 {
        line.push_str(&format!("  {}x", link.uses));
    }
    line
}

/// Writes at most `most` lines, and says how many were left out.
pub(crate) fn some<T>(
    page: &mut Page<'_>,
    items: &[T],
    most: usize,
    line: impl Fn(&Page<'_>, &T) -> String,
) -> io::Result<()> {
    for item in items.iter().take(most) {
        let text = line(page, item);
        page.line(format_args!("  {text}"))?;
    }
    if items.len() > most {
        page.line(format_args!(
            "  … and {} more (--json has them all)",
            items.len() - most
        ))?;
    }
    Ok(())
}
