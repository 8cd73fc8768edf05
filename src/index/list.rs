//! Nodes or links of one kind, filtered: `status=unresolved`,
//! `path=notes/**`, `tag=release`, …

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use globset::{GlobBuilder, GlobMatcher};
use serde::Serialize;

use super::entity::{Link, LinkKind, Node, Status};
use super::error::IndexError;
use super::locate::Head;
use super::open::Index;
use super::search::{PathPattern, PatternError, Scope};
use crate::graph::{NodeKind, folded};

/// A condition on listed nodes or links, from `key=value`.
#[derive(Clone, Debug)]
pub struct Filter(Condition);

#[derive(Clone, Debug)]
enum Condition {
    Path(PathPattern),
    Tag(String),
    Kind(LinkKind),
    Status(Status),
    Rule(&'static str),
    Level(u8),
    Id(NamePattern),
    Title(NamePattern),
    Source(NamePattern),
    Target(NamePattern),
}

/// A glob for names, whatever their case and the form of their accents; `*` goes
/// over `/`.
#[derive(Clone, Debug)]
struct NamePattern(GlobMatcher);

impl NamePattern {
    fn new(text: &str) -> Result<Self, PatternError> {
        let glob = GlobBuilder::new(&folded(text)).build()?;
        Ok(Self(glob.compile_matcher()))
    }

    fn matches(&self, name: &str) -> bool {
        self.0.is_match(&*folded(name))
    }
}

/// Why a condition cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// Not of the form `key=value`.
    #[error("not of the form key=value: {0:?}")]
    Malformed(String),
    /// A key that what is listed does not have.
    #[error("nothing to filter by named {key:?} here; there is: {}", valid.join(", "))]
    UnknownKey {
        /// What was given.
        key: String,
        /// What could be.
        valid: &'static [&'static str],
    },
    /// A value that can never match.
    #[error("no {key} is {value:?}; there is: {}", valid.join(", "))]
    UnknownValue {
        /// The key.
        key: &'static str,
        /// What was given.
        value: String,
        /// What could be.
        valid: Vec<&'static str>,
    },
    /// A glob that is malformed.
    #[error(transparent)]
    Pattern(#[from] PatternError),
}

const DOCUMENT_KEYS: &[&str] = &["path", "tag", "title", "id"];
const SECTION_KEYS: &[&str] = &["path", "tag", "title", "id", "level"];
/// A chunk has no title.
const CHUNK_KEYS: &[&str] = &["path", "tag", "id"];
const NAME_KEYS: &[&str] = &["title", "id"];
const LINK_KEYS: &[&str] = &["status", "kind", "rule", "path", "tag", "source", "target"];

/// What `kind` of node (`None` for links) can be filtered by.
#[must_use]
pub const fn filter_keys(kind: Option<NodeKind>) -> &'static [&'static str] {
    match kind {
        None => LINK_KEYS,
        Some(NodeKind::Document) => DOCUMENT_KEYS,
        Some(NodeKind::Section) => SECTION_KEYS,
        Some(NodeKind::Chunk) => CHUNK_KEYS,
        Some(_) => NAME_KEYS,
    }
}

impl Filter {
    /// Reads `key=value` for a list of `kind` (`None` for links).
    ///
    /// # Errors
    /// [`FilterError`], which names what would be valid.
    pub fn parse(text: &str, kind: Option<NodeKind>) -> Result<Self, FilterError> {
        let (key, value) = text
            .split_once('=')
            .ok_or_else(|| FilterError::Malformed(text.to_owned()))?;
        let valid = filter_keys(kind);
        let Some(key) = valid.iter().copied().find(|valid| *valid == key.trim()) else {
            return Err(FilterError::UnknownKey {
                key: key.trim().to_owned(),
                valid,
            });
        };
        let value = value.trim();
        Ok(Self(match key {
            "path" => Condition::Path(PathPattern::new(value)?),
            "tag" => Condition::Tag(value.to_owned()),
            "kind" => Condition::Kind(one_of(key, value, &LinkKind::ALL, LinkKind::name)?),
            "status" => Condition::Status(one_of(key, value, &Status::ALL, Status::name)?),
            "rule" => {
                let rules: Vec<&'static str> = LinkKind::ALL
                    .iter()
                    .flat_map(|kind| kind.rules().iter().copied())
                    .collect();
                Condition::Rule(one_of(key, value, &rules, |rule| rule)?)
            }
            "level" => Condition::Level(one_of(key, value, &[1, 2, 3, 4, 5, 6], |level| {
                ["1", "2", "3", "4", "5", "6"][usize::from(level) - 1]
            })?),
            "title" => Condition::Title(NamePattern::new(value)?),
            "source" => Condition::Source(NamePattern::new(value)?),
            "target" => Condition::Target(NamePattern::new(value)?),
            _ => Condition::Id(NamePattern::new(value)?),
        }))
    }

