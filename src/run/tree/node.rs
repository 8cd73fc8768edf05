//! Tree objects as they are stored.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserializer, Error, MapAccess, Unexpected, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use super::{Entry, MAX_LEVELS, SPLIT_ABOVE};
use crate::foundation::Sha256;
use crate::foundation::json;
use crate::run::pack::MAX_OBJECT_BYTES;
use crate::source::Refusal;

const BOUNDS: json::Bounds = json::Bounds {
    bytes: super::MAX_BYTES,
    depth: 4,
};

/// A folder, or one part of it.
#[derive(Debug)]
pub(super) enum Tree<'a> {
    /// With these entries.
    Whole(Nodes<'a>),
    /// Split into parts.
    Split(Parts),
}

/// The parts of a folder that is split.
pub(super) type Parts = BTreeMap<Part, Sha256>;

/// A part of a folder that is split: the byte that the hashes of its names have
/// in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Part(u8);

impl Part {
    /// The part, at `level`, that the name with this hash is in.
    pub(super) fn of(name: Sha256, level: usize) -> Self {
        Self(name.as_bytes()[level % MAX_LEVELS])
    }

    /// The part, at `level`, that `name` is in.
    pub(super) fn of_name(name: &str, level: usize) -> Self {
        Self::of(Sha256::of(name.as_bytes()), level)
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02x}", self.0)
    }
}

impl Serialize for Part {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Part {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = Name::deserialize(from)?;
        u8::from_str_radix(text.as_str(), 16)
            .map(Self)
            .ok()
            .filter(|part| part.to_string() == text.as_str())
            .ok_or_else(|| D::Error::invalid_value(Unexpected::Str(text.as_str()), &"two digits"))
    }
}

/// A tree object's content.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored<'a> {
    kind: TreeTag,
    #[serde(borrow, default, skip_serializing_if = "Nodes::is_empty")]
    entries: Nodes<'a>,
    #[serde(default, skip_serializing_if = "Parts::is_empty")]
    split: Parts,
}

/// The entries of a folder, or of one part of it, in the order of their names.
#[derive(Debug, Default)]
pub(super) struct Nodes<'a>(Vec<(Name<'a>, Node)>);

impl<'a> Nodes<'a> {
    pub(super) const fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Where `name` stands, or would: mostly at the end.
    fn place(&self, name: &str) -> Result<usize, usize> {
        match self.0.last() {
            Some((last, _)) if last.as_str() >= name => self
                .0
                .binary_search_by(|(known, _)| known.as_str().cmp(name)),
            _ => Err(self.0.len()),
        }
    }

    pub(super) fn remove(&mut self, name: &str) -> Option<Node> {
        let at = self.place(name).ok()?;
        Some(self.0.remove(at).1)
    }

    /// Enters what `name` stands for, if it stands for something.
    pub(super) fn put(&mut self, name: &'a str, node: Option<Node>) {
        if let Some(node) = node {
            self.insert(Name::from(name), node);
        }
    }

    /// Of names that are borrowed from nothing.
    pub(super) fn into_owned(self) -> Nodes<'static> {
        let owned = |(name, node): (Name<'a>, Node)| (name.into_owned(), node);
        Nodes(self.0.into_iter().map(owned).collect())
    }

    /// Enters `node`, in the place of one of the same name.
    pub(super) fn insert(&mut self, name: Name<'a>, node: Node) {
        match self.place(name.as_str()) {
            Ok(at) => self.0[at].1 = node,
            Err(at) => self.0.insert(at, (name, node)),
        }
    }
}

impl<'a> IntoIterator for Nodes<'a> {
    type Item = (Name<'a>, Node);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl Serialize for Nodes<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.0.iter().map(|(name, node)| (name, node)))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Nodes<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Nodes<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("entries in the order of their names")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Nodes<'de>, A::Error> {
                let mut nodes: Vec<(Name<'de>, Node)> = Vec::new();
                while let Some((name, node)) = map.next_entry::<Name<'de>, Node>()? {
                    if nodes.last().is_some_and(|(last, _)| *last >= name) {
                        return Err(A::Error::invalid_value(
                            Unexpected::Str(name.as_str()),
                            &self,
                        ));
                    }
                    if nodes.len() == SPLIT_ABOVE {
                        return Err(A::Error::custom("more entries than a tree has"));
                    }
                    nodes.push((name, node));
                }
                Ok(Nodes(nodes))
            }
        }
        from.deserialize_map(InOrder)
    }
}

