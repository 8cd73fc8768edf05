//! Which objects a run is made of, which of them it shares with the previous
//! run, and what goes into its own pack.

use std::collections::BTreeMap;

use hashbrown::HashSet;

use crate::foundation::Sha256;
use crate::foundation::spill::Artifact;
use crate::run::objects::Use;
use crate::run::pack::PackWriter;
use crate::run::tree::{self, Edited, Edits, Entry, Files};
use crate::run::{Objects, PackName, PackRef, RunError, RunId};

/// A run that would need more packs than this takes the small ones' objects
/// into its own, so that a year of daily edits is not a thousand files.
const MOST_PACKS: usize = 48;

/// A pack below this size is shared however little of it is needed: as many as
/// there may be weigh half of the smallest budget.
const SMALL_PACK_BYTES: u64 = 32 * 1024;

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

/// The packs that the run with these `files` and `trees` shares. Its own takes
/// over what it needs of the others: of all but the largest when they are too
/// many, and of those that are mostly waste, so that `gc` can remove them. To
/// find these every object is counted: only where `thorough`, or when they are
/// too many.
pub(super) fn fold(
    shared: &mut Objects,
    files: &Files,
    trees: &Trees,
    pack: &mut PackWriter,
    thorough: bool,
) -> Result<Vec<PackRef>, RunError> {
    if shared.is_none() {
        return Ok(Vec::new());
    }
    let mut needed: HashSet<Sha256> = trees.ids.iter().copied().collect();
    let sources = files.values().filter_map(|entry| match entry {
        Entry::Source { sha256, .. } => Some(*sha256),
        Entry::Refused { .. } | Entry::File => None,
    });
    if !thorough {
        let is_own = |id: &Sha256| pack.contains(*id);
        let packs = shared.needed(
            |id| needed.contains(&id) && !is_own(&id),
            sources.clone().filter(|id| !is_own(id)),
        )?;
        if packs.len() < MOST_PACKS {
            return Ok(packs);
        }
    }
    needed.extend(sources);
    needed.retain(|id| !pack.contains(*id));
    let uses = shared.uses(needed)?.into_iter();
    let (mut kept, mut left): (Vec<Use>, Vec<Use>) = uses.partition(is_worth_sharing);
    if kept.len() >= MOST_PACKS {
        kept.sort_by_key(|it| it.pack.bytes);
        left.extend(kept.drain(..kept.len() - 1));
    }
    let mut taken_over: Vec<Sha256> = left.into_iter().flat_map(|it| it.needed).collect();
    taken_over.sort_unstable();
    for id in taken_over {
        pack.append(id, &shared.get(id)?);
        pack.flush_if_long()?;
    }
    Ok(kept.into_iter().map(|it| it.pack).collect())
}

/// Whether a pack is shared: where half of it is needed, or where something is
/// and taking that over would hardly make room.
const fn is_worth_sharing(it: &Use) -> bool {
    let mostly = it.needed_bytes >= it.other_bytes;
    !it.needed.is_empty() && (mostly || it.pack.bytes < SMALL_PACK_BYTES)
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
