//! Nodes and links as they are handed out.

use serde::{Deserialize, Serialize};

use crate::foundation::Sha256;
use crate::graph::{NodeId, NodeKind, WorkspacePath};

/// A node of the graph.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Node {
    /// Its stable id.
    pub id: NodeId,
    /// Its kind, which the id begins with.
    pub kind: NodeKind,
    /// Title of a document, heading of a section, name of a term or tag, URL
    /// or path of a target; none for a chunk.
    pub title: Option<String>,
    /// Where it stands. A term, tag or target stands in no place of its own:
    /// there is none until [`cite_names`](super::Index::cite_names) gives it
    /// that of its first use.
    pub place: Option<NodePlace>,
    /// Rank of a section, 1 to 6.
    pub level: Option<u8>,
    /// For a term the chunks that mention it, for a tag its uses.
    pub uses: Option<u64>,
}

/// Where a node stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NodePlace {
    /// The source.
    pub path: WorkspacePath,
    /// First line, from 1.
    pub line: u32,
    /// Last line; for a section that in which it starts.
    pub end_line: u32,
    /// First byte, from 0.
    pub start: u64,
    /// One past the last byte.
    pub end: u64,
    /// Digest of the source's bytes.
    pub sha256: Sha256,
}

/// The kinds of links.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkKind {
    /// A document or section contains a section or chunk.
    Contains,
    /// A chunk mentions a term.
    Mentions,
    /// A document is tagged.
    Tagged,
    /// A document or section links to something.
    LinksTo,
}

impl LinkKind {
    /// Every kind, in the order of its declaration.
    pub const ALL: [Self; 4] = [Self::Contains, Self::Mentions, Self::Tagged, Self::LinksTo];

    /// The kind's name in JSON and SQL.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Contains => "contains",
            Self::Mentions => "mentions",
            Self::Tagged => "tagged",
            Self::LinksTo => "links_to",
        }
    }

    /// The rules by which links of this kind are found.
    #[must_use]
    pub const fn rules(self) -> &'static [&'static str] {
        match self {
            Self::Contains => &["structure"],
            Self::Mentions => &["inline_code", "fence_language"],
            Self::Tagged => &["front_matter", "hashtag"],
            Self::LinksTo => &[
                "inline",
                "reference",
                "autolink",
                "wikilink",
                "image",
                "rst_link",
            ],
        }
    }
}

/// What became of a link's target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It is a node of this run's documents.
    Resolved,
    /// It is outside the workspace.
    External,
    /// It is a file or folder that is no source.
    File,
    /// It names nothing that exists: a broken link.
    Unresolved,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 4] = [Self::Resolved, Self::External, Self::File, Self::Unresolved];

    /// The status' name in JSON and SQL.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Resolved => "resolved",
            Self::External => "external",
            Self::File => "file",
            Self::Unresolved => "unresolved",
        }
    }

    pub(super) const fn of(target: NodeKind) -> Self {
        match target {
            NodeKind::External => Self::External,
            NodeKind::File => Self::File,
            NodeKind::Unresolved => Self::Unresolved,
            _ => Self::Resolved,
        }
    }
}

/// A link of the graph, with its evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Link {
    /// Where it begins.
    pub source: NodeId,
    /// Its kind.
    pub kind: LinkKind,
    /// Where it ends.
    pub target: NodeId,
    /// What became of its target.
    pub status: Status,
    /// By which rule it was found.
    pub rule: &'static str,
    /// How often, for mentions: uses of the term in the chunk, of which the
    /// evidence is the first.
    pub uses: u32,
    /// The target as written; none where nothing was written.
    pub written: Option<String>,
    /// Where it is written.
    pub evidence: Evidence,
}

/// The place that proves a link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// The source.
    pub path: WorkspacePath,
    /// Line, from 1.
    pub line: u32,
    /// First byte, from 0.
    pub start: u64,
    /// One past the last byte.
    pub end: u64,
    /// Digest of the source's bytes.
    pub sha256: Sha256,
}
