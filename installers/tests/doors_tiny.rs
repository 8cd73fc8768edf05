//! A second, tiny product goes through every door: what holds for it holds for
//! any project, because it shares nothing with the one in this repository.
#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use support::products::at_hand;
use support::python::{Environment, interpreter, skipped};
use support::{LINUX, Served, bare, copy, done, fails, json, release, scratch, sha256, tiny, tree};

#[test]
fn plan_says_what_will_be_made_from_what_and_what_cannot_be_made_here() {
    let project = &tiny().project;
    let said = done(release(project).arg("plan"));
    for part in [
        "pocket 1.4.0 (v1.4.0)",
        "Linux, glibc 2.17 or newer",
        "pocket_cli-1.4.0-py3-none-manylinux_2_17_x86_64.whl",
        "macOS 12.0 or newer",
        "not made here: needs Apple's SDK",
        "curl -LsSf https://files.pocket.example/install.sh | sh",
        "brew install pocket-makers/tools/pocket",
    ] {
        assert!(said.contains(part), "{part} is not in:\n{said}");
    }
    let said = done(release(project).args(["plan", "--json"]));
    let plan: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(plan["format"], 1);
    assert_eq!(plan["targets"][0]["missing"], serde_json::Value::Null);
    assert_eq!(plan["targets"][1]["target"], "aarch64-apple-darwin");
}

/// Writes what `change` makes of the text in `path`.
fn change(path: &Path, change: impl Fn(&str) -> String) {
    let text = fs::read_to_string(path).unwrap();
    fs::write(path, change(&text)).unwrap();
}

#[test]
fn what_is_in_the_way_of_a_release_is_said_before_anything_is_made() {
    let (_folder, scratch) = scratch();
    let project = support::tiny_project(&scratch.join("pocket"));
    fs::remove_file(project.join("LICENSE-MIT")).unwrap();
    fs::write(project.join("CHANGELOG.md"), "# Changes\n").unwrap();
    change(&project.join("dist-workspace.toml"), |text| {
        text.replace("\".tar.gz\"", "\".tar.xz\"")
            .replace("[\"shell\"]", "[]")
    });
    change(&project.join("release.toml"), |text| {
        text.replace("oldest = \"3.11\"", "oldest = \"3.9\"")
            .replace("[homebrew]", "[homebrew]\ndescription = \"A thing\"")
    });
    let plan = done(release(&project).arg("plan"));
    let build = fails(
        release(&project)
            .args(["build", "--out"])
            .arg(scratch.join("site")),
    );
    for said in [plan, build] {
        for part in [
            "LICENSE-MIT: missing, release.toml includes it",
            "CHANGELOG.md: no heading for version 1.4.0",
            "dist-workspace.toml: set `dist.unix-archive` to \".tar.gz\"",
            "dist-workspace.toml: `dist.installers` lacks \"shell\"",
            "release.toml: `python.oldest` is 3.9",
            "`A thing` starts with an article",
        ] {
            assert!(said.contains(part), "{part} is not in:\n{said}");
        }
    }
    assert!(!scratch.join("site").exists());
}

#[test]
fn who_makes_keys_of_their_own_is_not_compared_with_the_root_that_is_pinned() {
    let (_folder, scratch) = scratch();
    let project = support::tiny_project(&scratch.join("pocket"));
    let settings = project.join("release.toml");
    let pinned = "\n[repository]\nroot = \"root.json\"\nroot-keys = 3\nroot-threshold = 2\n\
                  root-sha256 = \"0000\"\nroot-variable = \"POCKET_ROOT\"\nchannel = \"stable\"\n\
                  days = { root = 365, targets = 365, snapshot = 90, timestamp = 90 }\n";
    let text = fs::read_to_string(&settings).unwrap();
    fs::write(&settings, text + pinned).unwrap();
    let said = done(release(&project).arg("plan"));
    assert!(said.contains("root.json"), "{said}");

    let commit = at_hand(&project);
    done(support::git(&project).args(["reset", "--quiet", "--hard", &commit]));
    let (site, keys) = (scratch.join("site"), scratch.join("keys"));
    let repository = |command: &str| {
        let mut repository = release(&project);
        repository
            .args(["repository", command, "--site"])
            .arg(&site);
        repository.arg("--keys").arg(&keys);
        repository
    };
    done(&mut repository("init"));
    let mut build = release(&project);
    build.args(["build", "--target", LINUX, "--out"]).arg(&site);
    done(build.arg("--root").arg(site.join("metadata/1.root.json")));
    done(&mut repository("refresh"));
    // A project without a schema window signs without one.
    done(&mut repository("add"));
}

