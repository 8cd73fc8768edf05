//! The product of this repository, installed from its own release site through
//! every door this machine can open, into throwaway places.
#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use support::python::{Environment, interpreter, pipx, skipped, uv};
use support::{Served, bare, done, fails, product, release, scratch, sha256, tool};

/// The executable of the archive, unpacked.
fn executable(scratch: &Path) -> PathBuf {
    let folder = scratch.join("unpacked");
    fs::create_dir_all(&folder).unwrap();
    let mut tar = bare("tar", scratch);
    tar.args(["--strip-components=1", "-xf"]);
    done(tar.arg(product().file("gnu.tar.gz")).arg("-C").arg(&folder));
    folder.join("auditgraph")
}

fn version(mut command: Command) -> serde_json::Value {
    serde_json::from_str(&done(command.args(["version", "--json"]))).unwrap()
}

#[test]
fn the_site_is_what_check_accepts() {
    let shipped = product();
    done(
        release(&shipped.project)
            .args(["check", "--partial"])
            .arg(&shipped.site),
    );
}

#[test]
fn the_schema_window_of_the_site_is_the_one_the_binary_states() {
    let (_folder, scratch) = scratch();
    let site = scratch.join("site");
    support::copy(&product().site, &site);
    let marker = site.join("site.json");
    let text = fs::read_to_string(&marker).unwrap();
    assert!(text.contains("\"writes\": 1"), "{text}");
    fs::write(&marker, text.replace("\"writes\": 1", "\"writes\": 9")).unwrap();
    let said = fails(
        release(&product().project)
            .args(["check", "--partial"])
            .arg(&site),
    );
    assert!(said.contains("version --json schema: is {"), "{said}");
    assert!(said.contains("site.json: schema: is {"), "{said}");
}

#[test]
fn the_wheel_and_the_source_distribution_pass_the_tools_of_the_python_world() {
    let (_folder, scratch) = scratch();
    let shipped = product();
    let wheel = shipped.file("x86_64.whl");
    let sdist = shipped.file(&format!("auditgraph-{}.tar.gz", shipped.version()));
    let run = |name: &str, arguments: &[&str], files: &[&Path]| {
        let mut command = bare(tool(name), &scratch);
        done(command.args(arguments).args(files))
    };
    run("twine", &["check", "--strict"], &[&wheel, &sdist]);
    run("check-wheel-contents", &[], &[&wheel]);
    let said = run("auditwheel", &["show"], &[&wheel]);
    assert!(said.contains("manylinux_2_17_x86_64"), "{said}");
}

#[test]
fn the_python_module_is_typed() {
    let Some(python) = interpreter("3.10") else {
        return skipped("3.10");
    };
    let (_folder, scratch) = scratch();
    let mut unzip = bare(&python, &scratch);
    unzip
        .args(["-m", "zipfile", "-e"])
        .arg(product().file("x86_64.whl"));
    done(unzip.arg(scratch.join("wheel")));
    let user = "import auditgraph\nfound: str = auditgraph.find_auditgraph_bin()\n";
    fs::write(scratch.join("wheel/user.py"), user).unwrap();
    let mut mypy = bare(tool("mypy"), &scratch);
    mypy.current_dir(scratch.join("wheel"));
    done(mypy.args([
        "--strict",
        "--python-version",
        "3.10",
        "auditgraph",
        "user.py",
    ]));
}

/// What `pip install` promises, in a fresh environment of Python `python`.
fn pip_installs(python: &str) {
    let (_folder, scratch) = scratch();
    let Some(environment) = Environment::new(python, &scratch) else {
        return;
    };
    let served = Served::new(&product().site);
    let before = environment.installed();
    done(&mut environment.pip(&["install", "--index-url", &served.index(), "auditgraph"]));
    let installed = environment.folder.join("bin/auditgraph");
    assert_eq!(
        sha256(&installed),
        sha256(&executable(&scratch)),
        "the binary itself"
    );
    let said = version(environment.command("auditgraph"));
    assert_eq!(said["install"]["kind"], "pip");
    assert_eq!(said["version"], product().version().as_str());
    assert_eq!(said["install"]["path"], installed.to_str().unwrap());

    let mut module = environment.command("python");
    module.args(["-m", "auditgraph"]);
    assert_eq!(
        version(module)["install"]["path"],
        installed.to_str().unwrap()
    );
    let mut module = environment.command("python");
    let usage = module
        .args(["-m", "auditgraph", "no-such-command"])
        .output()
        .unwrap();
    assert_eq!(usage.status.code(), Some(2), "exit codes pass through");
    let find = "import auditgraph; print(auditgraph.find_auditgraph_bin())";
    let found = done(environment.command("python").args(["-c", find]));
    assert_eq!(Path::new(found.trim()), installed);

    let aside = installed.with_extension("aside");
    fs::rename(&installed, &aside).unwrap();
    let said = fails(
        environment
            .command("python")
            .args(["-m", "auditgraph", "version"]),
    );
    assert!(
        said.contains("the executable `auditgraph` is missing; looked in"),
        "{said}"
    );
    assert!(!said.contains("Traceback"), "{said}");
    fs::rename(&aside, &installed).unwrap();

    done(&mut environment.pip(&["uninstall", "--yes", "auditgraph"]));
    assert_eq!(environment.installed(), before, "nothing is left");
}

