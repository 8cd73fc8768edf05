//! Which objects a run is made of, which of them it shares with the previous
//! run, and what goes into its own pack.

use std::collections::BTreeMap;

use hashbrown::HashSet;

use crate::foundation::Sha256;
use crate::foundation::spill::Artifact;
use crate::run::pack::PackWriter;
use crate::run::tree::{self, Edited, Edits, Entry, Files};
use crate::run::{Objects, PackName, PackRef, RunError, RunId};

/// A run that would need more packs than this takes the small ones' objects
/// into its own, so that a year of daily edits is not a thousand files.
const MOST_PACKS: usize = 48;

/// The trees of a run.
pub(super) struct Trees {
    pub(super) root: Sha256,
    /// All of them.
    ids: Vec<Sha256>,
}

/// The trees of the previous run, and what becomes of its files.
pub(super) struct PreviousTrees {
    pub(super) root: Sha256,
    /// In how many places each stands.
    pub(super) trees: BTreeMap<Sha256, usize>,
    pub(super) edits: Edits,
}

/// Packs the trees of `files` that no shared pack holds. Where those of the
/// previous run are known, only what differs is written.
pub(super) fn pack_trees(
    files: &Files,
    previous: Option<PreviousTrees>,
    shared: &mut Objects,
    pack: &mut PackWriter,
) -> Result<Trees, RunError> {
    let mut made = Vec::new();
    let emit = &mut |id, bytes| made.push((id, bytes));
    let mut ids = Vec::new();
    let root = match previous {
        None => tree::write(files, emit),
        Some(PreviousTrees {
            root,
            mut trees,
            edits,
        }) => {
            let Edited { root, replaced } = shared.edit(root, &edits, emit)?;
            for id in replaced {
                trees
                    .entry(id)
                    .and_modify(|places| *places = places.saturating_sub(1));
            }
            trees.retain(|_, places| *places > 0);
            ids.extend(trees.into_keys());
            root
        }
    };
    for (id, bytes) in made {
        ids.push(id);
        if shared.find(id)?.is_none() {
            pack.append(id, &bytes);
        }
    }
    Ok(Trees { root, ids })
}

/// The packs that the run with these `files` and `trees` shares. When they are
/// too many, what it needs of all but the largest goes into its own.
pub(super) fn fold(
    shared: &mut Objects,
    files: &Files,
    trees: &Trees,
    pack: &mut PackWriter,
) -> Result<Vec<PackRef>, RunError> {
    if shared.is_none() {
        return Ok(Vec::new());
    }
    let trees: HashSet<Sha256> = trees.ids.iter().copied().collect();
    let sources = files.values().filter_map(|entry| match entry {
        Entry::Source { sha256, .. } => Some(*sha256),
        Entry::Refused { .. } | Entry::File => None,
    });
    let is_own = |id: &Sha256| pack.contains(*id);
    let packs = shared.needed(
        |id| trees.contains(&id) && !is_own(&id),
        sources.clone().filter(|id| !is_own(id)),
    )?;
    if packs.len() < MOST_PACKS {
        return Ok(packs);
    }
    let Some(largest) = packs.iter().max_by_key(|pack| pack.bytes).cloned() else {
        return Ok(packs);
    };
    let mut needed: Vec<Sha256> = trees.iter().copied().chain(sources).collect();
    needed.retain(|id| !is_own(id));
    needed.sort_unstable();
    needed.dedup();
    for id in needed {
        let inside = shared
            .find(id)?
            .is_some_and(|pack| pack.file == largest.file);
        if !inside {
            pack.append(id, &shared.get(id)?);
        }
    }
    Ok(vec![largest])
}

/// Finishes the pack and names it by its digest.
pub(super) fn name_pack(
    pack: PackWriter,
    run: &RunId,
) -> Result<Option<(PackName, Artifact, Sha256)>, RunError> {
    let Some(artifact) = pack.finish()? else {
        return Ok(None);
    };
    let sha256 = artifact
        .sha256()
        .map_err(|error| RunError::Build(format!("a pack: {error}")))?;
    Ok(Some((PackName::new(run, sha256), artifact, sha256)))
}
