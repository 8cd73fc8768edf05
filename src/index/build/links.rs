//! Links wait until every document is known, in memory or in a spill file
//! of their own, and are then resolved and inserted in order.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};

use hashbrown::HashMap;

use super::rows::{Inserts, LinkRow, NameIds, Names};
use super::{Anchors, Counts};
use crate::foundation::digest::MultisetDigest;
use crate::foundation::spill::SpillFile;
use crate::foundation::sqlite::Scratch;
use crate::graph::Targets;
use crate::graph::resolve;
use crate::graph::{FileNames, LinkRule, NodeId, NodeKind, WorkspacePath};
use crate::index::digest::{RowHasher, place};
use crate::index::error::IndexError;
use crate::index::layout::{Code, row_id};
use crate::index::prepare::Prepared;
use crate::index::stems::Stems;

/// Links not yet resolved, in the order in which they will be inserted.
pub(super) enum Spool {
    Memory(Vec<u8>),
    File(BufWriter<File>),
}

/// One link as it is spooled.
struct Pending {
    document: i64,
    number: usize,
    section: Option<u32>,
    rule: i64,
    place: [i64; 3],
    name: Option<i64>,
    target: String,
}

impl Spool {
    pub(super) fn new(scratch: &Scratch) -> io::Result<Self> {
        Ok(match scratch {
            Scratch::Memory => Self::Memory(Vec::new()),
            Scratch::Spill(directory) => {
                let spill = SpillFile::create(directory)?;
                Self::File(BufWriter::new(spill.file().try_clone()?))
            }
        })
    }

    /// Keeps the links of one document.
    pub(super) fn add(&mut self, document: i64, prepared: &Prepared) -> io::Result<()> {
        let out: &mut dyn Write = match self {
            Self::Memory(bytes) => bytes,
            Self::File(file) => file,
        };
        let links = prepared.document.links.iter().zip(&prepared.names);
        for (number, (link, name)) in links.enumerate() {
            let [line, start, bytes] = place(link.span);
            for field in [
                document,
                number as i64,
                link.section.map_or(-1, i64::from),
                link.rule.code(),
                line,
                start,
                bytes,
                name.unwrap_or(-1),
                link.target.len() as i64,
            ] {
                out.write_all(&field.to_le_bytes())?;
            }
            out.write_all(link.target.as_bytes())?;
        }
        Ok(())
    }

    /// Resolves and inserts every link.
    pub(super) fn resolve(
        &mut self,
        documents: &[WorkspacePath],
        known: &Known<'_>,
        inserts: &Inserts<'_>,
        names: &mut Names,
        sum: &mut MultisetDigest,
        counts: &mut Counts,
    ) -> Result<(), IndexError> {
        let mut input: Box<dyn Read> = match self {
            Self::Memory(bytes) => Box::new(&bytes[..]),
            Self::File(file) => {
                file.flush()?;
                let mut file = file.get_ref();
                file.rewind()?;
                Box::new(BufReader::new(file))
            }
        };
        let mut open: Option<(i64, Resolution)> = None;
        while let Some(pending) = Pending::read(&mut *input)? {
            let source = &documents[pending.document as usize - 1];
            if open.as_ref().is_none_or(|(id, _)| *id != pending.document) {
                if let Some((_, done)) = open.take() {
                    sum.add(done.finish());
                }
                open = Some((pending.document, Resolution::new(source)));
            }
            let rule = LinkRule::from_code(pending.rule)?;
            let node = resolve::resolve(source, rule, &pending.target, known);
            let end = known.end(&node);
            if let Some((_, resolution)) = &mut open {
                resolution.add(&node, end, |document| {
                    documents[document as usize - 1].as_str()
                });
            }
            counts.unresolved += u64::from(node.kind() == NodeKind::Unresolved);
            inserts.link(&LinkRow {
                id: row_id(pending.document, pending.number),
                section: pending.section,
                rule: pending.rule,
                written: written(&pending.target, &node, end),
                place: pending.place,
                end,
                to_target: names.outside(&node, end)?,
                name: pending.name,
            })?;
        }
        if let Some((_, done)) = open {
            sum.add(done.finish());
        }
        Ok(())
    }
}

/// Where a link ends inside the documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::index) struct End {
    pub(in crate::index) document: i64,
    pub(in crate::index) section: Option<u32>,
}

/// What a link row keeps of the target as written: nothing where it is the
/// key of the target it points at.
pub(in crate::index) fn written<'a>(
    target: &'a str,
    node: &NodeId,
    end: Option<End>,
) -> Option<&'a str> {
    (end.is_some() || node.key() != target).then_some(target)
}