#[test]
fn an_executable_that_does_not_say_what_check_asks_for_is_refused_when_it_is_built() {
    let (_folder, scratch) = scratch();
    let project = support::tiny_project(&scratch.join("pocket"));
    let mut build = release(&project);
    build.args(["build", "--target", LINUX, "--out"]);
    build.arg(scratch.join("site"));
    let settings = project.join("release.toml");
    change(&settings, |text| text.replace(", \"--json\"]", "]"));
    let said = fails(&mut build);
    let expected = "pocket version: must print a JSON object with `version`, `commit` and `target`";
    assert!(said.contains(expected), "{said}");
    change(&settings, |text| {
        text.replace("[\"version\"]", "[\"version\", \"--json\"]")
            .replace("\"{target}\"", "\"t\"")
    });
    let said = fails(&mut build);
    assert!(
        said.contains("its target is t, dist-workspace.toml says"),
        "{said}"
    );
}

#[test]
fn where_no_wheel_is_made_for_a_platform_plan_says_why() {
    let (_folder, scratch) = scratch();
    let project = support::tiny_project(&scratch.join("pocket"));
    change(&project.join("dist-workspace.toml"), |text| {
        text.replace("\"*\" = \"2.17\"", "")
    });
    let said = done(release(&project).arg("plan"));
    let expected = format!("pip on {LINUX}, but its source: dist-workspace.toml has no");
    assert!(said.contains(&expected), "{said}");
    assert!(!said.contains("pip on aarch64-apple-darwin"), "{said}");
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let (_folder, scratch) = scratch();
    let project = support::tiny_project(&scratch);
    let mut plan = release(&project);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let said = plan.arg("plan").stdout(writer).output().unwrap();
    assert!(said.status.success(), "{}", support::text(&said.stderr));
    assert_eq!(support::text(&said.stderr), "");
}

