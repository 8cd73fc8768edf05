//! The fixed shape of an index file: its statements, its identifiers, the
//! integers that stand for names.

use rusqlite::Connection;

use super::error::IndexError;
use crate::graph::{Format, LinkRule, MentionRule, NodeKind, TagRule};

/// `application_id` in the header of every index: `AGix` in ASCII.
pub(super) const APPLICATION_ID: i32 = 0x4147_6978;

/// A row's id is its document's id shifted by this, plus its number.
pub(super) const NUMBER_BITS: u32 = 20;

/// A mention's id is its chunk's id shifted by this, plus its number.
const MENTION_BITS: u32 = 12;

// Statements and views shift ids by these numbers as they are.
const _: () = assert!(NUMBER_BITS == 20 && MENTION_BITS == 12);

/// One more than the largest number of a mention in its chunk.
pub(super) const MENTION_END: usize = 1 << MENTION_BITS;

/// One more than the largest number of a row in its document.
pub(super) const NUMBER_END: usize = 1 << NUMBER_BITS;

/// The tables, which are there before rows are loaded.
pub(super) const TABLES: &str = include_str!("schema.sql");
const INDEXES: &str = include_str!("indexes.sql");
const VIEWS: &str = include_str!("views.sql");

/// What FTS5 itself creates beneath `search`, in its order.
const SHADOWS: [&str; 4] = [
    "CREATE TABLE 'search_data'(id INTEGER PRIMARY KEY, block BLOB)",
    "CREATE TABLE 'search_idx'(segid, term, pgno, PRIMARY KEY(segid, term)) WITHOUT ROWID",
    "CREATE TABLE 'search_docsize'(id INTEGER PRIMARY KEY, sz BLOB)",
    "CREATE TABLE 'search_config'(k PRIMARY KEY, v) WITHOUT ROWID",
];

/// The statements of `script`, without their semicolons and the comments
/// before them: what SQLite keeps in `sqlite_schema`.
fn statements(script: &'static str) -> impl Iterator<Item = &'static str> {
    script.split(";\n").filter_map(|statement| {
        let start = statement.find("CREATE ")?;
        Some(statement[start..].trim_end())
    })
}

/// The `sql` column of `sqlite_schema`, row for row, of every index that
/// this build writes.
pub(super) fn expected_schema() -> impl Iterator<Item = &'static str> {
    statements(TABLES)
        .chain(SHADOWS)
        .chain(statements(INDEXES))
        .chain(statements(VIEWS))
}

/// Creates indexes and views, after the rows are loaded: sorting once is
/// cheaper than keeping sorted, and packs the pages full.
pub(super) fn create_indexes_and_views(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(INDEXES)?;
    connection.execute_batch(VIEWS)
}

/// The id of row `number` of `document`.
pub(super) const fn row_id(document: i64, number: usize) -> i64 {
    (document << NUMBER_BITS) | number as i64
}

/// First and last possible id of the rows of `document`.
pub(super) const fn row_range(document: i64) -> (i64, i64) {
    (row_id(document, 0), row_id(document, NUMBER_END - 1))
}

/// Document and number of a row id.
pub(super) const fn split_row_id(id: i64) -> (i64, usize) {
    (id >> NUMBER_BITS, (id & (NUMBER_END as i64 - 1)) as usize)
}

/// The id of mention `number` of chunk `chunk`.
pub(super) const fn mention_id(chunk: i64, number: usize) -> i64 {
    (chunk << MENTION_BITS) | number as i64
}

/// The id of the first mention that chunk `first` can have, and one more than
/// that of the last that the `count` chunks from there can have.
pub(super) const fn mention_range(first: i64, count: i64) -> (i64, i64) {
    (
        mention_id(first, 0),
        mention_id(first.saturating_add(count), 0),
    )
}

/// How long the text of a mention is when nothing is stored: the term, in
/// backticks where it is inline code.
pub(super) const fn usual_mention_bytes(rule: MentionRule, term: &str) -> i64 {
    let ticks = match rule {
        MentionRule::InlineCode => 2,
        MentionRule::FenceLanguage => 0,
    };
    term.len() as i64 + ticks
}

/// The anchor that the views derive from a title when none is stored.
pub(super) fn plain_anchor(title: &str) -> String {
    title.to_ascii_lowercase().replace(' ', "-")
}

/// Types that are stored as small integers: the place in their list.
pub(super) trait Code: Copy + PartialEq + 'static {
    /// All values; a value's code is its place.
    const ALL: &'static [Self];

    /// The integer that stands for the value.
    fn code(self) -> i64 {
        Self::ALL
            .iter()
            .position(|value| *value == self)
            .map_or(-1, |place| place as i64)
    }

    /// The value an integer of a row stands for.
    ///
    /// # Errors
    /// [`IndexError::Damaged`] when it stands for none.
    fn from_code(code: i64) -> Result<Self, IndexError> {
        let place = usize::try_from(code).ok();
        let value = place.and_then(|place| Self::ALL.get(place)).copied();
        value.ok_or_else(|| IndexError::damaged(format!("the code {code} stands for nothing")))
    }
}

impl Code for Format {
    const ALL: &'static [Self] = &[Self::Markdown, Self::Rst, Self::Text];
}

impl Code for MentionRule {
    const ALL: &'static [Self] = &[Self::InlineCode, Self::FenceLanguage];
}

impl Code for TagRule {
    const ALL: &'static [Self] = &[Self::FrontMatter, Self::Hashtag];
}

impl Code for LinkRule {
    const ALL: &'static [Self] = &[
        Self::Inline,
        Self::Reference,
        Self::Autolink,
        Self::Wikilink,
        Self::Image,
        Self::RstLink,
    ];
}

impl Code for NodeKind {
    /// Only the kinds that the table `target` holds.
    const ALL: &'static [Self] = &[Self::External, Self::File, Self::Unresolved];
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::LinkKind;

    /// `RstLink` as `rst_link`.
    fn snake_case<T: Code + std::fmt::Debug>() -> Vec<String> {
        let name = |value: &T| {
            let camel = format!("{value:?}");
            let word = |c: char| match c.is_ascii_uppercase() {
                true => format!("_{}", c.to_ascii_lowercase()),
                false => c.to_string(),
            };
            let snake: String = camel.chars().map(word).collect();
            snake.trim_start_matches('_').to_owned()
        };
        T::ALL.iter().map(name).collect()
    }

    #[test]
    fn rules_are_named_in_the_order_of_their_codes() {
        assert_eq!(snake_case::<MentionRule>(), LinkKind::Mentions.rules());
        assert_eq!(snake_case::<TagRule>(), LinkKind::Tagged.rules());
        assert_eq!(snake_case::<LinkRule>(), LinkKind::LinksTo.rules());
    }
}
