//! Running text of reStructuredText: literals, roles, references.

use std::ops::Range;

use super::Markup;
use super::references::{Reference, normalized};
use crate::graph::{LinkRule, MentionRule};
use crate::source::builder::{Builder, MAX_NAME, tail};
use crate::source::inline::{Beside, scan};

/// Roles whose content is code.
const CODE_ROLES: [&str; 20] = [
    "code", "literal", "samp", "file", "command", "program", "option", "envvar", "keyword", "func",
    "class", "meth", "mod", "attr", "data", "const", "exc", "obj", "type", "macro",
];
/// Roles whose content is a path.
const PATH_ROLES: [&str; 2] = ["doc", "download"];
/// Roles whose content is a label of any document.
const LABEL_ROLES: [&str; 2] = ["ref", "numref"];
/// The labels of pages that Sphinx makes.
pub(super) const MADE_LABELS: [&str; 4] = ["genindex", "modindex", "py-modindex", "search"];

impl<'t> Markup<'t> {
    /// Reads running text.
    pub(super) fn running(&mut self, builder: &mut Builder<'t>, range: Range<usize>) {
        let text = builder.text();
        let Some(run) = text.get(range.clone()) else {
            return;
        };
        let bytes = run.as_bytes();
        let mut plain = 0;
        let mut at = 0;
        // Once one kind of closing mark is not found there is none further on.
        let (mut literals, mut quotes) = (true, true);
        while let Some(tick) = bytes.get(at..).and_then(|rest| memchr::memchr(b'`', rest)) {
            let open = at + tick;
            let literal = bytes[open..].starts_with(b"``");
            if is_escaped(&bytes[plain..open]) {
                at = open + 1;
                continue;
            }
            at = open + if literal { 2 } else { 1 };
            let (wanted, possible) = if literal {
                ("``", &mut literals)
            } else {
                ("`", &mut quotes)
            };
            let prefix = match literal {
                true => "",
                false => prefix(&run[plain..open]),
            };
            let start = open - prefix.len();
            if !*possible || !opens(&run[plain..start], &run[at..]) {
                continue;
            }
            let Some(length) = closing(&run[at..], wanted) else {
                *possible = false;
                continue;
            };
            let content = at..at + length;
            let marks = underscores(bytes, content.end + wanted.len());
            let end = content.end + wanted.len() + if literal { 0 } else { marks };
            self.plain(builder, range.start + plain..range.start + start);
            let place = range.start + start..range.start + end;
            let content = &run[content];
            match prefix {
                _ if literal => builder.mention(MentionRule::InlineCode, content, place),
                "_" => self.references.define_here(builder, content, place),
                "" if marks > 0 => self.reference(builder, content, marks, place),
                role => interpreted(builder, role, content, place),
            }
            plain = end;
            at = end;
        }
        self.plain(builder, range.start + plain..range.end);
    }

    /// `` `content`_ ``, `` `content`__ `` or either with a target embedded.
    fn reference(
        &mut self,
        builder: &mut Builder<'t>,
        content: &'t str,
        marks: usize,
        place: Range<usize>,
    ) {
        // Without a blank before it `<target>` is part of the name.
        let apart = |text: &str| text.is_empty() || text.ends_with(char::is_whitespace);
        let reference = match embedded(content) {
            Some((name, target)) if apart(name) => {
                let name = (marks == 1).then_some(name);
                return self.references.embedded(builder, name, target, place);
            }
            _ if marks > 1 => Reference::Anonymous,
            _ => Reference::Phrase(content),
        };
        self.references.refer(builder, reference, place);
    }

    /// Reads what holds no backquotes.
    fn plain(&mut self, builder: &mut Builder<'t>, range: Range<usize>) {
        scan(builder, range.clone(), Beside::Nothing);
        let run = &builder.text()[range.clone()];
        let bytes = run.as_bytes();
        let mut at = 0;
        while let Some(mark) = memchr::memchr(b'_', &bytes[at..]).map(|mark| at + mark) {
            let (word, marks) = word_reference(run, mark);
            at = mark + marks;
            if word.is_empty() {
                continue;
            }
            let reference = match word.strip_prefix('|') {
                _ if marks > 1 => Reference::Anonymous,
                Some(name) => Reference::Phrase(&name[..name.len() - 1]),
                None => Reference::Word(word),
            };
            let place = range.start + mark - word.len()..range.start + at;
            self.references.refer(builder, reference, place);
        }
    }
}

/// Whether what stands behind `before` is escaped.
fn is_escaped(before: &[u8]) -> bool {
    let marks = before.iter().rev().take_while(|byte| **byte == b'\\');
    marks.count() % 2 == 1
}

/// Whether a mark opens something between `before` and `inside`: neither before a
/// blank nor alone in quotes or brackets.
pub(super) fn opens(before: &str, inside: &str) -> bool {
    const AROUND: [(char, char); 9] = [
        ('\'', '\''),
        ('"', '"'),
        ('(', ')'),
        ('[', ']'),
        ('{', '}'),
        ('<', '>'),
        ('‘', '’'),
        ('“', '”'),
        ('«', '»'),
    ];
    let Some(first) = inside.chars().next() else {
        return false;
    };
    let last = before.chars().next_back();
    let alone = last.is_some_and(|last| AROUND.contains(&(last, first)));
    !first.is_whitespace() && !alone && starts_markup(before)
}

/// Whether markup may start behind `before`. Cells of tables may end in `|` or `,`.
fn starts_markup(before: &str) -> bool {
    let last = before.chars().next_back();
    last.is_none_or(|c| starts_reference(c) || matches!(c, '|' | ','))
}

