//! A line or two of a chunk with the matches marked.

use std::ops::Range;

use super::expression::Compiled;
use super::parse::Expression;
use crate::index::words::{Token, tokens};

/// About how many characters a snippet has.
const WIDTH: usize = 160;
/// How many of them stand before the first match.
const LEAD: usize = 40;

/// A short piece of a text, on one line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snippet {
    /// The piece, white space collapsed; `…` where it was cut.
    pub text: String,
    /// Byte ranges of `text` that match, ascending, not overlapping.
    pub ranges: Vec<Range<usize>>,
    /// In which line of the whole text the first match that the piece shows
    /// stands, counted from 0; 0 when nothing matches.
    pub line: u32,
}

/// The piece of `text` that shows most of what the query asks for.
#[must_use]
pub fn snippet(text: &str, query: &Expression) -> Snippet {
    let words: Vec<Token> = tokens(text).collect();
    let matches = find_matches(&words, query);
    let first = best_window(text, &matches);
    let start = first.map_or(0, |at| lead_in(text, matches[at].range.start));
    let window = cut(text, start);
    let mut snippet = collapse(text, &window, &matches);
    // What leads in may match as well.
    let shown = matches.iter().find(|m| window.contains(&m.range.start));
    if let Some(shown) = shown {
        let before = &text.as_bytes()[..shown.range.start];
        snippet.line = before.iter().filter(|byte| **byte == b'\n').count() as u32;
    }
    snippet
}

/// The piece of `text` that shows what stands at `place`, from the lines on
/// which that stands.
#[must_use]
pub fn excerpt(text: &str, place: Range<usize>) -> Snippet {
    let (Some(before), Some(after)) = (text.get(..place.start), text.get(place.end..)) else {
        return Snippet::default();
    };
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let end = place.end + after.find('\n').unwrap_or(after.len());
    let lines = &text[start..end];
    let matched = Match {
        pattern: 0,
        range: place.start - start..place.end - start,
    };
    let window = cut(lines, lead_in(lines, matched.range.start));
    collapse(lines, &window, &[matched])
}

struct Match {
    pattern: usize,
    range: Range<usize>,
}

fn find_matches(words: &[Token], query: &Expression) -> Vec<Match> {
    let query = Compiled::new(query);
    let patterns = query.positive();
    let mut matches: Vec<Match> = Vec::new();
    for at in 0..words.len() {
        for (pattern, wanted) in patterns.iter().enumerate() {
            if let Some(count) = wanted.matches_at(&words[at..]) {
                let range = words[at].range.start..words[at + count - 1].range.end;
                match matches.last_mut() {
                    Some(last) if last.range.end >= range.end => {}
                    Some(last) if last.range.end > range.start => last.range.end = range.end,
                    _ => matches.push(Match { pattern, range }),
                }
            }
        }
    }
    matches
}

/// The match with which the piece should begin: the one followed by most
/// different patterns, then most matches, within the width.
fn best_window(text: &str, matches: &[Match]) -> Option<usize> {
    let mut best = None;
    for (at, first) in matches.iter().enumerate() {
        let reach = first.range.start + (WIDTH - LEAD);
        let inside = matches[at..]
            .iter()
            .take_while(|m| m.range.end <= reach.max(first.range.end));
        let mut patterns: Vec<usize> = inside.clone().map(|m| m.pattern).collect();
        let count = patterns.len();
        patterns.sort_unstable();
        patterns.dedup();
        let score = (patterns.len(), count);
        if best.is_none_or(|(score_so_far, _)| score > score_so_far) {
            best = Some((score, at));
        }
    }
    debug_assert!(matches.iter().all(|m| text.is_char_boundary(m.range.start)));
    best.map(|(_, at)| at)
}

/// Where to begin so that some context stands before `match_start`: at the
/// start of a word.
fn lead_in(text: &str, match_start: usize) -> usize {
    let before = &text[..match_start];
    let Some((from, _)) = before.char_indices().rev().nth(LEAD) else {
        return 0;
    };
    before[from..]
        .find(char::is_whitespace)
        .map_or(from, |gap| from + gap)
}

/// From `start`, about a snippet's width, ending with a word.
fn cut(text: &str, start: usize) -> Range<usize> {
    let rest = &text[start..];
    let Some((end, _)) = rest.char_indices().nth(WIDTH) else {
        return start..text.len();
    };
    let end = rest[..end]
        .rfind(char::is_whitespace)
        .filter(|gap| *gap > WIDTH / 2)
        .unwrap_or(end);
    start..start + end
}

/// The text of `window` on one line, with the matches inside it.
fn collapse(text: &str, window: &Range<usize>, matches: &[Match]) -> Snippet {
    let mut out = String::with_capacity(window.len() + 8);
    let mut ranges: Vec<Range<usize>> = Vec::new();
    if !text[..window.start].trim().is_empty() {
        out.push('…');
    }
    let mut pending_space = false;
    let mut upcoming = matches
        .iter()
        .filter(|m| window.contains(&m.range.start))
        .peekable();
    let mut open: Option<(usize, usize)> = None;
    for (offset, c) in text[window.clone()].char_indices() {
        let at = window.start + offset;
        if let Some((from, end)) = open
            && at >= end
        {
            ranges.push(from..out.len());
            open = None;
        }
        if c.is_whitespace() || c.is_control() {
            pending_space = !out.is_empty() && out != "…";
            continue;
        }
        if std::mem::take(&mut pending_space) {
            out.push(' ');
        }
        if let Some(next) = upcoming.peek()
            && next.range.start == at
        {
            open = Some((out.len(), next.range.end));
            upcoming.next();
        }
        out.push(c);
    }
    if let Some((from, _)) = open {
        ranges.push(from..out.len());
    }
    if !text[window.end..].trim().is_empty() {
        out.push('…');
    }
    Snippet {
        text: out,
        ranges,
        line: 0,
    }
}
