//! What `stat` said of a run's sources, so that an ingest with nothing
//! changed reads none of them.
//!
//! A cache: never hashed, never needed, worthless on another machine. A file
//! that is damaged, or of another run, is no cache at all, and every source
//! is read again.
//!
//! Layout, all integers little-endian: 8 bytes magic, 32 bytes root tree, 8
//! bytes number of files; per file, by the path's hash, 8 bytes of that hash
//! and 8 bytes fingerprint (0 when the file must be read again whatever `stat`
//! says); then, for each file that links name, 4 bytes number of links, 1 byte
//! how they name it (a path where 0 nothing stands, 1 something that is no
//! source, 2 a source, read or refused, or a folder that holds one; 3 the end of
//! a path), the path or its end, a NUL, and after an end the path of the file
//! that is meant, if there is one, and a NUL; then 4 bytes CRC-32 of the run's
//! index as it was written; last the SHA-256 of all before it.

use hashbrown::HashMap;

use crate::foundation::{Sha256, durable};
use crate::graph::{FileNames, FileTarget, WorkspacePath};
use crate::source::Fingerprint;
use crate::workspace::Layout;

use super::link_files::{LinkFiles, holds_sources};
use super::tree::{Entry, Files};
use super::{Manifest, file_names};

const MAGIC: &[u8; 8] = b"agstat3\n";
const HEADER: usize = 48;
const RECORD: usize = 16;
const CRC: usize = 4;
const DIGEST: usize = 32;
/// 16 bytes for each of four million files.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// The fingerprints of one run's files, and what its links name.
#[derive(Debug, Default)]
pub(super) struct StatCache {
    prints: Prints,
    /// `None` when there is no cache.
    links: Option<Vec<Link>>,
    index_crc: Option<u32>,
}

/// What `stat` said of the files of a run, by the hash of each path. Hashed once
/// more, with a seed: a stranger may have chosen the keys of a file.
#[derive(Debug, Default)]
pub(super) struct Prints(HashMap<u64, u64>);

impl Prints {
    /// Adds a file.
    pub(super) fn add(&mut self, path: &WorkspacePath, print: Fingerprint) {
        let value = if print.settled { print.value } else { 0 };
        self.0.insert(key(path), value);
    }

    /// Whether it knows a file.
    pub(super) fn has(&self, path: &WorkspacePath) -> bool {
        self.0.contains_key(&key(path))
    }

    /// Forgets a file.
    pub(super) fn remove(&mut self, path: &WorkspacePath) {
        self.0.remove(&key(path));
    }
}

#[derive(Debug)]
struct Link {
    target: FileTarget,
    count: u32,
    seen: Seen,
}

/// What stood where a link leads.
#[derive(Debug)]
enum Seen {
    /// A source, or a folder of sources: the scan tells of it.
    Source,
    /// A file that is no source, or nothing.
    Found(Option<WorkspacePath>),
}

/// How a link names a file, and what stood there.
const MISSING: u8 = 0;
const EXISTS: u8 = 1;
const SOURCE: u8 = 2;
const ENDING: u8 = 3;

impl StatCache {
    /// Reads the cache of a run; empty when there is none worth reading.
    pub(super) fn read(layout: &Layout, manifest: &Manifest) -> Self {
        let path = file_names::stat_path(layout, &manifest.run);
        durable::read_bounded(&path, MAX_BYTES)
            .ok()
            .and_then(|bytes| Self::parse(&bytes, manifest.tree))
            .unwrap_or_default()
    }

    fn parse(bytes: &[u8], tree: Sha256) -> Option<Self> {
        let (bytes, digest) = bytes.split_last_chunk::<DIGEST>()?;
        if Sha256::of(bytes).as_bytes() != digest {
            return None;
        }
        let (bytes, crc) = bytes.split_last_chunk::<CRC>()?;
        let (header, rest) = bytes.split_at_checked(HEADER)?;
        if !header.starts_with(MAGIC) || &header[8..40] != tree.as_bytes() {
            return None;
        }
        let files = usize::try_from(word(&header[40..])).ok()?;
        let (records, links) = rest.split_at_checked(files.checked_mul(RECORD)?)?;
        let records = records.chunks_exact(RECORD);
        Some(Self {
            prints: Prints(records.map(|r| (word(&r[..8]), word(&r[8..]))).collect()),
            links: Some(parse_links(links)?),
            index_crc: Some(u32::from_le_bytes(*crc)),
        })
    }

