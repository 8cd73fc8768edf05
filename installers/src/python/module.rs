//! The small importable module: it finds the executable and can run it.

use super::Door;

impl Door<'_> {
    /// The module's files by path, rendered for the project.
    pub(super) fn module_files(&self) -> Vec<(String, Vec<u8>)> {
        [
            ("__init__.py", include_str!("templates/__init__.py")),
            ("__main__.py", include_str!("templates/__main__.py")),
            ("_find.py", include_str!("templates/_find.py")),
            ("py.typed", ""),
        ]
        .into_iter()
        .map(|(name, template)| {
            let text = self.render(template);
            (format!("{}/{name}", self.module()), text.into_bytes())
        })
        .collect()
    }

    /// Fills in the project's names.
    pub(super) fn render(&self, template: &str) -> String {
        let binary = &self.facts.package.binary;
        let function = format!("find_{}_bin", binary.replace('-', "_"));
        template
            .replace("@MODULE@", self.module())
            .replace("@PROJECT@", self.name())
            .replace("@BINARY@", binary)
            .replace("@FUNCTION@", &function)
            .replace(
                "@DOCUMENTATION@",
                &self.facts.release.installer.documentation,
            )
    }
}
