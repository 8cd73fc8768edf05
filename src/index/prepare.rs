//! What one document adds to an index, computed without the index: pure, so
//! that a caller can prepare many documents in parallel and leave only the
//! inserts to one thread.

use hashbrown::HashMap;

use super::digest::{RowHasher, place};
use super::layout::{Code, usual_mention_bytes};
use super::link_names::name_of;
use crate::foundation::Sha256;
use crate::graph::{ChunkKey, Document, MentionRule, WorkspacePath};

/// One source of a run, as the tree names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Where it lies.
    pub path: WorkspacePath,
    /// Digest of its bytes.
    pub sha256: Sha256,
    /// Its length in bytes.
    pub bytes: u64,
}

/// A document made ready to be added to an index.
#[derive(Clone, Debug)]
pub struct Prepared {
    pub(super) source: Source,
    pub(super) document: Document,
    pub(super) keys: Vec<ChunkKey>,
    pub(super) mentions: Vec<MentionRow>,
    /// For each link of the document, the name under which it is found again
    /// when what it may point at comes, goes or changes.
    pub(super) names: Vec<Option<i64>>,
    pub(super) digest: Sha256,
}

/// All uses of one term in one chunk, with the place of the first.
#[derive(Clone, Debug)]
pub(super) struct MentionRow {
    /// Index of its first use in the document's `mentions`.
    pub(super) first: usize,
    pub(super) rule: MentionRule,
    pub(super) chunk: u32,
    /// Which mention of its chunk it is.
    pub(super) number: usize,
    pub(super) uses: u32,
    /// Lines below the first of the chunk.
    pub(super) line: i64,
    /// Bytes after the first of the chunk.
    pub(super) start: i64,
    /// Its length, where that is not the usual one.
    pub(super) bytes: Option<i64>,
}

/// Prepares `document`, the extraction of `source`.
#[must_use]
pub fn prepare(source: Source, document: Document) -> Prepared {
    let keys = ChunkKey::of_all(&document.chunks);
    let mentions = mention_rows(&document);
    let names = document
        .links
        .iter()
        .map(|link| name_of(&source.path, link.rule, &link.target))
        .collect();
    let mut prepared = Prepared {
        source,
        document,
        keys,
        mentions,
        names,
        digest: Sha256::from_bytes([0; 32]),
    };
    prepared.digest = digest(&prepared);
    prepared
}

/// The digest of everything the rows of one document say, but for where
/// its links point.
fn digest(prepared: &Prepared) -> Sha256 {
    let (source, document) = (&prepared.source, &prepared.document);
    let mut row = RowHasher::new("document");
    row.document(
        source.path.as_str(),
        source.sha256.as_bytes(),
        document.title.as_deref(),
        [
            document.format.code(),
            source.bytes as i64,
            i64::from(document.lines),
        ],
    );
    for section in &document.sections {
        let heading = section.heading;
        row.section(
            section.parent.map(i64::from),
            &section.title,
            &section.anchor,
            [
                i64::from(section.level),
                i64::from(heading.line),
                i64::from(heading.start),
                i64::from(heading.end) - i64::from(heading.start),
                i64::from(section.end) - i64::from(heading.start),
            ],
        );
    }
    for anchor in &document.anchors {
        let [line, start, bytes] = place(anchor.span);
        row.anchor(
            anchor.section.map(i64::from),
            &anchor.name,
            [line, start, bytes],
        );
    }
    for (chunk, key) in document.chunks.iter().zip(&prepared.keys) {
        let [line, start, bytes] = place(chunk.span);
        let more = i64::from(chunk.span.end_line) - i64::from(chunk.span.line);
        row.chunk(
            chunk.section.map(i64::from),
            *key,
            [line, more, start, bytes],
        );
    }
    for mention in &prepared.mentions {
        row.mention(
            &document.mentions[mention.first].term,
            [
                i64::from(mention.chunk),
                mention.number as i64,
                mention.rule.code(),
                i64::from(mention.uses),
                mention.line,
                mention.start,
            ],
            mention.bytes,
        );
    }
    for tag in &document.tags {
        let [line, start, bytes] = place(tag.span);
        row.tagged(&tag.tag, [tag.rule.code(), line, start, bytes]);
    }
    for link in &document.links {
        let [line, start, bytes] = place(link.span);
        row.link(
            link.section.map(i64::from),
            &link.target,
            [link.rule.code(), line, start, bytes],
        );
    }
    row.finish()
}

/// The three columns of `search` for one chunk. A heading stands in its own
/// column (and not in the text), so that a match there can weigh more; the
/// document's title stands with the first chunk only.
#[derive(PartialEq, Eq)]
pub(super) struct SearchText<'a> {
    pub(super) title: &'a str,
    pub(super) heading: &'a str,
    pub(super) text: &'a str,
}

/// What `search` holds for chunk `number` of `document` at `path`.
pub(super) fn search_text<'a>(
    path: &'a WorkspacePath,
    document: &'a Document,
    number: usize,
) -> SearchText<'a> {
    let chunk = &document.chunks[number];
    let title = match (number, &document.title) {
        (0, Some(title)) => title.as_str(),
        (0, None) => path.stem(),
        _ => "",
    };
    let split = chunk
        .section
        .and_then(|section| document.sections.get(section as usize))
        .filter(|section| section.heading.start == chunk.span.start)
        .and_then(|section| section.heading.end.checked_sub(chunk.span.start))
        .and_then(|end| chunk.text.split_at_checked(end as usize));
    let (heading, text) = split.unwrap_or(("", &chunk.text));
    SearchText {
        title,
        heading,
        text,
    }
}

fn mention_rows(document: &Document) -> Vec<MentionRow> {
    let mut rows: Vec<MentionRow> = Vec::new();
    let mut numbers = vec![0; document.chunks.len()];
    let mut seen: HashMap<(u32, MentionRule, &str), usize> = HashMap::new();
    for (first, mention) in document.mentions.iter().enumerate() {
        let place = mention.chunk as usize;
        let (Some(chunk), Some(next)) = (document.chunks.get(place), numbers.get_mut(place)) else {
            continue;
        };
        let key = (mention.chunk, mention.rule, mention.term.as_str());
        let row = *seen.entry(key).or_insert_with(|| {
            let (span, whole) = (mention.span, chunk.span);
            let bytes = i64::from(span.end) - i64::from(span.start);
            rows.push(MentionRow {
                first,
                rule: mention.rule,
                chunk: mention.chunk,
                number: *next,
                uses: 0,
                line: i64::from(span.line) - i64::from(whole.line),
                start: i64::from(span.start) - i64::from(whole.start),
                bytes: (bytes != usual_mention_bytes(mention.rule, &mention.term)).then_some(bytes),
            });
            *next += 1;
            rows.len() - 1
        });
        rows[row].uses += 1;
    }
    rows.sort_by_key(|row| (row.chunk, row.number));
    rows
}
