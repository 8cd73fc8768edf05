//! The small importable module: it finds the executable and can run it.

use crate::facts::Facts;

/// The module's files by path, rendered for the project.
pub(super) fn files(facts: &Facts) -> Vec<(String, Vec<u8>)> {
    let module = &facts.release.python.module;
    [
        ("__init__.py", include_str!("templates/__init__.py")),
        ("__main__.py", include_str!("templates/__main__.py")),
        ("_find.py", include_str!("templates/_find.py")),
        ("py.typed", ""),
    ]
    .into_iter()
    .map(|(name, template)| {
        let text = render(facts, template);
        (format!("{module}/{name}"), text.into_bytes())
    })
    .collect()
}

/// Fills in the project's names.
pub(super) fn render(facts: &Facts, template: &str) -> String {
    let python = &facts.release.python;
    let binary = &facts.package.binary;
    let function = format!("find_{}_bin", binary.replace('-', "_"));
    template
        .replace("@MODULE@", &python.module)
        .replace("@PROJECT@", &python.name)
        .replace("@BINARY@", binary)
        .replace("@FUNCTION@", &function)
        .replace("@DOCUMENTATION@", &facts.release.installer.documentation)
}