    fn keeps_node(&self, node: &Node) -> bool {
        match &self.0 {
            Condition::Level(level) => node.level == Some(*level),
            Condition::Id(pattern) => pattern.matches(&node.id.to_string()),
            Condition::Title(pattern) => node
                .title
                .as_ref()
                .is_some_and(|title| pattern.matches(title)),
            // Paths and tags choose documents; the rest is for links.
            _ => true,
        }
    }

    fn keeps_link(&self, link: &Link) -> bool {
        match &self.0 {
            Condition::Kind(kind) => link.kind == *kind,
            Condition::Status(status) => link.status == *status,
            Condition::Rule(rule) => link.rule == *rule,
            Condition::Source(pattern) => pattern.matches(&link.source.to_string()),
            Condition::Target(pattern) => pattern.matches(&link.target.to_string()),
            _ => true,
        }
    }

    /// Whether links of `kind` can pass: what cannot is not even read.
    fn allows(&self, kind: LinkKind) -> bool {
        match &self.0 {
            Condition::Kind(wanted) => kind == *wanted,
            Condition::Status(Status::Resolved) => true,
            Condition::Status(_) => kind == LinkKind::LinksTo,
            Condition::Rule(rule) => kind.rules().contains(rule),
            _ => true,
        }
    }
}

fn one_of<T: Copy>(
    key: &'static str,
    value: &str,
    all: &[T],
    name: impl Fn(T) -> &'static str,
) -> Result<T, FilterError> {
    all.iter()
        .copied()
        .find(|candidate| name(*candidate) == value)
        .ok_or_else(|| FilterError::UnknownValue {
            key,
            value: value.to_owned(),
            valid: all.iter().map(|candidate| name(*candidate)).collect(),
        })
}

/// Which part of a list.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// Skip so many.
    pub offset: usize,
    /// Then take at most so many.
    pub limit: usize,
}

/// Part of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Page<T> {
    /// The items of the window.
    pub items: Vec<T>,
    /// Whether there are more behind them.
    pub more: bool,
}

struct Gather<T> {
    page: Page<T>,
    skip: usize,
    limit: usize,
}

impl<T> Gather<T> {
    const fn new(window: Window) -> Self {
        Self {
            page: Page {
                items: Vec::new(),
                more: false,
            },
            skip: window.offset,
            limit: window.limit,
        }
    }

    fn take(&mut self, item: T) -> ControlFlow<()> {
        if self.skip > 0 {
            self.skip -= 1;
        } else if self.page.items.len() < self.limit {
            self.page.items.push(item);
        } else {
            self.page.more = true;
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }
}

impl Index {
    /// The nodes of `kind` that pass all `filters`, in the order of
    /// [`each_node`](Self::each_node).
    ///
    /// # Errors
    /// [`IndexError::Damaged`] or [`IndexError::Io`].
    pub fn list_nodes(
        &self,
        kind: NodeKind,
        filters: &[Filter],
        window: Window,
    ) -> Result<Page<Node>, IndexError> {
        let documents = Documents::of(self, filters)?;
        let mut gather = Gather::new(window);
        self.nodes_where(
            &BTreeSet::from([kind]),
            &|head| documents.keep(head),
            &mut |node| {
                if filters.iter().all(|filter| filter.keeps_node(&node)) {
                    gather.take(node)
                } else {
                    ControlFlow::Continue(())
                }
            },
        )?;
        Ok(gather.page)
    }

    /// The links that pass all `filters`, in the order of
    /// [`each_link`](Self::each_link). With `status=unresolved` it is the
    /// report of broken links.
    ///
    /// # Errors
    /// [`IndexError::Damaged`] or [`IndexError::Io`].
    pub fn list_links(&self, filters: &[Filter], window: Window) -> Result<Page<Link>, IndexError> {
        let documents = Documents::of(self, filters)?;
        let kinds = LinkKind::ALL
            .into_iter()
            .filter(|kind| filters.iter().all(|filter| filter.allows(*kind)))
            .collect();
        let mut gather = Gather::new(window);
        self.links_where(&kinds, &|head| documents.keep(head), &mut |link| {
            if filters.iter().all(|filter| filter.keeps_link(&link)) {
                gather.take(link)
            } else {
                ControlFlow::Continue(())
            }
        })?;
        Ok(gather.page)
    }
}

/// The documents that path and tag filters choose.
struct Documents {
    paths: Vec<PathPattern>,
    tagged: Option<BTreeSet<i64>>,
}

impl Documents {
    fn of(index: &Index, filters: &[Filter]) -> Result<Self, IndexError> {
        let mut paths = Vec::new();
        let mut tags = Vec::new();
        for filter in filters {
            match &filter.0 {
                Condition::Path(pattern) => paths.push(pattern.clone()),
                Condition::Tag(tag) => tags.push(tag.clone()),
                _ => {}
            }
        }
        let tagged = match tags.is_empty() {
            true => None,
            false => Some(Scope::new(index, &[], &tags)?.documents().collect()),
        };
        Ok(Self { paths, tagged })
    }

    fn keep(&self, head: &Head) -> bool {
        self.paths.iter().all(|pattern| pattern.matches(&head.path))
            && self
                .tagged
                .as_ref()
                .is_none_or(|tagged| tagged.contains(&head.id))
    }
}
