//! Versions, from semantic versioning to PEP 440.

/// `1.2.3-rc.4` becomes `1.2.3rc4`; a version without a pre-release stays.
/// A pre-release word PEP 440 does not know becomes a development release,
/// which sorts before all others, and so is offered to nobody unasked.
pub(crate) fn pep440(version: &str) -> String {
    let (version, build) = match version.split_once('+') {
        Some((version, build)) => (version, Some(build.replace('-', "."))),
        None => (version, None),
    };
    let release = match version.split_once('-') {
        None => version.to_owned(),
        Some((release, pre)) => {
            let word: String = pre.chars().take_while(char::is_ascii_alphabetic).collect();
            let digits: String = pre.chars().filter(char::is_ascii_digit).collect();
            let number: u64 = digits.parse().unwrap_or(0);
            match word.as_str() {
                "alpha" | "a" => format!("{release}a{number}"),
                "beta" | "b" => format!("{release}b{number}"),
                "rc" | "pre" | "preview" | "c" => format!("{release}rc{number}"),
                _ => format!("{release}.dev{number}"),
            }
        }
    };
    match build {
        Some(build) => format!("{release}+{build}"),
        None => release,
    }
}

#[cfg(test)]
mod tests {
    use super::pep440;

    #[test]
    fn pre_releases_are_written_as_python_sorts_them() {
        assert_eq!(pep440("1.2.3"), "1.2.3");
        assert_eq!(pep440("1.2.3-rc.4"), "1.2.3rc4");
        assert_eq!(pep440("1.2.3-alpha.1"), "1.2.3a1");
        assert_eq!(pep440("1.2.3-nightly.7+abc"), "1.2.3.dev7+abc");
    }
}
