//! Checks the links between the repository's own documents.
//!
//! Read are all tracked Markdown files but the inputs of tests. A relative link must
//! name a file, and a fragment a heading in it; every page of the book must be
//! in its table of contents. Links to other hosts are not followed: the check
//! gives the same answer everywhere.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Component, Path, PathBuf};

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::check::Outcome;
use super::tracked::tracked;
use crate::link::has_scheme;
use crate::process::Log;

/// The book's table of contents.
const SUMMARY: &str = "SUMMARY.md";

/// Checks every document below `root`; what is wrong goes to the log.
pub(super) fn check(root: &Path, log: &mut Log) -> io::Result<Outcome> {
    let mut pages = BTreeMap::new();
    for path in tracked_markdown(root)? {
        // A file that is deleted but not yet committed is still listed.
        if let Ok(text) = std::fs::read_to_string(root.join(&path)) {
            pages.insert(path, Page::parse(&text));
        }
    }
    if pages.is_empty() {
        return Ok(Outcome::Skipped("no Markdown file is tracked".into()));
    }
    let problems = problems(&pages, |path| root.join(path).exists());
    for problem in &problems {
        log.line(problem)?;
    }
    Ok(match problems.len() {
        0 => Outcome::Passed,
        count => Outcome::Failed(format!("{count} links lead nowhere or pages are unlisted")),
    })
}

fn tracked_markdown(root: &Path) -> io::Result<Vec<PathBuf>> {
    let all = ["--cached", "--others", "--exclude-standard", "*.md"];
    let input = |path: &Path| {
        path.components()
            .any(|part| part.as_os_str() == "fixtures" || part.as_os_str() == "corpus")
    };
    Ok(tracked(root, &all)?
        .into_iter()
        .map(PathBuf::from)
        .filter(|path| !input(path))
        .collect())
}

/// What other pages and this check need to know of a page.
#[derive(Debug, Default)]
struct Page {
    /// Destinations of its links and images, with the line of each.
    links: Vec<(usize, String)>,
    /// Fragments that it can be entered at.
    anchors: BTreeSet<String>,
}

impl Page {
    fn parse(text: &str) -> Self {
        let mut page = Self::default();
        let mut heading: Option<String> = None;
        let options = Options::ENABLE_TABLES | Options::ENABLE_FOOTNOTES;
        for (event, range) in Parser::new_ext(text, options).into_offset_iter() {
            match event {
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    let line = text[..range.start].matches('\n').count() + 1;
                    page.links.push((line, dest_url.into_string()));
                }
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::End(TagEnd::Heading(_)) => {
                    if let Some(title) = heading.take() {
                        page.add_anchor(&slug(&title));
                    }
                }
                Event::Text(part) | Event::Code(part) => {
                    if let Some(title) = heading.as_mut() {
                        title.push_str(&part);
                    }
                }
                Event::Html(html) | Event::InlineHtml(html) => page.add_html_anchors(&html),
                _ => {}
            }
        }
        page
    }

    /// A title that occurs again gets a number, as renderers do it.
    fn add_anchor(&mut self, slug: &str) {
        let free = (0..).map(|n| match n {
            0 => slug.to_owned(),
            n => format!("{slug}-{n}"),
        });
        let taken = &self.anchors;
        let anchor = free
            .into_iter()
            .find(|candidate| !taken.contains(candidate));
        self.anchors.extend(anchor);
    }

    fn add_html_anchors(&mut self, html: &str) {
        for attribute in ["id=\"", "name=\""] {
            let values = html.split(attribute).skip(1);
            let values = values.filter_map(|rest| rest.split_once('"'));
            self.anchors
                .extend(values.map(|(value, _)| value.to_owned()));
        }
    }
}

/// A heading's fragment, as GitHub and mdBook make it.
fn slug(title: &str) -> String {
    title
        .trim()
        .to_lowercase()
        .chars()
        .filter_map(|c| match c {
            ' ' => Some('-'),
            c if c.is_alphanumeric() || c == '-' || c == '_' => Some(c),
            _ => None,
        })
        .collect()
}