#[test]
fn pip_installs_on_python_3_10() {
    pip_installs("3.10");
}

#[test]
fn pip_installs_on_python_3_11() {
    pip_installs("3.11");
}

#[test]
fn pip_installs_on_python_3_12() {
    pip_installs("3.12");
}

#[test]
fn pip_installs_on_python_3_13() {
    pip_installs("3.13");
}

#[test]
fn the_source_distribution_builds_where_rust_is() {
    let (_folder, scratch) = scratch();
    let Some(environment) = Environment::new("3.12", &scratch) else {
        return;
    };
    let sdist = product().file(&format!("auditgraph-{}.tar.gz", product().version()));
    let mut pip = environment.pip(&["install"]);
    support::with_compiled(pip.arg(sdist));
    done(&mut pip);
    let said = version(environment.command("auditgraph"));
    assert_eq!(said["version"], product().version().as_str());
    assert_eq!(said["install"]["kind"], "pip");
}

#[test]
fn pip_of_python_3_9_is_told_which_one_is_needed() {
    let (_folder, scratch) = scratch();
    let Some(environment) = Environment::new("3.9", &scratch) else {
        return;
    };
    let served = Served::new(&product().site);
    let said =
        fails(&mut environment.pip(&["install", "--index-url", &served.index(), "auditgraph"]));
    assert!(said.contains("3.10"), "{said}");
}

#[test]
fn uv_installs_the_tool_and_takes_it_away() {
    let (_folder, home) = scratch();
    let served = Served::new(&product().site);
    done(uv(&home).args([
        "tool",
        "install",
        "--default-index",
        &served.index(),
        "auditgraph",
    ]));
    let said = version(bare(home.join(".local/bin/auditgraph"), &home));
    assert_eq!(said["install"]["kind"], "uv tool");
    done(uv(&home).args(["tool", "uninstall", "auditgraph"]));
    assert!(!home.join(".local/bin/auditgraph").exists());
    assert!(!home.join(".local/share/uv/tools/auditgraph").exists());
}

#[test]
fn pipx_installs_the_tool_and_takes_it_away() {
    let (_folder, home) = scratch();
    let served = Served::new(&product().site);
    // pipx has a pip of its own, which is not on our index.
    done(pipx(&home).arg("upgrade-shared"));
    done(pipx(&home).args(["install", "--index-url", &served.index(), "auditgraph"]));
    let said = version(bare(home.join(".local/bin/auditgraph"), &home));
    assert_eq!(said["install"]["kind"], "pipx");
    done(pipx(&home).args(["uninstall", "auditgraph"]));
    assert!(!home.join(".local/bin/auditgraph").exists());
    assert!(!home.join("pipx/venvs/auditgraph").exists());
}

#[test]
fn the_script_installs_the_same_executable_and_says_so() {
    let (_folder, home) = scratch();
    let (_other, aside) = scratch();
    let served = Served::new(&product().site);
    done(&mut served.script(&home));
    let installed = home.join(".local/bin/auditgraph");
    assert_eq!(sha256(&installed), sha256(&executable(&aside)));
    let said = version(bare(&installed, &home));
    assert_eq!(said["install"]["kind"], "standalone");
    assert_eq!(said["target"], support::LINUX);
    let mut login = bare("sh", &home);
    let found = done(login.args(["-l", "-c", "command -v auditgraph"]));
    assert_eq!(Path::new(found.trim()), installed, "PATH is set up");
}

#[test]
fn what_nobody_installed_is_of_unknown_kind() {
    let (_folder, scratch) = scratch();
    let said = version(bare(executable(&scratch), &scratch));
    assert_eq!(said["install"]["kind"], "unknown");
    assert!(
        said["commit"]
            .as_str()
            .is_some_and(|commit| commit.len() == 40)
    );
}

#[test]
fn what_cargo_installed_says_so() {
    let (_folder, scratch) = scratch();
    // The record and the place are cargo's; the bytes may be any of ours.
    let root = scratch.join("cargo");
    fs::create_dir_all(root.join("bin")).unwrap();
    // By `cp`: what this process has open for writing, no other may run.
    let mut cp = Command::new("cp");
    done(cp.arg(executable(&scratch)).arg(root.join("bin")));
    let version_now = product().version();
    let source = "registry+https://github.com/rust-lang/crates.io-index";
    let record = serde_json::json!({
        "installs": { format!("auditgraph {version_now} ({source})"): { "bins": ["auditgraph"] } }
    });
    fs::write(root.join(".crates2.json"), record.to_string()).unwrap();
    let said = version(bare(root.join("bin/auditgraph"), &scratch));
    assert_eq!(said["install"]["kind"], "cargo");
}
