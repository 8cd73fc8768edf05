//! Nodes and links as people name and read them.

use std::io;

use crate::cli::error::Failure;
use crate::cli::exit::Exit;
use crate::cli::output::Page;
use crate::cli::style::Style;
use crate::graph::{Chunk, ChunkKey, NodeId, NodeKind, WorkspacePath, all_forms, resolve};
use crate::index::{Index, Link, Node, Status};
use crate::run::Session;

/// The node that `text` names: an id, a path (`notes/plan.md`), a path with a
/// fragment that a link could have (`notes/plan.md#next`, `notes/plan.md#Next
/// steps`), or a place as hits and links show it (`notes/plan.md:12`), which means
/// the chunk there.
///
/// # Errors
/// When the run has no such node.
pub(crate) fn find(session: &mut Session, text: &str) -> Result<Node, Failure> {
    let id: Option<NodeId> = text.parse().ok();
    let kind = id.as_ref().map_or(NodeKind::Document, NodeId::kind);
    if let Some(id) = id
        && let Some(node) = by_id(session.index(), &id)?
    {
        return Ok(node);
    }
    // A file may be called like an id.
    let bare = text.strip_prefix("./").unwrap_or(text);
    if let Some(id) = at_place(session, bare)?
        && let Some(node) = session.index().node(&id)?
    {
        return Ok(node);
    }
    Err(Failure::new(
        Exit::Failed,
        "unknown_node",
        format_args!("run {} has no node {text:?}", session.manifest().run),
    )
    .why(
        "a node is named by its id (document:notes/plan.md, tag:release), by a path, \
         by path#fragment, or by path:line",
    )
    .hint(format_args!("auditgraph list --type {kind}")))
}

/// The node with this id. What looks equal is meant, however its accents are
/// stored.
fn by_id(index: &Index, id: &NodeId) -> Result<Option<Node>, Failure> {
    let id = match id.kind() {
        NodeKind::Tag => NodeId::tag(id.key()),
        _ => id.clone(),
    };
    for key in all_forms(id.key()) {
        if let Some(node) = index.node(&NodeId::new(id.kind(), key))? {
            return Ok(Some(node));
        }
    }
    Ok(None)
}

/// What stands at a path, at a fragment of one, or at a line. The path may hold
/// `#` and `:` itself.
fn at_place(session: &mut Session, text: &str) -> Result<Option<NodeId>, Failure> {
    if let Some(path) = session.index().document_like(text)? {
        return Ok(Some(NodeId::document(&path)));
    }
    for (at, _) in text.match_indices('#') {
        if let Some(path) = session.index().document_like(&text[..at])?
            && let Some(id) = at_fragment(session, &path, &text[at + 1..])?
        {
            return Ok(Some(id));
        }
    }
    if let Some((path, line)) = text.rsplit_once(':')
        && let Ok(line) = line.parse()
        && let Some(path) = session.index().document_like(path)?
    {
        return chunk_at(session, &path, line);
    }
    Ok(None)
}

/// What a link with this fragment leads to.
fn at_fragment(
    session: &mut Session,
    path: &WorkspacePath,
    fragment: &str,
) -> Result<Option<NodeId>, Failure> {
    let Some(document) = session.document_at(path)? else {
        return Ok(None);
    };
    let find = |anchor: &str| document.at_anchor(path, anchor);
    Ok(all_forms(fragment).find_map(|form| resolve::at_fragment(path, &form, find)))
}

/// The chunk at this line; for a line between chunks, such as one of the front
/// matter, the chunk before it, else the first.
fn chunk_at(
    session: &mut Session,
    path: &WorkspacePath,
    line: u32,
) -> Result<Option<NodeId>, Failure> {
    let Some(document) = session.document_at(path)? else {
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
    let key = ChunkKey::of_all(chunks).into_iter().nth(at);
    Ok(key.map(|key| NodeId::chunk(path, key)))
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
