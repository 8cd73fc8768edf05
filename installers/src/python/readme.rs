//! The project's readme where its other files are not: on a package index.

use std::path::Path;

use pulldown_cmark::{Event, LinkType, Parser, Tag};

use crate::facts::Facts;
use crate::link::has_scheme;

/// `readme` with its relative links leading to the files of the released
/// commit, where the project is hosted.
pub(super) fn with_absolute_links(readme: &str, facts: &Facts) -> String {
    let folder = facts.package.readme.parent().unwrap_or(Path::new(""));
    let folder = folder.strip_prefix(&facts.root).unwrap_or(folder);
    let mut base = format!("{}/blob/{}/", facts.package.repository, facts.tag());
    for name in folder {
        base.push_str(&format!("{}/", name.to_string_lossy()));
    }
    absolute(readme, &base)
}

fn absolute(text: &str, base: &str) -> String {
    let mut found = String::with_capacity(text.len());
    let mut done = 0;
    for (event, range) in Parser::new(text).into_offset_iter() {
        let Event::Start(Tag::Link {
            link_type: LinkType::Inline,
            dest_url,
            ..
        }) = event
        else {
            continue;
        };
        // The target stands behind the text of the link.
        let written = format!("]({dest_url}");
        let place = text[range.clone()].rfind(&written);
        if let Some(place) = place
            && !has_scheme(&dest_url)
            && !dest_url.starts_with(['#', '/'])
        {
            let target = range.start + place + "](".len();
            found.push_str(&text[done..target]);
            found.push_str(base);
            done = target;
        }
    }
    found.push_str(&text[done..]);
    found
}

#[cfg(test)]
mod tests {
    use super::absolute;

    #[test]
    fn only_relative_links_change() {
        let text = "[a](docs/a.md#x \"t\"), [`b`](b) and [c](https://c.example/docs/a.md)\n\n\
                    [d](#d) [e](/e) [f](mailto:f@example.org) `[g](g.md)` ![h](h.png)\n";
        let expected = "[a](B/docs/a.md#x \"t\"), [`b`](B/b) and [c](https://c.example/docs/a.md)\n\n\
                        [d](#d) [e](/e) [f](mailto:f@example.org) `[g](g.md)` ![h](h.png)\n";
        assert_eq!(absolute(text, "B/"), expected);
    }
}
