//! Names and sentences by Homebrew's rules.

/// Longest description `brew audit` accepts, in characters.
const DESCRIPTION: usize = 80;

/// Class of the formula called `name`, as Homebrew derives it.
pub(super) fn class(name: &str) -> String {
    let mut class = String::new();
    let mut upper = true;
    for c in name.to_lowercase().chars() {
        match c {
            '-' | '_' | '.' | ' ' => upper = true,
            '+' => class.push('x'),
            c if upper => {
                class.extend(c.to_uppercase());
                upper = false;
            }
            c => class.push(c),
        }
    }
    class
}

/// `text` as a Ruby string in which nothing is interpolated.
pub(super) fn quoted(text: &str) -> String {
    let escaped = text
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace("#{", "\\#{");
    format!("\"{escaped}\"")
}

/// Words that a description may start with as they are.
const LOWERCASE: [&str; 3] = ["iOS", "iPhone", "macOS"];

/// Judges a description as `brew audit` does.
pub(super) fn description(name: &str, text: &str) -> Result<(), String> {
    let lower = text.to_lowercase();
    let first = text.split_whitespace().next().unwrap_or_default();
    let problem = if text.trim() != text || text.is_empty() {
        "is empty or has spaces around it"
    } else if text.chars().count() > DESCRIPTION {
        "is longer than 80 characters"
    } else if ["a", "an", "the"].contains(&&*first.to_lowercase()) {
        "starts with an article"
    } else if first.starts_with(|c: char| c.is_ascii_lowercase()) && !LOWERCASE.contains(&first) {
        "does not start with a capital letter"
    } else if text.ends_with('.') && !text.ends_with("etc.") {
        "ends with a full stop"
    } else if lower.contains("command line") || lower.contains("commandline") {
        "does not write `command-line` with a hyphen"
    } else if starts_with_name(&lower, &name.to_lowercase()) {
        "starts with the name of the formula"
    } else {
        return Ok(());
    };
    Err(format!("`{text}` {problem}, which `brew audit` refuses"))
}

/// Whether `text` starts with `name`, whatever joins the words of each.
fn starts_with_name(text: &str, name: &str) -> bool {
    let mut rest = text;
    for (place, letter) in name.chars().filter(|c| *c != '-').enumerate() {
        let joined = |c: char| place > 0 && (c.is_whitespace() || c == '-');
        rest = rest.strip_prefix(joined).unwrap_or(rest);
        let Some(after) = rest.strip_prefix(letter) else {
            return false;
        };
        rest = after;
    }
    !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_named_as_homebrew_names_them() {
        assert_eq!(class("tiny"), "Tiny");
        assert_eq!(class("cargo-deny"), "CargoDeny");
        assert_eq!(class("a_b.c++"), "ABCxx");
        assert_eq!(class("My-oddTool"), "MyOddtool");
    }

    #[test]
    fn strings_are_taken_literally() {
        assert_eq!(quoted(r##"say "#{hi}" \o/"##), r##""say \"\#{hi}\" \\o/""##);
    }

    #[test]
    fn descriptions_that_an_audit_refuses_are_refused() {
        for good in [
            "Small program that says hello",
            "Tinyest program",
            "macOS helper",
            "Says hello, goodbye, etc.",
        ] {
            assert_eq!(description("tiny", good), Ok(()));
        }
        for named in ["Tiny-app: a program", "Tiny app of ours", "tinyapp"] {
            assert!(description("tiny-app", named).is_err(), "{named}");
        }
        for bad in [
            "",
            "A small program",
            "small program",
            "Small program.",
            "Tiny is a program",
            "Tiny: a program",
            "Small command line program",
            "Said in so very many words that nobody will ever want to read them all to the end",
        ] {
            assert!(description("tiny", bad).is_err(), "{bad}");
        }
    }
}