/// Where in `content` the `mark` stands that ends it: never behind white space,
/// unless that is escaped, nor within a word. A literal takes backquotes at its end
/// with it and knows no escapes.
pub(super) fn closing(content: &str, mark: &str) -> Option<usize> {
    let bytes = content.as_bytes();
    let mut at = 1; // nothing is not marked
    loop {
        at += memchr::memmem::find(bytes.get(at..)?, mark.as_bytes())?;
        let end = at + mark.len();
        let spaced = bytes[at - 1].is_ascii_whitespace();
        let ends = match mark {
            "``" => !spaced,
            _ if spaced => is_escaped(&bytes[..at - 1]),
            _ => !is_escaped(&bytes[..at]),
        };
        let end = match mark {
            "`" => end + underscores(bytes, end),
            _ => end,
        };
        let behind = content[end..].chars().next();
        if ends && behind.is_none_or(|c| ends_reference(c) || c == '|') {
            return Some(at);
        }
        at += 1;
    }
}

/// How many `_` end a reference at `at`: one, two, or none.
pub(super) fn underscores(bytes: &[u8], at: usize) -> usize {
    let marks = bytes.get(at..).unwrap_or_default().iter().take(2);
    marks.take_while(|&&byte| byte == b'_').count()
}

/// Whether a reference may end before `c`. Scripts without blanks need none.
fn ends_reference(c: char) -> bool {
    c.is_whitespace() || !c.is_ascii() || "'\")]}>-/\\:.,;!?".contains(c)
}

/// Whether a reference may start behind `c`.
fn starts_reference(c: char) -> bool {
    c.is_whitespace() || !c.is_ascii() || "'\"([{<-/:".contains(c)
}

/// What the `_` at `mark` may end: the name or `|name|` before it, empty where that
/// is no reference, and how many `_` there are.
pub(super) fn word_reference(text: &str, mark: usize) -> (&str, usize) {
    let marks = underscores(text.as_bytes(), mark);
    let ended = text[mark + marks..]
        .chars()
        .next()
        .is_none_or(ends_reference);
    let before = &text[..mark];
    let word = match before.strip_suffix('|') {
        _ if !ended => "",
        Some(inner) => substitution(before, inner),
        None => word_before(before),
    };
    (word, marks)
}

/// The `|name|` at the end of `before`, which is `inner` and a `|`. Empty when there
/// is none.
fn substitution<'t>(before: &'t str, inner: &str) -> &'t str {
    let name = tail(inner, MAX_NAME);
    let length = name.rfind('|').map(|open| name.len() - open);
    let start = length.map(|length| inner.len() - length);
    let named = |start: &usize| {
        let name = &inner[start + 1..];
        opens(&inner[..*start], name) && !name.ends_with(char::is_whitespace)
    };
    start.filter(named).map_or("", |start| &before[start..])
}

/// The simple name at the end of `before`: letters and digits, with single
/// punctuation inside. Empty when there is none.
fn word_before(before: &str) -> &str {
    let window = tail(before, MAX_NAME);
    let mut start = window.len();
    // Between two alphanumeric characters stands at most one other.
    let mut joint = true;
    for (at, c) in window.char_indices().rev() {
        if c.is_alphanumeric() {
            (start, joint) = (at, false);
        } else if joint || !matches!(c, '-' | '_' | '.' | ':' | '+') {
            break;
        } else {
            joint = true;
        }
    }
    let preceded = window[..start].chars().next_back();
    if preceded.is_none_or(starts_reference) {
        &window[start..]
    } else {
        ""
    }
}

/// `text <target>`: both parts.
pub(super) fn embedded(content: &str) -> Option<(&str, &str)> {
    let (text, target) = content.strip_suffix('>')?.rsplit_once('<')?;
    let escaped = is_escaped(text.as_bytes()) || is_escaped(target.as_bytes());
    (!escaped).then_some((text, target.trim()))
}

/// `` :role:`content` ``, or no role at all.
fn interpreted(builder: &mut Builder<'_>, role: &str, content: &str, place: Range<usize>) {
    let role = role.trim_matches(':');
    let (domain, role) = role.rsplit_once(':').unwrap_or(("", role));
    let parts = embedded(content);
    let target = parts.map_or(content, |(_, target)| target);
    // `:external:` and `:external+name:` lead to another project (intersphinx).
    let external = domain.split([':', '+']).next() == Some("external");
    let links = !external && !content.starts_with('!');
    if PATH_ROLES.contains(&role) && links {
        builder.link(LinkRule::RstLink, target, place);
    } else if LABEL_ROLES.contains(&role) && links {
        let label = normalized(target);
        if !MADE_LABELS.contains(&label.as_str()) {
            builder.link(LinkRule::RstLink, &format!(":ref:{label}"), place);
        }
    } else if CODE_ROLES.contains(&role) {
        let shown = parts.map_or(content, |(shown, _)| shown);
        let term = shown.trim_start_matches(['~', '!']);
        builder.mention(MentionRule::InlineCode, term, place);
    }
}

/// What belongs to a backquote behind `before`: a role, or the `_` of a target.
pub(super) fn prefix(before: &str) -> &str {
    let prefix = match role(before) {
        "" if before.ends_with('_') => "_",
        role => role,
    };
    match starts_markup(&before[..before.len() - prefix.len()]) {
        true => prefix,
        false => "",
    }
}

/// The role right before a backquote: `:name:` or `:domain:name:`, else empty.
fn role(before: &str) -> &str {
    const LONGEST: usize = 40;
    if !before.ends_with(':') {
        return "";
    }
    let window = tail(before, LONGEST);
    let start = window
        .rfind(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, ':' | '-' | '_' | '.' | '+')))
        .map_or(0, |at| {
            at + window[at..].chars().next().map_or(1, char::len_utf8)
        });
    let role = &window[start..];
    if role.len() > 2 && role.starts_with(':') {
        role
    } else {
        ""
    }
}
