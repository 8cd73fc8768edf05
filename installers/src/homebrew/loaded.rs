//! What a formula must say on every machine, as `load.rb` reports it.

use serde_json::Value;

/// Loads a formula without Homebrew; its first lines tell how it is called.
pub(crate) const LOADER: &str = include_str!("load.rb");

/// RuboCop's settings for formulae.
pub(crate) const STYLE: &str = include_str!("rubocop.yml");

/// The kinds of machine Homebrew runs on: system and processor.
pub(crate) const MACHINES: [(&str, &str); 4] = [
    ("macos", "arm"),
    ("macos", "intel"),
    ("linux", "arm"),
    ("linux", "intel"),
];

/// Whether `said`, what `load.rb` printed for one machine, has all that
/// Homebrew needs to load, install and test the formula there.
///
/// # Errors
/// The first thing that is missing, in words.
pub(crate) fn complete(said: &Value) -> Result<(), String> {
    for field in ["class", "desc", "homepage", "url", "sha256"] {
        if said
            .get(field)
            .and_then(Value::as_str)
            .is_none_or(str::is_empty)
        {
            return Err(format!("it has no `{field}`"));
        }
    }
    let digest = said["sha256"].as_str().unwrap_or_default();
    let hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    if digest.len() != 64 || !digest.chars().all(hex) {
        return Err(format!("`sha256` is no digest: {digest}"));
    }
    for field in ["license", "livecheck"] {
        if said.get(field).is_none() {
            return Err(format!("it has no `{field}`"));
        }
    }
    if said.get("test") != Some(&Value::Bool(true)) {
        return Err("it has no `test do`".into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn a_formula_that_lacks_anything_is_named_with_it() {
        let whole = json!({
            "class": "Tiny", "desc": "Small program", "homepage": "https://example.org",
            "url": "https://example.org/tiny.tar.gz", "sha256": "0f".repeat(32),
            "license": "MIT", "livecheck": {"url": "stable"}, "test": true,
        });
        assert_eq!(complete(&whole), Ok(()));
        for field in whole.as_object().unwrap().keys() {
            let mut broken = whole.clone();
            broken.as_object_mut().unwrap().remove(field);
            assert!(complete(&broken).unwrap_err().contains(field), "{field}");
        }
        let mut broken = whole;
        broken["sha256"] = json!("0F".repeat(32));
        assert!(complete(&broken).is_err());
    }
}
