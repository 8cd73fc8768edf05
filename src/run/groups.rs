//! Sources in groups, each read and parsed by one core at a time.

/// Source bytes of a group: large enough to share its words, small enough to
/// keep all cores busy and memory low.
const BYTES: u64 = 256 * 1024;
/// Sources of a group.
const SOURCES: usize = 512;

/// Cuts `sources` into groups of bounded size, of which a source with more
/// bytes is one of its own. How they are cut changes no byte of a run.
pub(super) fn groups<T>(
    sources: impl IntoIterator<Item = T>,
    bytes_of: impl Fn(&T) -> u64,
) -> impl Iterator<Item = Vec<T>> {
    let mut sources = sources.into_iter();
    std::iter::from_fn(move || {
        let mut group = Vec::new();
        let mut bytes = 0;
        while group.len() < SOURCES && bytes < BYTES {
            let Some(source) = sources.next() else { break };
            bytes += bytes_of(&source);
            group.push(source);
        }
        (!group.is_empty()).then_some(group)
    })
}