fn problems(pages: &BTreeMap<PathBuf, Page>, exists: impl Fn(&Path) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for (path, page) in pages {
        for (line, link) in &page.links {
            if let Some(problem) = problem(path, link, pages, &exists) {
                found.push(format!("{}:{line}: {link}: {problem}", path.display()));
            }
        }
    }
    for summary in pages.keys().filter(|path| path.ends_with(SUMMARY)) {
        let dir = summary.parent().unwrap_or(Path::new(""));
        let listed: BTreeSet<PathBuf> = pages[summary]
            .links
            .iter()
            .filter_map(|(_, link)| normalised(&dir.join(link)))
            .collect();
        let pages = pages
            .keys()
            .filter(|page| page.starts_with(dir) && *page != summary);
        found.extend(
            pages
                .filter(|page| !listed.contains(*page))
                .map(|page| format!("{}: not in {}", page.display(), summary.display())),
        );
    }
    found
}

fn problem(
    from: &Path,
    link: &str,
    pages: &BTreeMap<PathBuf, Page>,
    exists: &impl Fn(&Path) -> bool,
) -> Option<String> {
    if has_scheme(link) || link.starts_with("//") {
        return None;
    }
    let (file, fragment) = link.split_once('#').unwrap_or((link, ""));
    let target = if file.is_empty() {
        from.to_path_buf()
    } else {
        let dir = from.parent().unwrap_or(Path::new(""));
        match normalised(&dir.join(file)) {
            Some(path) => path,
            None => return Some("leads out of the repository".into()),
        }
    };
    match pages.get(&target) {
        Some(page) if fragment.is_empty() || page.anchors.contains(fragment) => None,
        Some(_) => Some(format!("{} has no heading `#{fragment}`", target.display())),
        None if exists(&target) => None,
        None => Some(format!("there is no {}", target.display())),
    }
}

/// The path without `.` and `..`; none if it leaves its root.
fn normalised(path: &Path) -> Option<PathBuf> {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => clean.push(name),
            Component::CurDir => {}
            Component::ParentDir => {
                if !clean.pop() {
                    return None;
                }
            }
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(clean)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(pages: &[(&str, &str)]) -> Vec<String> {
        let pages = pages.iter();
        let pages = pages.map(|(path, text)| (PathBuf::from(path), Page::parse(text)));
        problems(&pages.collect(), |path| path.ends_with("LICENSE"))
    }

    #[test]
    fn links_to_files_headings_and_other_hosts_are_fine() {
        let readme =
            "# Top\n[a](docs/use.md#how-it-works) [b](#top) [c](LICENSE) [d](https://e.org/x)";
        let pages = [
            ("README.md", readme),
            ("docs/use.md", "## How it works?\n[up](../README.md)"),
        ];
        assert_eq!(found(&pages), Vec::<String>::new());
    }

    #[test]
    fn a_missing_file_a_missing_heading_and_a_way_out_are_reported_with_their_line() {
        let readme = "x\n[a](gone.md)\n[b](b.md#no)\n[c](../../etc)";
        let problems = found(&[("README.md", readme), ("b.md", "# Yes")]);
        assert_eq!(problems.len(), 3, "{problems:?}");
        assert!(
            problems[0].starts_with("README.md:2: gone.md: there is no"),
            "{problems:?}"
        );
        assert!(problems[1].contains("no heading `#no`"), "{problems:?}");
        assert!(problems[2].contains("leads out"), "{problems:?}");
    }

    #[test]
    fn a_page_that_the_table_of_contents_forgot_is_reported() {
        let pages = [
            ("docs/SUMMARY.md", "[a](a.md)"),
            ("docs/a.md", ""),
            ("docs/b.md", ""),
            ("README.md", ""),
        ];
        assert_eq!(found(&pages), ["docs/b.md: not in docs/SUMMARY.md"]);
    }

    #[test]
    fn a_repeated_heading_gets_a_number() {
        let page = Page::parse("# A `b`\n# A b\n");
        let anchors: Vec<&str> = page.anchors.iter().map(String::as_str).collect();
        assert_eq!(anchors, ["a-b", "a-b-1"]);
    }
}
