//! Front matter in TOML.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Key;
use crate::graph::TagRule;
use crate::source::builder::Builder;

/// Reads a block of TOML; `false` when it is not TOML.
pub(super) fn read(builder: &mut Builder<'_>, body: Range<usize>) -> bool {
    let text = builder.text();
    let Ok(root) = DeTable::parse(&text[body.clone()]) else {
        return false;
    };
    keys(builder, root.get_ref(), body.start);
    // Zola keeps tags in `[taxonomies]`.
    for (key, value) in root.get_ref() {
        if let (true, DeValue::Table(inner)) = (key.get_ref() == "taxonomies", value.get_ref()) {
            keys(builder, inner, body.start);
        }
    }
    true
}

/// Reads the keys of `table`, which stand behind `base`.
fn keys(builder: &mut Builder<'_>, table: &DeTable<'_>, base: usize) {
    for (key, value) in table {
        match (Key::of(key.get_ref()), value.get_ref()) {
            (Key::Title, DeValue::String(title)) => builder.title(title),
            (Key::Tags, DeValue::String(list)) => {
                let place = place(value.span(), base);
                for tag in list.split(',') {
                    builder.tag(TagRule::FrontMatter, tag.trim(), place.clone());
                }
            }
            (Key::Tags, DeValue::Array(list)) => {
                for item in list.iter().filter_map(name_of) {
                    if let DeValue::String(tag) = item.get_ref() {
                        let place = place(item.span(), base);
                        builder.tag(TagRule::FrontMatter, tag.trim(), place);
                    }
                }
            }
            _ => {}
        }
    }
}

/// The item of a list: itself, or the `name` of a table.
fn name_of<'v, 'i>(item: &'v Spanned<DeValue<'i>>) -> Option<&'v Spanned<DeValue<'i>>> {
    let DeValue::Table(table) = item.get_ref() else {
        return Some(item);
    };
    let mut entries = table.iter();
    let named = entries.find(|(key, _)| key.get_ref().eq_ignore_ascii_case("name"));
    named.map(|(_, value)| value)
}

fn place(span: Range<usize>, base: usize) -> Range<usize> {
    base + span.start..base + span.end
}