    /// Whether `path` is, by its fingerprint, the file the run saw.
    pub(super) fn is_unchanged(&self, path: &WorkspacePath, now: Fingerprint) -> bool {
        let known = self.prints.0.get(&key(path)).copied().unwrap_or(0);
        known != 0 && known == now.value
    }

    /// How many files the run saw.
    pub(super) fn len(&self) -> usize {
        self.prints.0.len()
    }

    /// The files that links name and that are no sources, each with the one
    /// that was there; `None` when there is no cache.
    pub(super) fn watched(&self) -> Option<Vec<(&FileTarget, Option<&WorkspacePath>)>> {
        let watched = self.links.as_ref()?.iter().filter_map(|link| {
            let seen = match &link.seen {
                Seen::Source => return None,
                Seen::Found(found) => found.as_ref(),
            };
            Some((&link.target, seen))
        });
        Some(watched.collect())
    }

    /// The CRC-32 of the run's index as it was written; `None` when there is no
    /// cache.
    pub(super) const fn index_crc(&self) -> Option<u32> {
        self.index_crc
    }

    /// What `stat` said of the files, and the paths that links name; `None`
    /// when there is no cache.
    pub(super) fn into_parts(self) -> (Prints, Option<LinkFiles>) {
        let counted = |links: Vec<Link>| {
            let counts = links.into_iter().map(|link| (link.target, link.count));
            LinkFiles(counts.collect())
        };
        (self.prints, self.links.map(counted))
    }
}

fn word(bytes: &[u8]) -> u64 {
    bytes.try_into().map(u64::from_le_bytes).unwrap_or(0)
}

fn parse_links(mut bytes: &[u8]) -> Option<Vec<Link>> {
    let mut links = Vec::new();
    while !bytes.is_empty() {
        let (head, rest) = bytes.split_at_checked(5)?;
        bytes = rest;
        let named = take_text(&mut bytes)?;
        let at = || named.parse::<WorkspacePath>().ok();
        let (target, seen) = match head[4] {
            MISSING => (FileTarget::At(at()?), Seen::Found(None)),
            EXISTS => (FileTarget::At(at()?), Seen::Found(Some(at()?))),
            SOURCE => (FileTarget::At(at()?), Seen::Source),
            ENDING => {
                let found = match take_text(&mut bytes)? {
                    "" => None,
                    path => Some(path.parse().ok()?),
                };
                (FileTarget::EndingIn(named.to_owned()), Seen::Found(found))
            }
            _ => return None,
        };
        links.push(Link {
            target,
            count: u32::from_le_bytes(head[..4].try_into().ok()?),
            seen,
        });
    }
    Some(links)
}

/// Takes a text that ends in a NUL from the start of `bytes`.
fn take_text<'b>(bytes: &mut &'b [u8]) -> Option<&'b str> {
    let end = bytes.iter().position(|&byte| byte == 0)?;
    let text = std::str::from_utf8(&bytes[..end]).ok()?;
    *bytes = &bytes[end + 1..];
    Some(text)
}

/// The bytes of a cache that does not know the index yet.
#[derive(Debug)]
pub(super) struct Unsealed(Vec<u8>);

impl Unsealed {
    /// How long the cache will be, in bytes.
    pub(super) const fn bytes(&self) -> u64 {
        (self.0.len() + CRC + DIGEST) as u64
    }

    /// The cache of the run whose index has this CRC-32.
    pub(super) fn seal(&self, index_crc: u32) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.0.len() + CRC + DIGEST);
        bytes.extend_from_slice(&self.0);
        bytes.extend_from_slice(&index_crc.to_le_bytes());
        let digest = Sha256::of(&bytes);
        bytes.extend_from_slice(digest.as_bytes());
        bytes
    }
}

/// Writes the cache of the run with root tree `tree` and these `files`.
pub(super) fn encode(tree: Sha256, prints: Prints, links: &LinkFiles, files: &Files) -> Unsealed {
    let mut prints: Vec<(u64, u64)> = prints.0.into_iter().collect();
    prints.sort_unstable();
    let mut bytes = Vec::with_capacity(HEADER + prints.len() * RECORD);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(tree.as_bytes());
    bytes.extend_from_slice(&(prints.len() as u64).to_le_bytes());
    for (key, value) in prints {
        bytes.extend_from_slice(&key.to_le_bytes());
        bytes.extend_from_slice(&value.to_le_bytes());
    }
    let ends = links.0.keys().filter_map(FileTarget::end);
    let linked = files.iter().filter(|(_, entry)| **entry == Entry::File);
    let names = FileNames::meant(ends, linked.map(|(path, _)| path));
    for (target, count) in &links.0 {
        bytes.extend_from_slice(&count.to_le_bytes());
        match target {
            FileTarget::At(path) => {
                bytes.push(state(path, files));
                push_text(&mut bytes, path.as_str());
            }
            FileTarget::EndingIn(end) => {
                bytes.push(ENDING);
                push_text(&mut bytes, end);
                let found = names.find(end).map_or("", WorkspacePath::as_str);
                push_text(&mut bytes, found);
            }
        }
    }
    Unsealed(bytes)
}

