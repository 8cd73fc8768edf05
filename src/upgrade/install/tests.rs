#![allow(clippy::unwrap_used)]

use std::fs;

use std::path::Path;

use super::*;

/// An executable of 5 bytes at `relative` in a fresh directory.
fn executable(relative: &str) -> (tempfile::TempDir, PathBuf) {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().canonicalize().unwrap();
    let path = root.join(relative);
    write(&path, "#!bin");
    (home, path)
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn receipt_of(config: &Path, prefix: &Path, layout: &str) {
    let text = format!(
        r#"{{"binaries":["auditgraph"],"install_prefix":"{}","install_layout":"{layout}","modify_path":true,"provider":{{"source":"cargo-dist","version":"0.34.0"}},"source":{{"app_name":"auditgraph"}},"version":"0.1.0"}}"#,
        prefix.display()
    );
    write(&config.join("auditgraph/auditgraph-receipt.json"), &text);
}

fn verdict(path: &Path, config: &Path) -> Install {
    decide(&Facts::gather(path, Some(config)))
}

#[test]
fn a_receipt_that_names_this_executable_makes_it_standalone() {
    let (home, path) = executable(".local/bin/auditgraph");
    let config = home.path().join(".config");
    receipt_of(&config, path.parent().unwrap(), "flat");
    let install = verdict(&path, &config);
    assert_eq!(install.kind, Kind::Standalone);
    assert_eq!(install.upgrade.as_deref(), Some("auditgraph self-update"));
    let receipt = install.receipt.unwrap();
    receipt.record("0.2.0").unwrap();
    let again = verdict(&path, &config).receipt.unwrap();
    assert_eq!(again.version(), "0.2.0");
    // dist's own fields survive.
    let text = fs::read_to_string(again.path()).unwrap();
    assert!(text.contains(r#""modify_path": true"#), "{text}");
}

#[test]
fn a_receipt_behind_a_link_is_one_and_the_link_stays() {
    let (home, path) = executable(".local/bin/auditgraph");
    let config = home.path().join(".config");
    receipt_of(&config, path.parent().unwrap(), "flat");
    let (link, file) = (
        config.join("auditgraph/auditgraph-receipt.json"),
        config.join("kept.json"),
    );
    fs::rename(&link, &file).unwrap();
    std::os::unix::fs::symlink(&file, &link).unwrap();
    let install = verdict(&path, &config);
    assert_eq!(install.kind, Kind::Standalone, "{}", install.evidence);
    install.receipt.unwrap().record("0.2.0").unwrap();
    assert!(link.is_symlink());
    let receipt = verdict(&path, &config).receipt.unwrap();
    assert_eq!(receipt.version(), "0.2.0");
}

#[test]
fn a_hierarchical_layout_means_the_bin_directory_below_the_prefix() {
    let (home, path) = executable("opt/bin/auditgraph");
    let config = home.path().join(".config");
    receipt_of(&config, &home.path().join("opt"), "hierarchical");
    assert_eq!(verdict(&path, &config).kind, Kind::Standalone);
}

#[test]
fn a_receipt_reaches_a_binary_behind_a_symbolic_link() {
    let (home, path) = executable("store/auditgraph");
    let bin = home.path().join("bin");
    fs::create_dir_all(&bin).unwrap();
    std::os::unix::fs::symlink(&path, bin.join("auditgraph")).unwrap();
    let config = home.path().join(".config");
    receipt_of(&config, &bin, "flat");
    assert_eq!(verdict(&path, &config).kind, Kind::Standalone);
}

#[test]
fn a_copy_that_no_receipt_names_is_unknown_and_has_no_command() {
    let (home, path) = executable("elsewhere/auditgraph");
    let config = home.path().join(".config");
    assert_eq!(verdict(&path, &config).kind, Kind::Unknown);
    write(&home.path().join("bin/auditgraph"), "other");
    receipt_of(&config, &home.path().join("bin"), "flat");
    let install = verdict(&path, &config);
    assert_eq!((install.kind, install.upgrade), (Kind::Unknown, None));
    assert!(install.evidence.contains("not of this executable"));
}

#[test]
fn a_damaged_receipt_is_told_and_explains_nothing() {
    let (home, path) = executable("bin/auditgraph");
    let config = home.path().join(".config");
    write(&config.join("auditgraph/auditgraph-receipt.json"), "{");
    let install = verdict(&path, &config);
    assert_eq!(install.kind, Kind::Unknown);
    assert!(install.evidence.contains("damaged"), "{}", install.evidence);
}

#[test]
fn without_home_an_install_is_unknown_and_says_why() {
    let (_home, path) = executable("bin/auditgraph");
    let install = decide(&Facts::gather(&path, None));
    assert_eq!(install.kind, Kind::Unknown);
    assert!(install.evidence.contains("HOME is not set"));
}

fn distribution(environment: &Path, installer: &str, length: usize) {
    let info = environment.join("lib/python3.11/site-packages/auditgraph-0.1.0.dist-info");
    write(&info.join("INSTALLER"), installer);
    write(
        &info.join("RECORD"),
        &format!(
            "../../../bin/auditgraph,sha256=abc,{length}\nauditgraph/__init__.py,sha256=x,5\n"
        ),
    );
}

/// What pip records below `base`, for a Python that no machine has.
fn user_site(base: &Path, library: &str) {
    distribution(base, "pip", 5);
    let libraries = base.join("lib");
    fs::rename(libraries.join("python3.11"), libraries.join(library)).unwrap();
}

#[test]
fn pip_is_the_pip_of_the_environment_that_records_the_file() {
    let (home, path) = executable("my env/bin/auditgraph");
    let environment = home.path().canonicalize().unwrap().join("my env");
    write(&environment.join("pyvenv.cfg"), "");
    distribution(&environment, "pip\n", 5);
    let install = verdict(&path, &home.path().join(".config"));
    assert_eq!(install.kind, Kind::Pip);
    assert_eq!(
        install.command_for("0.2.0").unwrap(),
        format!(
            "'{}/bin/python' -m pip install auditgraph==0.2.0",
            environment.display()
        )
    );
    assert_eq!(
        install.upgrade.unwrap(),
        format!(
            "'{}/bin/python' -m pip install -U auditgraph",
            environment.display()
        )
    );
}

#[test]
fn an_environment_that_uv_filled_has_no_pip_and_is_upgraded_by_uv() {
    let (home, path) = executable("env/bin/auditgraph");
    let environment = home.path().canonicalize().unwrap().join("env");
    write(&environment.join("pyvenv.cfg"), "");
    distribution(&environment, "uv", 5);
    let install = verdict(&path, &home.path().join(".config"));
    for (command, what) in [
        (install.upgrade.clone(), "-U auditgraph"),
        (install.command_for("0.2.0-rc.1"), "auditgraph==0.2.0-rc.1"),
    ] {
        assert_eq!(
            command.unwrap(),
            format!(
                "uv pip install --python {}/bin/python {what}",
                environment.display()
            )
        );
    }
}

#[test]
fn uv_tool_and_pipx_are_told_from_pip_by_their_own_marks() {
    for (mark, kind, command, exact) in [
        (
            "uv-receipt.toml",
            Kind::UvTool,
            "uv tool upgrade auditgraph",
            "uv tool install auditgraph==0.2.0",
        ),
        (
            "pipx_metadata.json",
            Kind::Pipx,
            "pipx upgrade auditgraph",
            "pipx install --force auditgraph==0.2.0",
        ),
    ] {
        let (home, path) = executable("env/bin/auditgraph");
        let environment = home.path().join("env");
        distribution(&environment, "pip", 5);
        write(&environment.join(mark), "");
        let install = verdict(&path, &home.path().join(".config"));
        assert_eq!(
            (install.kind, install.upgrade.as_deref()),
            (kind, Some(command))
        );
        assert_eq!(install.command_for("0.2.0").as_deref(), Some(exact));
    }
}

#[test]
fn pip_install_user_over_a_standalone_binary_belongs_to_pip() {
    let (home, path) = executable(".local/bin/auditgraph");
    let config = home.path().join(".config");
    receipt_of(&config, path.parent().unwrap(), "flat");
    user_site(&home.path().join(".local"), "python3.99");
    let install = verdict(&path, &config);
    assert_eq!(install.kind, Kind::Pip);
    assert_eq!(
        install.upgrade.as_deref(),
        Some("python3.99 -m pip install --user -U auditgraph")
    );
    // The installer ran again afterwards: pip's record is of another file.
    fs::write(&path, "#!longer").unwrap();
    assert_eq!(verdict(&path, &config).kind, Kind::Standalone);
}

#[test]
fn a_user_site_elsewhere_is_named_to_pip() {
    let (home, path) = executable("my base/bin/auditgraph");
    let base = home.path().canonicalize().unwrap().join("my base");
    user_site(&base, "python3.99");
    let install = verdict(&path, &home.path().join(".config"));
    let command = format!(
        "PYTHONUSERBASE='{}' python3.99 -m pip install --user -U auditgraph",
        base.display()
    );
    assert_eq!(install.upgrade, Some(command));
}

#[test]
fn a_user_site_of_a_framework_on_macos_belongs_to_pip() {
    let (home, path) = executable("Library/Python/3.99/bin/auditgraph");
    let base = home.path().join("Library/Python/3.99");
    user_site(&base, "python");
    let install = verdict(&path, &home.path().join(".config"));
    assert_eq!(
        install.upgrade.as_deref(),
        Some("python3.99 -m pip install --user -U auditgraph")
    );
}

#[test]
fn a_python_that_a_system_manages_is_told_to_let_pip_all_the_same() {
    let (home, path) = executable("usr/bin/auditgraph");
    let prefix = home.path().join("usr");
    distribution(&prefix, "pip", 5);
    write(&prefix.join("bin/python3.11"), "");
    write(&prefix.join("lib/python3.11/EXTERNALLY-MANAGED"), "");
    let command = || {
        let install = verdict(&path, &home.path().join(".config"));
        install.upgrade.unwrap()
    };
    let allowed = "bin/python3.11 -m pip install --break-system-packages -U auditgraph";
    assert!(command().ends_with(allowed), "{}", command());
    // A virtual environment is nobody else's.
    write(&prefix.join("pyvenv.cfg"), "");
    assert!(command().ends_with("bin/python -m pip install -U auditgraph"));
}

#[test]
fn a_keg_in_a_cellar_is_homebrew() {
    let (home, path) = executable("homebrew/Cellar/auditgraph/0.1.0/bin/auditgraph");
    let keg = path.parent().unwrap().parent().unwrap();
    assert_eq!(verdict(&path, home.path()).kind, Kind::Unknown);
    write(&keg.join("INSTALL_RECEIPT.json"), "{}");
    let install = verdict(&path, home.path());
    assert_eq!(install.kind, Kind::Homebrew);
    assert_eq!(install.upgrade.as_deref(), Some("brew upgrade auditgraph"));
    // Whose tap has the newest version and no other.
    assert_eq!(install.command_for("0.2.0"), None);
}

#[test]
fn cargo_is_told_by_its_database_with_root_and_source() {
    let version = env!("CARGO_PKG_VERSION");
    let registry = "registry+https://github.com/rust-lang/crates.io-index";
    for (root, source, command, exact) in [
        (
            ".cargo",
            registry,
            "cargo install --locked auditgraph".to_owned(),
            Some("cargo install --locked auditgraph@0.2.0"),
        ),
        (
            ".cargo",
            "path+file:///src/auditgraph",
            "cargo install --locked --path /src/auditgraph".to_owned(),
            None,
        ),
        (
            ".cargo",
            "path+file:///my%20src%20(old)",
            "cargo install --locked --path '/my src (old)'".to_owned(),
            None,
        ),
        (
            ".cargo",
            "git+https://example.org/a.git?branch=main#0123",
            "cargo install --locked --git https://example.org/a.git --branch main auditgraph"
                .to_owned(),
            Some("--git https://example.org/a.git --tag v0.2.0 auditgraph"),
        ),
        (
            ".cargo",
            "git+https://example.org/a;b.git?tag=v0.1.0#0123",
            "cargo install --locked --git 'https://example.org/a;b.git' auditgraph".to_owned(),
            Some("--git 'https://example.org/a;b.git' --tag v0.2.0 auditgraph"),
        ),
        (
            ".cargo",
            "sparse+https://corp.example/index/",
            "cargo install --locked --index sparse+https://corp.example/index/ auditgraph"
                .to_owned(),
            Some("--index sparse+https://corp.example/index/ auditgraph@0.2.0"),
        ),
        (
            ".cargo",
            "registry+https://corp.example/index",
            "cargo install --locked --index https://corp.example/index auditgraph".to_owned(),
            Some("--index https://corp.example/index auditgraph@0.2.0"),
        ),
        ("tools", registry, "--root".to_owned(), Some("--root")),
    ] {
        let (home, path) = executable(&format!("{root}/bin/auditgraph"));
        write(
            &home.path().join(root).join(".crates2.json"),
            &format!(
                r#"{{"installs":{{"auditgraph {version} ({source})":{{"bins":["auditgraph"]}}}}}}"#
            ),
        );
        let install = verdict(&path, home.path());
        assert_eq!(install.kind, Kind::Cargo);
        let of_version = install.command_for("0.2.0");
        assert_eq!(of_version.is_some(), exact.is_some(), "{source}");
        let of_version = of_version.unwrap_or_default();
        assert!(
            of_version.contains(exact.unwrap_or_default()),
            "{of_version}"
        );
        let told = install.upgrade.unwrap();
        assert!(told.contains(&command), "{told}");
    }
}
