//! SPDX expressions as Homebrew writes them.

use super::words::quoted;

/// The argument of `license` for an SPDX expression; `None` where names are
/// joined in more than one way.
pub(super) fn in_ruby(expression: &str) -> Option<String> {
    if expression.contains(['(', ')']) {
        return None;
    }
    let split = |by: &str| -> Vec<&str> { expression.split(by).map(str::trim).collect() };
    let (any, all) = (split(" OR "), split(" AND "));
    match (any.len(), all.len()) {
        (1, 1) => one(expression.trim()),
        (_, 1) => list("any_of", &any),
        (1, _) => list("all_of", &all),
        _ => None,
    }
}

fn one(license: &str) -> Option<String> {
    match license.split_once(" WITH ") {
        Some((name, exception)) => Some(format!(
            "{} => {{ with: {} }}",
            name_only(name)?,
            name_only(exception)?
        )),
        None => name_only(license),
    }
}

fn list(how: &str, licenses: &[&str]) -> Option<String> {
    let all: Option<Vec<String>> = licenses.iter().map(|license| one(license)).collect();
    // An exception inside a list would need braces of its own.
    let all = all.filter(|all| all.iter().all(|license| !license.contains("=>")))?;
    Some(format!("{how}: [{}]", all.join(", ")))
}

fn name_only(name: &str) -> Option<String> {
    let name = name.trim();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-.+".contains(c);
    (!name.is_empty() && name.chars().all(plain)).then(|| quoted(name))
}

#[cfg(test)]
mod tests {
    use super::in_ruby;

    #[test]
    fn licences_are_written_as_homebrew_does() {
        let cases = [
            ("MIT", Some(r#""MIT""#)),
            (
                "MIT OR Apache-2.0",
                Some(r#"any_of: ["MIT", "Apache-2.0"]"#),
            ),
            ("MIT AND Zlib", Some(r#"all_of: ["MIT", "Zlib"]"#)),
            (
                "Apache-2.0 WITH LLVM-exception",
                Some(r#""Apache-2.0" => { with: "LLVM-exception" }"#),
            ),
            ("(MIT OR Zlib) AND ISC", None),
            ("MIT OR Zlib AND ISC", None),
            ("Apache-2.0 WITH LLVM-exception OR MIT", None),
            ("", None),
        ];
        for (expression, expected) in cases {
            assert_eq!(in_ruby(expression).as_deref(), expected, "{expression}");
        }
    }
}
