//! Hyperlink names of one document: a reference may stand before or after
//! what it names, so references are kept until the whole text is read.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use crate::graph::{LinkRule, candidates, resolve};
use crate::source::builder::{Builder, MAX_ROWS, collapsed, cut};

/// How often `.. _a: b_` is followed.
const MAX_ALIASES: usize = 16;

/// What names mean, and where they are used.
#[derive(Default)]
pub(super) struct References<'t> {
    targets: HashMap<String, Target<'t>>,
    /// The targets without a name, in the order in which `text__` uses them.
    anonymous: Vec<Target<'t>>,
    uses: Vec<Use>,
    leading: Leading,
}

/// Names of places of which the last ends at `end`. Directly above a target they
/// mean what it means.
#[derive(Default)]
struct Leading {
    names: Vec<String>,
    end: usize,
}

/// What a name stands for.
#[derive(Clone, Copy)]
enum Target<'t> {
    /// The place where it is defined.
    Here,
    /// What another name stands for.
    Alias(&'t str),
    /// A URL or path.
    Elsewhere(&'t str),
}

/// How a reference is written.
#[derive(Clone, Copy)]
pub(super) enum Reference<'t> {
    /// `name_`: counts only where the document knows the name, since prose
    /// holds such words that are none.
    Word(&'t str),
    /// `` `some words`_ ``.
    Phrase(&'t str),
    /// `name__` or `` `some words`__ ``.
    Anonymous,
}

struct Use {
    /// `None` for an anonymous one.
    name: Option<String>,
    /// Whether it counts where the name is unknown.
    surely: bool,
    section: Option<u32>,
    place: Range<usize>,
}

impl<'t> References<'t> {
    /// Takes note of `.. _name: written` at `place`: a link, an anchor where
    /// nothing is written, or another name.
    pub(super) fn define(
        &mut self,
        builder: &mut Builder<'_>,
        name: &str,
        written: &'t str,
        place: Range<usize>,
    ) {
        let (name, target) = (normalized(name), Target::of(written));
        let mut leading = std::mem::take(&mut self.leading.names);
        let between = || builder.text().get(self.leading.end..place.start);
        if !leading.is_empty() && between().is_none_or(|text| !text.trim().is_empty()) {
            leading.clear();
        }
        match target {
            Target::Here => {
                builder.anchor(&name, place.clone());
                if !self.targets.contains_key(&name) {
                    leading.push(name.clone());
                }
                self.leading = Leading {
                    names: leading,
                    end: place.end,
                };
            }
            _ => self
                .targets
                .extend(leading.into_iter().map(|name| (name, target))),
        }
        if let Target::Elsewhere(written) = target {
            builder.link(LinkRule::RstLink, &address(written), place);
        }
        self.targets.entry(name).or_insert(target);
    }

    /// Takes note of what has `name` at `place` and is no heading: text, or what a
    /// directive shows.
    pub(super) fn define_here(
        &mut self,
        builder: &mut Builder<'_>,
        name: &str,
        place: Range<usize>,
    ) {
        let name = normalized(name);
        builder.anchor_here(&name, place);
        self.targets.entry(name).or_insert(Target::Here);
    }

    /// Takes note of `` `name <written>`_ ``, which is a reference as well; with
    /// another `_` behind it names nothing.
    pub(super) fn embedded(
        &mut self,
        builder: &mut Builder<'_>,
        name: Option<&str>,
        written: &'t str,
        place: Range<usize>,
    ) {
        let target = Target::embedded(written);
        let mut name = name.map(normalized);
        match target {
            Target::Alias(other) => {
                self.refer(builder, Reference::Phrase(other), place);
                // `` `PyPI <pypi_>`_ `` gives no new name.
                name = name.filter(|name| *name != normalized(other));
            }
            _ => builder.link(LinkRule::RstLink, &address(written), place),
        }
        if let Some(name) = name {
            self.targets.entry(name).or_insert(target);
        }
    }

    /// Takes note of `__ written`.
    pub(super) fn define_next(
        &mut self,
        builder: &mut Builder<'_>,
        written: &'t str,
        place: Range<usize>,
    ) {
        let target = Target::of(written);
        if let Target::Elsewhere(written) = target {
            builder.link(LinkRule::RstLink, &address(written), place);
        }
        self.anonymous.push(target);
    }

    /// Takes note of a use; of no more than could become links.
    pub(super) fn refer(
        &mut self,
        builder: &Builder<'_>,
        reference: Reference<'_>,
        place: Range<usize>,
    ) {
        if self.uses.len() == MAX_ROWS {
            return;
        }
        let (name, surely) = match reference {
            Reference::Word(name) => (Some(normalized(name)), false),
            Reference::Phrase(name) => (Some(normalized(name)), true),
            Reference::Anonymous => (None, true),
        };
        self.uses.push(Use {
            name,
            surely,
            section: builder.section(),
            place,
        });
    }

    /// Turns all uses into links.
    pub(super) fn settle(self, builder: &mut Builder<'_>) {
        let titles: HashSet<String> = builder.titles().map(resolve::slug).collect();
        let mut anonymous = self.anonymous.iter();
        for used in self.uses {
            let target = match &used.name {
                None => anonymous.next().copied(),
                Some(name) => self.targets.get(name).copied(),
            };
            let target = follow(&self.targets, used.name.as_deref(), target);
            let written = match target {
                Some((_, Target::Elsewhere(written))) => address(written),
                Some((name, _)) => format!("#{name}"),
                None => match used.name {
                    Some(name) if used.surely || titles.contains(&resolve::slug(&name)) => {
                        format!("#{name}")
                    }
                    _ => continue,
                },
            };
            builder.link_in(used.section, LinkRule::RstLink, &written, used.place);
        }
    }
}

/// What `target`, for which `name` stands, leads to, and the name it has
/// there.
fn follow<'t>(
    targets: &HashMap<String, Target<'t>>,
    name: Option<&str>,
    target: Option<Target<'t>>,
) -> Option<(String, Target<'t>)> {
    let mut name = name.unwrap_or_default().to_owned();
    let mut target = target?;
    for _ in 0..MAX_ALIASES {
        let Target::Alias(other) = target else {
            break;
        };
        name = normalized(other);
        match targets.get(&name) {
            Some(next) => target = *next,
            None => break,
        }
    }
    Some((name, target))
}

impl<'t> Target<'t> {
    /// Of `.. _name: written`: another name is one word, or in backquotes.
    fn of(written: &'t str) -> Self {
        let alias = alias(written).filter(|name| {
            name.ends_with('`') || !name.contains(|c: char| c.is_whitespace() || "/:".contains(c))
        });
        Self::aliased(written, alias)
    }

    /// Of `` `text <written>`_ ``: another name is whatever is no URI.
    fn embedded(written: &'t str) -> Self {
        let uri = candidates::has_scheme(written) && !written.contains(": ");
        Self::aliased(written, alias(written).filter(|_| !uri))
    }

    fn aliased(written: &'t str, alias: Option<&'t str>) -> Self {
        match alias {
            _ if written.is_empty() => Self::Here,
            Some(name) => Self::Alias(name.trim_matches('`')),
            None => Self::Elsewhere(cut(written, candidates::MAX_TARGET_BYTES)),
        }
    }
}

/// `name_`, without what makes it a reference.
fn alias(written: &str) -> Option<&str> {
    let name = written.strip_suffix('_');
    name.filter(|name| !name.is_empty() && !name.ends_with('\\'))
}

/// What a hyperlink written so leads to. White space in it is of the lines it
/// is broken into, unless escaped, and a mail address is one.
fn address(written: &str) -> String {
    let mut address = String::with_capacity(written.len());
    let mut chars = written.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => address.extend(chars.next()),
            c if c.is_whitespace() => {}
            c => address.push(c),
        }
    }
    let mail = address.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty() && !host.is_empty() && !address.contains(['/', ':', '#', '?'])
    });
    if mail {
        address.insert_str(0, "mailto:");
    }
    address
}

/// A name as names are compared: lower case, one blank between words, without
/// escapes.
pub(super) fn normalized(name: &str) -> String {
    collapsed(name, candidates::MAX_TARGET_BYTES)
        .replace('\\', "")
        .to_lowercase()
}
