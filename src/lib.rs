//! A local-first, deterministic knowledge graph for engineers.
//!
//! A *workspace* is a folder of sources. An *ingest* turns the sources into a
//! *run*: an immutable, manifest-tracked record of what was derived from what.
//! The *index* is a projection of the current run that answers questions fast,
//! with a citation behind every answer.
//!
//! The modules are floors of one house; a module uses only what stands below it
//! in this table:
//!
//! | floor | module | one reason to exist |
//! |---|---|---|
//! | 5 | [`cli`] | arguments, one file per command, rendering, exit codes |
//! | 4 | [`upgrade`] | who installed this binary; preflight; swap and roll back |
//! | 4 | [`export`] | a run written for other tools |
//! | 3 | [`run`] | plan, stage and publish a run; verify it; collect old ones |
//! | 3 | [`index`] | the SQLite projection of a run: build, search, traverse |
//! | 2 | [`source`] | scan, read and hash sources; parse them into documents |
//! | 1 | [`workspace`] | config, paths under `.pkg`, the writer's lock |
//! | 1 | [`graph`] | the model: documents, sections, chunks, terms, tags, links |
//! | 1 | [`schema`] | artifact schema version, reader window, verdict (pure) |
//! | 1 | [`budget`] | footprint policy, projection, verdict (pure) |
//! | 0 | [`foundation`] | digests, bounded JSON, durable writes |
//!
//! Decisions are pure functions from values to values; effects happen in few,
//! named places (`source::scan`, `run::publish`, `upgrade::swap`, `cli`).

#[cfg(windows)]
compile_error!("auditgraph does not support Windows: use Linux x86_64, macOS, or WSL 2.");

pub mod budget;
pub mod cli;
pub mod export;
pub mod foundation;
pub mod graph;
pub mod index;
pub mod run;
pub mod schema;
pub mod source;
pub mod upgrade;
pub mod workspace;
