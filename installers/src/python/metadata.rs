//! Core metadata 2.4: `METADATA` of a wheel, `PKG-INFO` of a source distribution.

use std::fmt::Write as _;

use super::readme::with_absolute_links;
use super::{Door, PythonError, pep440};

impl Door<'_> {
    /// The file's text; the project's readme is its body.
    pub(crate) fn metadata(&self) -> Result<String, PythonError> {
        let package = &self.facts.package;
        let mut out = String::new();
        let mut field = |name: &str, value: &str| {
            let _ = writeln!(out, "{name}: {value}");
        };
        field("Metadata-Version", "2.4");
        field("Name", self.name());
        field("Version", &pep440(&package.version));
        field("Summary", &package.description);
        if !package.keywords.is_empty() {
            field("Keywords", &package.keywords.join(","));
        }
        for author in &package.authors {
            let kind = if author.contains('<') {
                "Author-email"
            } else {
                "Author"
            };
            field(kind, author);
        }
        field("License-Expression", &package.license);
        for license in &self.facts.release.archive.licenses {
            field("License-File", license);
        }
        for classifier in self.classifiers()? {
            field("Classifier", &classifier);
        }
        field("Requires-Python", &self.requires());
        for (label, url) in self.urls() {
            field("Project-URL", &format!("{label}, {url}"));
        }
        field("Description-Content-Type", "text/markdown");
        let readme = std::fs::read_to_string(&package.readme)
            .map_err(|error| PythonError::Read(package.readme.clone(), error))?;
        let _ = write!(out, "\n{}", with_absolute_links(&readme, self.facts));
        Ok(out)
    }

    /// Labelled links, sorted by label.
    pub(super) fn urls(&self) -> Vec<(String, String)> {
        let mut urls = self.python.urls.clone();
        urls.entry("Homepage".into())
            .or_insert_with(|| self.facts.package.homepage.clone());
        urls.entry("Source".into())
            .or_insert_with(|| self.facts.package.repository.clone());
        urls.into_iter().collect()
    }

    /// The project's own classifiers and those that follow from its Pythons, sorted.
    ///
    /// # Errors
    /// [`PythonError::Invalid`] where the oldest Python is not one of them.
    pub(crate) fn classifiers(&self) -> Result<Vec<String>, PythonError> {
        let python = self.python;
        if !python.versions.contains(&python.oldest) {
            return Err(PythonError::Invalid(format!(
                "`python.oldest` is {}, which `python.versions` does not name",
                python.oldest
            )));
        }
        let mut all = python.classifiers.clone();
        all.push("Programming Language :: Python".into());
        all.push("Programming Language :: Python :: 3".into());
        all.push("Programming Language :: Python :: 3 :: Only".into());
        all.push("Typing :: Typed".into());
        for version in &python.versions {
            all.push(format!("Programming Language :: Python :: {version}"));
        }
        all.sort();
        all.dedup();
        Ok(all)
    }
}
