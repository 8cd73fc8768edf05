//! The Homebrew door without Homebrew: the formula of a real site is valid, in
//! style, loads on every machine, and installs and tests what is in the archive.
#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use support::{Shipped, bare, done, fails, product, product_name, sha256, tiny};

const LOADER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/homebrew/load.rb");
const STYLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/homebrew/rubocop.yml");

fn ruby(formula: &Path, machine: [&str; 2]) -> Command {
    let mut ruby = Command::new("ruby");
    ruby.arg(LOADER).arg(formula).args(machine);
    ruby
}

/// Goes through everything Homebrew would do with the formula of `shipped`.
fn goes_through(shipped: &Shipped, binary: &str) {
    let formula = shipped.file(".rb");
    done(Command::new("ruby").arg("-c").arg(&formula));
    let mut rubocop = Command::new("rubocop");
    rubocop.args(["--cache", "false", "--config", STYLE]);
    done(rubocop.arg(&formula));

    let said: serde_json::Value =
        serde_json::from_str(&done(&mut ruby(&formula, ["linux", "intel"]))).unwrap();
    let archive = shipped.file("gnu.tar.gz");
    assert_eq!(said["sha256"], sha256(&archive));
    let name = archive.file_name().unwrap().to_str().unwrap();
    assert!(said["url"].as_str().unwrap().ends_with(name), "{said}");
    assert_eq!(said["test"], true);

    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for name in ["unpacked", "scratch", "home"] {
        fs::create_dir(at(name)).unwrap();
    }
    done(
        Command::new("tar")
            .arg("-xf")
            .arg(&archive)
            .arg("-C")
            .arg(at("unpacked")),
    );
    let inside = at("unpacked").join(name.trim_end_matches(".tar.gz"));
    let mut install = ruby(&formula, ["linux", "intel"]);
    done(install.arg("install").arg(&inside).arg(at("prefix")));
    for file in [
        format!("bin/{binary}"),
        format!("share/man/man1/{binary}.1"),
        format!("etc/bash_completion.d/{binary}"),
        format!("share/zsh/site-functions/_{binary}"),
        format!("share/fish/vendor_completions.d/{binary}.fish"),
    ] {
        assert!(at("prefix").join(&file).is_file(), "{file}");
    }
    // bash takes the file for a completion of the command.
    let sourced = format!(
        ". '{}' && complete -p {binary}",
        at("prefix")
            .join("etc/bash_completion.d")
            .join(binary)
            .display()
    );
    done(bare("bash", &at("home")).args(["-c", &sourced]));
    let mut test = ruby(&formula, ["linux", "intel"]);
    test.arg("test").arg(at("prefix")).arg(at("scratch"));
    done(test.env("HOME", at("home")));
    // A test that cannot fail tests nothing.
    fs::remove_file(at("prefix").join("bin").join(binary)).unwrap();
    let mut test = ruby(&formula, ["linux", "intel"]);
    fails(test.arg("test").arg(at("prefix")).arg(at("scratch")));
}

#[test]
fn the_formula_of_any_product_installs_and_tests_it() {
    goes_through(tiny(), "pocket");
}

#[test]
fn the_formula_of_this_product_installs_and_tests_it() {
    goes_through(product(), product_name());
}