/// What stands at `path`, which links name.
fn state(path: &WorkspacePath, files: &Files) -> u8 {
    match files.get(path) {
        Some(Entry::File) => EXISTS,
        Some(Entry::Source { .. } | Entry::Refused { .. }) => SOURCE,
        None if holds_sources(path, files) => SOURCE,
        None => MISSING,
    }
}

fn push_text(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend_from_slice(text.as_bytes());
    bytes.push(0);
}

/// FNV-1a, 64 bit, finished by a multiply-shift: 16 bytes a file are enough,
/// and a collision only means that a file is looked up under another's name,
/// with another's fingerprint.
fn key(path: &WorkspacePath) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325u64;
    for byte in path.as_str().bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash ^= hash >> 32;
    hash = hash.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    hash ^ (hash >> 29)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> WorkspacePath {
        #[expect(clippy::unwrap_used, reason = "test data")]
        text.parse().unwrap()
    }

    fn print(value: u64, settled: bool) -> Fingerprint {
        Fingerprint { value, settled }
    }

    #[test]
    fn an_unsettled_file_is_read_again() {
        let (a, b) = (path("a.md"), path("b.md"));
        let mut prints = Prints::default();
        prints.add(&a, print(1, true));
        prints.add(&b, print(2, false));
        let tree = Sha256::of(b"tree");
        let (at, end) = (
            |name| FileTarget::At(path(name)),
            |end: &str| FileTarget::EndingIn(end.to_owned()),
        );
        let links = [
            (at("x.png"), 2),
            (at("y.png"), 1),
            (at("a.md"), 1),
            (end("x.png"), 1),
            (end("z.png"), 1),
        ];
        let links = LinkFiles(links.into());
        let files = Files::from([
            (path("x.png"), Entry::File),
            (
                path("a.md"),
                Entry::Refused {
                    refusal: crate::source::Refusal::NotUtf8,
                    sha256: None,
                    bytes: 0,
                },
            ),
        ]);
        let unsealed = encode(tree, prints, &links, &files);
        let bytes = unsealed.seal(7);
        assert_eq!(bytes.len() as u64, unsealed.bytes());
        let cache = StatCache::parse(&bytes, tree).unwrap_or_default();
        assert_eq!(cache.len(), 2);
        assert_eq!(cache.index_crc(), Some(7));
        assert!(cache.is_unchanged(&a, print(1, true)));
        assert!(!cache.is_unchanged(&a, print(3, true)));
        assert!(!cache.is_unchanged(&b, print(2, true)));
        assert!(!cache.is_unchanged(&path("c.md"), print(1, true)));
        let (x, none) = (path("x.png"), None);
        let watched = [
            (&at("x.png"), Some(&x)),
            (&at("y.png"), none),
            (&end("x.png"), Some(&x)),
            (&end("z.png"), none),
        ];
        assert_eq!(cache.watched(), Some(watched.to_vec()));
        assert_eq!(cache.into_parts().1, Some(links));
    }

    #[test]
    fn a_damaged_or_foreign_cache_is_none() {
        let tree = Sha256::of(b"tree");
        let bytes = encode(
            tree,
            Prints::default(),
            &LinkFiles::default(),
            &Files::new(),
        )
        .seal(0);
        assert!(StatCache::parse(&bytes, tree).is_some());
        assert!(StatCache::parse(&bytes, Sha256::of(b"other")).is_none());
        assert!(StatCache::parse(&bytes[1..], tree).is_none());
        assert!(StatCache::parse(&[], tree).is_none());
        for at in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1;
            assert!(StatCache::parse(&flipped, tree).is_none(), "byte {at}");
        }
        // Of a stranger who knows the digest: more files than there is room for.
        let (body, _) = bytes.split_at(bytes.len() - DIGEST);
        let mut long = body.to_vec();
        long[40] = 0xff;
        long[47] = 0xff;
        let digest = Sha256::of(&long);
        long.extend_from_slice(digest.as_bytes());
        assert!(StatCache::parse(&long, tree).is_none());
    }
}