impl<'a> Tree<'a> {
    /// Reads a tree object.
    ///
    /// # Errors
    /// The sentence why it is none.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, String> {
        let stored = json::parse_borrowed::<Stored<'a>>(bytes, BOUNDS);
        let Stored { entries, split, .. } = stored.map_err(|error| error.to_string())?;
        match (entries.is_empty(), split.is_empty()) {
            (_, true) => Ok(Self::Whole(entries)),
            (true, false) => Ok(Self::Split(split)),
            (false, false) => Err("it is split, and has entries".to_owned()),
        }
    }

    /// The object.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        let stored = Stored::default();
        json::canonical(&match self {
            Self::Whole(entries) => Stored { entries, ..stored },
            Self::Split(split) => Stored { split, ..stored },
        })
    }
}

/// A name in a tree. Borrowed from the object where its text is written there
/// as it is: 40,000 of them are read for one edit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub(super) struct Name<'a>(Cow<'a, str>);

impl Name<'_> {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn into_owned(self) -> Name<'static> {
        Name(Cow::Owned(self.0.into_owned()))
    }
}

impl<'a> From<&'a str> for Name<'a> {
    fn from(name: &'a str) -> Self {
        Self(Cow::Borrowed(name))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Name<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Owned(text.to_owned())))
            }
        }
        from.deserialize_str(Text)
    }
}

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum TreeTag {
    #[default]
    Tree,
}

/// One entry of a tree object. Flat, because 40,000 of them are read for one
/// edit; which fields go with which status is checked in [`Node::meaning`].
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Node {
    status: Status,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<Refusal>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sha256: Option<Sha256>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    object: Option<Sha256>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    Tree,
    Source,
    Refused,
    File,
}

impl From<&Entry> for Node {
    fn from(entry: &Entry) -> Self {
        let node = |status| Self {
            status,
            reason: None,
            sha256: None,
            bytes: None,
            object: None,
        };
        match *entry {
            Entry::Source { sha256, bytes } => Self {
                sha256: Some(sha256),
                bytes: Some(bytes),
                ..node(Status::Source)
            },
            Entry::Refused {
                refusal,
                sha256,
                bytes,
            } => Self {
                reason: Some(refusal),
                sha256,
                bytes: Some(bytes),
                ..node(Status::Refused)
            },
            Entry::File => node(Status::File),
        }
    }
}

/// What a node stands for.
pub(super) enum Meaning {
    Entry(Entry),
    Tree(Sha256),
}

impl Node {
    pub(super) fn tree(object: Sha256) -> Self {
        Self {
            status: Status::Tree,
            reason: None,
            sha256: None,
            bytes: None,
            object: Some(object),
        }
    }

    /// The tree it stands for, if it is a folder.
    pub(super) fn folder(&self) -> Option<Sha256> {
        match self.status {
            Status::Tree => self.object,
            Status::Source | Status::Refused | Status::File => None,
        }
    }

    /// What it stands for; `None` when fields are missing or too many, or a
    /// source is larger than any that is ingested.
    pub(super) fn meaning(self) -> Option<Meaning> {
        let entry = match (
            self.status,
            self.reason,
            self.sha256,
            self.bytes,
            self.object,
        ) {
            (Status::Tree, None, None, None, Some(object)) => return Some(Meaning::Tree(object)),
            (Status::Source, None, Some(sha256), Some(bytes), None)
                if bytes <= MAX_OBJECT_BYTES as u64 =>
            {
                Entry::Source { sha256, bytes }
            }
            (Status::Refused, Some(refusal), sha256, Some(bytes), None) => Entry::Refused {
                refusal,
                sha256,
                bytes,
            },
            (Status::File, None, None, None, None) => Entry::File,
            _ => return None,
        };
        Some(Meaning::Entry(entry))
    }
}
