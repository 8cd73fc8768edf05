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

/// Why no Python package can have `version`, if none can. Found before anything
/// is public: PyPI comes after other doors.
pub(crate) fn in_the_way(version: &str) -> Option<&'static str> {
    if version.contains('+') {
        return Some("PyPI takes no version with build metadata");
    }
    let (_, pre) = version.split_once('-')?;
    let number = pre.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let word = number.len() < pre.len();
    let number = number.strip_prefix('.').unwrap_or(number);
    // What is longer would become one version with others.
    let plain = word && (number.is_empty() || number.parse::<u64>().is_ok());
    (!plain).then_some("Python has pre-releases of one word and one number, as `rc.1`")
}

#[cfg(test)]
mod tests {
    use super::{in_the_way, pep440};

    #[test]
    fn versions_that_python_cannot_tell_apart_or_pypi_refuses_are_found_before() {
        for good in [
            "1.2.3",
            "1.2.3-rc.4",
            "1.2.3-rc4",
            "1.2.3-beta",
            "1.2.3-nightly.7",
        ] {
            assert_eq!(in_the_way(good), None, "{good}");
        }
        for bad in [
            "1.2.3+b",
            "1.2.3-rc.1+b",
            "1.2.3-rc.1.1",
            "1.2.3-7",
            "1.2.3-rc-1",
            "1.2.3-x.y.1",
        ] {
            assert!(in_the_way(bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn pre_releases_are_written_as_python_sorts_them() {
        assert_eq!(pep440("1.2.3"), "1.2.3");
        assert_eq!(pep440("1.2.3-rc.4"), "1.2.3rc4");
        assert_eq!(pep440("1.2.3-alpha.1"), "1.2.3a1");
        assert_eq!(pep440("1.2.3-nightly.7+abc"), "1.2.3.dev7+abc");
    }
}