impl Pending {
    fn read(input: &mut dyn Read) -> io::Result<Option<Self>> {
        let mut fields = [0i64; 9];
        for (place, field) in fields.iter_mut().enumerate() {
            let mut bytes = [0u8; 8];
            match input.read_exact(&mut bytes) {
                Err(error) if place == 0 && error.kind() == io::ErrorKind::UnexpectedEof => {
                    return Ok(None);
                }
                outcome => outcome?,
            }
            *field = i64::from_le_bytes(bytes);
        }
        let [
            document,
            number,
            section,
            rule,
            line,
            start,
            bytes,
            name,
            length,
        ] = fields;
        let mut target = vec![0u8; length as usize];
        input.read_exact(&mut target)?;
        Ok(Some(Self {
            document,
            number: number as usize,
            section: u32::try_from(section).ok(),
            rule,
            place: [line, start, bytes],
            name: (name >= 0).then_some(name),
            target: String::from_utf8(target).map_err(io::Error::other)?,
        }))
    }
}

/// Where the links of one document point, as a row of the logical digest.
pub(in crate::index) struct Resolution(RowHasher);

impl Resolution {
    pub(in crate::index) fn new(source: &WorkspacePath) -> Self {
        let mut row = RowHasher::new("resolution");
        row.text(source.as_str());
        Self(row)
    }

    /// One link, which ends at `end` or, where that is nowhere inside the
    /// documents, at `node`; `path` names a document.
    pub(in crate::index) fn add<'p>(
        &mut self,
        node: &NodeId,
        end: Option<End>,
        path: impl Fn(i64) -> &'p str,
    ) {
        match end {
            Some(end) => self.inside(path(end.document), end.section.map(i64::from)),
            None => self.outside(node.kind().name(), node.key()),
        }
    }

    /// A link into a document.
    pub(in crate::index) fn inside(&mut self, path: &str, section: Option<i64>) {
        self.0.text("inside");
        self.0.text(path);
        self.0.number(section.unwrap_or(-1));
    }

    /// A link to anything else.
    pub(in crate::index) fn outside(&mut self, kind: &str, key: &str) {
        self.0.text(kind);
        self.0.text(key);
    }

    pub(in crate::index) fn finish(self) -> crate::foundation::Sha256 {
        self.0.finish()
    }
}

/// What links can point at.
pub(super) struct Known<'a> {
    pub(super) ids: HashMap<&'a str, i64>,
    pub(super) stems: Stems,
    pub(super) documents: &'a [WorkspacePath],
    pub(super) anchors: &'a Anchors,
    pub(super) files: &'a BTreeSet<WorkspacePath>,
    pub(super) file_names: FileNames<'a>,
}

/// Finds documents and fragments by name.
pub(in crate::index) trait Lookup {
    /// The id of the document at `path`.
    fn document(&self, path: &str) -> Option<i64>;

    /// The section of `document` that the fragment `anchor` leads to;
    /// `Some(None)` when it leads to the document itself.
    fn fragment(&self, document: i64, anchor: &str) -> Option<Option<u32>>;

    /// Where a link to `node` ends. The key of a section is `path#anchor`;
    /// either may hold a `#` itself.
    fn end(&self, node: &NodeId) -> Option<End> {
        match node.kind() {
            NodeKind::Document => self.document(node.key()).map(|document| End {
                document,
                section: None,
            }),
            NodeKind::Section => node.key().match_indices('#').find_map(|(at, _)| {
                let document = self.document(&node.key()[..at])?;
                let section = self.fragment(document, &node.key()[at + 1..])?;
                Some(End { document, section })
            }),
            _ => None,
        }
    }
}

impl Lookup for Known<'_> {
    fn document(&self, path: &str) -> Option<i64> {
        self.ids.get(path).copied()
    }

    fn fragment(&self, document: i64, anchor: &str) -> Option<Option<u32>> {
        self.anchors.fragments.find(document, anchor)
    }
}

impl Targets for Known<'_> {
    fn has_document(&self, path: &str) -> bool {
        self.ids.contains_key(path)
    }

    fn has_section(&self, path: &WorkspacePath, anchor: &str) -> bool {
        self.document(path.as_str())
            .is_some_and(|document| self.fragment(document, anchor).is_some())
    }

    fn has_file(&self, path: &WorkspacePath) -> bool {
        self.files.contains(path)
    }

    fn file_ending_in(&self, end: &str) -> Option<WorkspacePath> {
        self.file_names.find(end).cloned()
    }

    fn document_with_stem(
        &self,
        stem: &str,
        fits: &dyn Fn(&WorkspacePath) -> bool,
    ) -> Option<WorkspacePath> {
        let found = self.stems.may_have(stem);
        let mut paths = found.map(|id| &self.documents[id as usize - 1]);
        paths
            .find(|path| path.stem().to_lowercase() == stem && fits(path))
            .cloned()
    }

    fn document_with_label(&self, label: &str) -> Option<WorkspacePath> {
        let found = self.anchors.labelled(label);
        found.map(|id| self.documents[id as usize - 1].clone())
    }
}
