//! What is known of a workspace, as plain values: the input of the
//! judgement, whoever gathered it.

use std::path::PathBuf;
use std::time::Duration;

use super::report::State;
use crate::budget::Policy;
use crate::schema::{Reason, SchemaBlock};

/// A workspace and what was found in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkspaceFacts {
    /// Its folder, as recorded.
    pub root: PathBuf,
    /// What was found there.
    pub standing: Standing,
}

/// What was found where a workspace is recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// A workspace, with its profiles in order of their names.
    Present(Vec<ProfileFacts>),
    /// Nothing: it moved or was deleted.
    Missing,
    /// A folder that is no workspace (any more).
    NotAWorkspace,
    /// Its file system did not answer within the bound.
    Unresponsive(Duration),
    /// It is there and cannot be judged.
    Unjudged(String),
}

impl Standing {
    /// The same without what more is known.
    #[must_use]
    pub const fn state(&self) -> State {
        match self {
            Self::Present(_) => State::Present,
            Self::Missing => State::Missing,
            Self::NotAWorkspace => State::NotAWorkspace,
            Self::Unresponsive(_) => State::Unresponsive,
            Self::Unjudged(_) => State::Unjudged,
        }
    }

    /// Why it is not present, for people.
    #[must_use]
    pub fn detail(&self) -> Option<String> {
        Some(match self {
            Self::Present(_) => return None,
            Self::Missing => "nothing is there: it moved or was deleted".to_owned(),
            Self::NotAWorkspace => "the folder is no workspace any more".to_owned(),
            Self::Unresponsive(waited) => format!(
                "its file system did not answer within {} s",
                waited.as_secs_f32()
            ),
            Self::Unjudged(why) => why.clone(),
        })
    }
}

/// One profile of a workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileFacts {
    /// Its name.
    pub name: String,
    /// Its current run.
    pub current: CurrentRun,
    /// Bytes on disk under the profile, or why they cannot be counted.
    pub used_bytes: Result<u64, String>,
    /// The budget's rules in force.
    pub policy: Policy,
}

/// What the profile's `current` leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CurrentRun {
    /// No run was ever made.
    None,
    /// A run whose manifest could be understood.
    Run {
        /// Its id.
        id: String,
        /// The schema blocks of the run and of everything it needs.
        blocks: Vec<SchemaBlock>,
        /// Bytes of its sources, where its manifest says so in a way that
        /// is understood.
        source_bytes: Option<u64>,
        /// What a rebuild of it would add, predicted from what it needs now.
        rebuild_bytes: u64,
    },
    /// Something that no version reads without a rebuild.
    Broken(Reason),
}
