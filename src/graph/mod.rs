//! Floor 1: the model of the graph.
//!
//! Owns the document model (what one source says, independent of where it
//! lies), node ids, and the rules by which a link target is resolved. Pure;
//! reads no file. `source` makes documents, `run` makes them again from the
//! sources it stores, `index` projects them.
//!
//! A document is a function of a source's bytes and format alone: the same
//! bytes at two paths are one document. Paths come in when a run's tree
//! names it, which is also when ids exist and links are resolved.

pub mod candidates;
mod document;
mod file_names;
mod forms;
mod id;
pub mod page;
mod path;
pub mod resolve;
mod target_paths;
mod targets;

pub use document::{
    Anchor, Chunk, Document, Format, LinkRule, Mention, MentionRule, RawLink, Section, Span,
    TagRule, TagUse,
};
pub use file_names::{FileNames, FileTarget};
pub use forms::{all_forms, composed};
pub(crate) use forms::{folded, lower};
pub use id::{ChunkKey, NodeId, NodeKind, ParseIdError};
pub use path::{InvalidPath, WorkspacePath};
pub(crate) use path::{file_name_of, stem_of};
pub use target_paths::{FOLDER_PAGES, Paths};
pub use targets::{Targets, nearness};