#[test]
fn what_is_built_is_what_was_planned() {
    let shipped = tiny();
    let said = done(release(&shipped.project).args(["plan", "--json"]));
    let plan: serde_json::Value = serde_json::from_str(&said).unwrap();
    let names = |files: &serde_json::Value| -> Vec<String> {
        let files = files.as_array().unwrap();
        let names = files
            .iter()
            .map(|file| file["name"].as_str().unwrap().to_owned());
        names.collect()
    };
    let mut planned = names(&plan["targets"][0]["files"]);
    planned.extend(names(&plan["global"]));
    planned.sort();
    let marker = json(&shipped.site.join("site.json"));
    let release = &marker["releases"][0];
    let mut made: Vec<String> = release["artifacts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|artifact| artifact["path"].as_str().unwrap())
        .map(|path| path.strip_prefix("v1.4.0/").unwrap_or(path).to_owned())
        .collect();
    made.sort();
    assert_eq!(made, planned);
    assert_eq!(release["missing"][0]["target"], "aarch64-apple-darwin");
    let missing = release["missing"][0]["files"].as_array().unwrap().len();
    assert_eq!(missing, names(&plan["targets"][1]["files"]).len());
}

#[test]
fn nothing_of_the_other_product_is_in_the_site() {
    let site = &tiny().site;
    for (path, _, _) in tree(site) {
        let bytes = fs::read(site.join(&path)).unwrap();
        let text = String::from_utf8_lossy(&bytes).replace(env!("CARGO_PKG_NAME"), "");
        let other = env!("CARGO_PKG_NAME").split('-').next().unwrap();
        assert!(!text.contains(other), "{} names {other}", path.display());
    }
}

#[test]
fn a_platform_built_alone_is_taken_over_by_the_machine_that_assembles() {
    let (_folder, scratch) = scratch();
    let project = &tiny().project;
    let (part, site) = (scratch.join("part"), scratch.join("site"));
    done(
        release(project)
            .args(["build", "--target", LINUX, "--out"])
            .arg(&part),
    );
    let made: Vec<_> = tree(&part).into_iter().map(|(path, _, _)| path).collect();
    assert!(
        made.iter().all(|path| !path.ends_with("install.sh")),
        "{made:?}"
    );
    assert_eq!(json(&part.join("site.json"))["partial"], true);
    let with = part.join("v1.4.0");
    let mut build = release(project);
    build
        .args(["build", "--out"])
        .arg(&site)
        .arg("--with")
        .arg(&with);
    done(&mut build);
    done(release(project).args(["check", "--partial"]).arg(&site));
    let name = format!("v1.4.0/pocket-{LINUX}.tar.gz");
    assert_eq!(sha256(&site.join(&name)), sha256(&tiny().site.join(&name)));

    let mut mistyped = release(project);
    mistyped.args(["build", "--with", "nowhere", "--out"]);
    let said = fails(mistyped.arg(scratch.join("none")));
    assert!(said.contains("--with nowhere: no such folder"), "{said}");
    assert!(!scratch.join("none").exists());

    let archive = with.join(format!("pocket-{LINUX}.tar.gz"));
    fs::write(&archive, "replaced on the way").unwrap();
    let said = fails(&mut build);
    assert!(said.contains("its sha256 is"), "{said}");
}

#[test]
fn a_platform_that_cannot_be_made_is_refused_by_name() {
    let (_folder, scratch) = scratch();
    let build = |target: &str| {
        let mut build = release(&tiny().project);
        build
            .args(["build", "--target", target, "--out"])
            .arg(&scratch);
        fails(&mut build)
    };
    let said = build("aarch64-apple-darwin");
    assert!(said.contains("needs Apple's SDK"), "{said}");
    let unknown = "sparc64-unknown-linux-gnu";
    let plan = fails(release(&tiny().project).args(["plan", "--target", unknown]));
    for said in [build(unknown), plan] {
        assert!(said.contains("is not in dist-workspace.toml"), "{said}");
    }
    assert_eq!(tree(&scratch), []);
}

#[test]
fn the_site_is_served_as_a_file_host_does_and_as_a_package_index() {
    let served = Served::new(&tiny().site);
    let (_folder, home) = scratch();
    let curl = |arguments: &[&str], place: &str| {
        let mut curl = bare("curl", &home);
        curl.args(["-sS", "-i"]).args(arguments);
        done(curl.arg(format!("{}/{place}", served.url)))
    };
    let html = curl(&[], "simple/pocket-cli/");
    assert!(html.contains("text/html"), "{html}");
    let accept = "Accept: application/vnd.pypi.simple.v1+json";
    let answer = curl(&["-H", accept], "simple/pocket-cli/");
    assert!(
        answer.contains("application/vnd.pypi.simple.v1+json"),
        "{answer}"
    );
    assert!(
        answer.contains("\"requires-python\": \">=3.11\""),
        "{answer}"
    );
    assert!(curl(&[], "simple/pocket-cli").contains("301"));
    assert!(curl(&["--path-as-is"], "../site.json").contains("404"));
    assert!(curl(&["-X", "DELETE"], "site.json").contains("405"));
    let script = curl(&[], "install.sh");
    let length = fs::metadata(tiny().site.join("install.sh")).unwrap().len();
    assert!(
        script.contains(&format!("Content-Length: {length}\r\n")),
        "{script}"
    );
    assert!(script.contains("APP_VERSION=\"1.4.0\""));
}

#[test]
fn the_shell_script_installs_the_executable_of_the_archive() {
    let shipped = tiny();
    let served = Served::new(&shipped.site);
    let (_folder, home) = scratch();
    let mut sh = bare("sh", &home);
    let typed = served.install.join("\n");
    let pip = format!("pip install --index-url {}/simple/ pocket-cli", served.url);
    assert!(typed.ends_with(&pip), "{typed}");
    done(sh.args(["-c", &served.install[0]]));
    let installed = home.join(".local/bin/pocket");
    assert_eq!(
        done(bare(&installed, &home).arg("version")),
        "pocket 1.4.0\n"
    );
    let unpacked = home.join("unpacked");
    fs::create_dir(&unpacked).unwrap();
    let mut tar = bare("tar", &home);
    tar.arg("-xf")
        .arg(shipped.file("gnu.tar.gz"))
        .arg("-C")
        .arg(&unpacked);
    done(&mut tar);
    let inside = unpacked.join(format!("pocket-{LINUX}/pocket"));
    assert_eq!(sha256(&installed), sha256(&inside));
}

#[test]
fn pip_installs_the_executable_and_a_module_that_finds_it() {
    let shipped = tiny();
    let served = Served::new(&shipped.site);
    let index = served.index();
    for version in ["3.11", "3.12"] {
        let (_folder, scratch) = scratch();
        let Some(python) = Environment::new(version, &scratch) else {
            continue;
        };
        let before = python.installed();
        done(&mut python.pip(&["install", "--index-url", &index, "pocket-cli"]));
        assert_eq!(
            done(python.command("pocket").arg("version")),
            "pocket 1.4.0\n"
        );
        let said = done(
            python
                .command("python")
                .args(["-m", "pocket_cli", "say", "a", "b"]),
        );
        assert_eq!(said, "a b\n");
        let find = "import pocket_cli; print(pocket_cli.find_pocket_bin())";
        let found = done(python.command("python").args(["-c", find]));
        assert_eq!(Path::new(found.trim()), python.folder.join("bin/pocket"));
        // The one that came with the module, whatever else is there.
        let other = scratch.join("other");
        let mut pip = python.pip(&["install", "--index-url", &index, "pocket-cli", "--target"]);
        done(pip.arg(&other));
        let mut python_there = python.command("python");
        python_there.args(["-c", find]).env("PYTHONPATH", &other);
        assert_eq!(
            Path::new(done(&mut python_there).trim()),
            other.join("bin/pocket")
        );
        done(&mut python.pip(&["uninstall", "--yes", "pocket-cli"]));
        assert_eq!(python.installed(), before);
    }
}

#[test]
fn pip_of_an_older_python_is_told_which_one_is_needed() {
    let served = Served::new(&tiny().site);
    let index = served.index();
    let (_folder, scratch) = scratch();
    let Some(python) = Environment::new("3.10", &scratch) else {
        return;
    };
    let said = fails(&mut python.pip(&["install", "--index-url", &index, "pocket-cli"]));
    assert!(
        said.contains("Requires-Python") || said.contains("requires a different Python"),
        "{said}"
    );
}

/// The source distribution, unpacked.
fn unpacked_sdist(scratch: &Path) -> PathBuf {
    let mut tar = bare("tar", scratch);
    tar.arg("-xf")
        .arg(tiny().file("pocket_cli-1.4.0.tar.gz"))
        .arg("-C")
        .arg(scratch);
    done(&mut tar);
    scratch.join("pocket_cli-1.4.0")
}

#[test]
fn the_source_distribution_builds_where_rust_is() {
    let (_folder, scratch) = scratch();
    let Some(python) = Environment::new("3.12", &scratch) else {
        return;
    };
    let mut pip = python.pip(&["install"]);
    pip.arg(tiny().file("pocket_cli-1.4.0.tar.gz"));
    support::with_rust_and_registries(&mut pip);
    done(&mut pip);
    assert_eq!(
        done(python.command("pocket").arg("version")),
        "pocket 1.4.0\n"
    );
    let said = done(
        python
            .command("python")
            .args(["-m", "pocket_cli", "say", "built"]),
    );
    assert_eq!(said, "built\n");
}

#[test]
fn the_source_distribution_says_what_is_missing_where_rust_is_not() {
    let (_folder, scratch) = scratch();
    let Some(python) = Environment::new("3.12", &scratch) else {
        return;
    };
    let empty = scratch.join("empty");
    fs::create_dir(&empty).unwrap();
    let mut pip = python.pip(&["install", "--no-index"]);
    pip.arg(tiny().file("pocket_cli-1.4.0.tar.gz"))
        .env("PATH", &empty);
    let said = fails(&mut pip);
    assert!(
        said.contains("building it from source needs Rust 1.85 or newer"),
        "{said}"
    );
    assert!(said.contains("https://pocket.example/install"), "{said}");
}

#[test]
fn the_source_distribution_stops_on_windows_with_one_sentence() {
    let Some(python) = interpreter("3.12") else {
        return skipped("3.12");
    };
    let (_folder, scratch) = scratch();
    let backend = unpacked_sdist(&scratch).join("build-backend");
    for hook in ["get_requires_for_build_wheel()", "build_wheel('.')"] {
        let code = format!("import sys; sys.platform = 'win32'; import backend; backend.{hook}");
        let mut command = bare(&python, &scratch);
        command.args(["-c", &code]).env("PYTHONPATH", &backend);
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(
            support::text(&output.stderr),
            "pocket is not made for Windows.\n"
        );
    }
}

#[test]
fn a_package_below_its_workspace_ships_what_stands_at_the_root() {
    let (_folder, scratch) = scratch();
    let site = scratch.join("site");
    let project = support::tiny_project(&Path::new(support::KEPT).join("tiny below"));
    let package = project.join("crates/pocket");
    fs::create_dir_all(&package).unwrap();
    fs::rename(project.join("main.rs"), package.join("main.rs")).unwrap();
    let manifest = fs::read_to_string(project.join("Cargo.toml")).unwrap();
    let manifest = manifest.replace("[workspace]\n", "");
    let (manifest, profile) = manifest.split_once("[profile").unwrap();
    let manifest = manifest.replace("\"README.md\"", "\"../../README.md\"");
    fs::write(package.join("Cargo.toml"), manifest).unwrap();
    let workspace = "[workspace]\nresolver = \"3\"\nmembers = [\"crates/*\"]\n\n[profile";
    fs::write(project.join("Cargo.toml"), workspace.to_owned() + profile).unwrap();
    change(&project.join("release.toml"), |text| {
        format!("package = \"pocket\"\n{text}")
    });
    let mut git = support::git(&project);
    done(git.args(["add", "--all"]));
    let mut git = support::git(&project);
    done(git.args(["commit", "--quiet", "--message", "Below"]));
    done(release(&project).arg("build").arg("--out").arg(&site));
    done(release(&project).args(["check", "--partial"]).arg(&site));
    let sdist = site.join("v1.4.0/pocket_cli-1.4.0.tar.gz");
    let listed = done(bare("tar", &scratch).arg("-tf").arg(sdist));
    for name in ["LICENSE-MIT", "README.md", "Cargo.lock"] {
        let member = format!("pocket_cli-1.4.0/{name}");
        assert!(listed.lines().any(|line| line == member), "{listed}");
    }
}

#[test]
fn a_second_release_joins_the_first_on_the_same_site() {
    let (_folder, scratch) = scratch();
    // Names with spaces are in nobody's way.
    let site = scratch.join("the site");
    copy(&tiny().site, &site);
    let project = support::tiny_project(&Path::new(support::KEPT).join("tiny next"));
    for file in ["Cargo.toml", "Cargo.lock"] {
        change(&project.join(file), |text| text.replace("1.4.0", "1.5.0"));
    }
    change(&project.join("CHANGELOG.md"), |text| {
        text.replace("## 1.4.0", "## 1.5.0\n\n- More.\n\n## 1.4.0")
    });
    // It is for one platform only, so this machine can make all of it.
    change(&project.join("dist-workspace.toml"), |text| {
        text.replace(", \"aarch64-apple-darwin\"", "")
    });
    let mut git = support::git(&project);
    done(git.args(["commit", "--quiet", "--all", "--message", "Next"]));
    done(release(&project).arg("build").arg("--out").arg(&site));
    done(release(&project).arg("check").arg(&site));
    let marker = json(&site.join("site.json"));
    assert_eq!(marker["partial"], false);
    let versions: Vec<&str> = marker["releases"]
        .as_array()
        .unwrap()
        .iter()
        .map(|release| release["version"].as_str().unwrap())
        .collect();
    assert_eq!(versions, ["1.4.0", "1.5.0"]);
    let served = Served::new(&site);
    let index = served.index();
    let Some(python) = Environment::new("3.12", &scratch) else {
        return;
    };
    done(&mut python.pip(&["install", "--index-url", &index, "pocket-cli==1.4.0"]));
    done(&mut python.pip(&["install", "-U", "--index-url", &index, "pocket-cli"]));
    assert_eq!(
        done(python.command("pocket").arg("version")),
        "pocket 1.5.0\n"
    );
}
