//! A project with the shell door alone, and nothing beside its executable: what
//! it has not is absent everywhere, and said aloud.
#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use support::{KEPT, LINUX, Served, Shipped, bare, done, git, json, release, text, tree};

/// The second product without Python, Homebrew, completions and man pages, and
/// its site.
fn one_door() -> &'static Shipped {
    static ONE: OnceLock<Shipped> = OnceLock::new();
    ONE.get_or_init(|| {
        let folder = Path::new(KEPT).join("one door");
        let project = support::tiny_project(&folder.join("project"));
        let settings = project.join("release.toml");
        let mut table: toml::Table = fs::read_to_string(&settings).unwrap().parse().unwrap();
        for door in ["python", "homebrew"] {
            table.remove(door).unwrap();
        }
        let binary = table["binary"].as_table_mut().unwrap();
        for extra in ["completions", "man"] {
            binary.remove(extra).unwrap();
        }
        fs::write(&settings, table.to_string()).unwrap();
        done(git(&project).args(["commit", "--quiet", "--all", "--message", "One door"]));
        let site = folder.join("site");
        support::remove(&site);
        let said = said(release(&project).arg("build").arg("--out").arg(&site));
        assert_names_absent_doors(&said);
        Shipped { project, site }
    })
}

/// All that `command`, which must succeed, says.
fn said(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let said = text(&output.stdout) + &text(&output.stderr);
    assert!(output.status.success(), "{said}");
    said
}

#[track_caller]
fn assert_names_absent_doors(said: &str) {
    for door in [
        "pip: release.toml has no [python]",
        "Homebrew: release.toml has no [homebrew]",
    ] {
        assert!(said.contains(door), "{door} is not in:\n{said}");
    }
}

#[test]
fn plan_names_the_doors_a_project_has_not_and_plans_nothing_for_them() {
    let project = &one_door().project;
    let plan = said(release(project).arg("plan"));
    assert_names_absent_doors(&plan);
    assert!(
        plan.contains("curl -LsSf https://files.pocket.example/install.sh | sh"),
        "{plan}"
    );
    for absent in ["pip install", "brew install", ".whl", "pocket_cli", ".rb"] {
        assert!(!plan.contains(absent), "{absent} is in:\n{plan}");
    }
}

#[test]
fn a_site_without_a_door_has_no_file_of_it_and_every_file_agrees() {
    let Shipped { project, site } = one_door();
    assert_names_absent_doors(&said(
        release(project).args(["check", "--partial"]).arg(site),
    ));
    let mut made: Vec<String> = tree(site)
        .into_iter()
        .map(|(path, _, _)| path.to_string_lossy().into_owned())
        .collect();
    made.sort();
    let archive = format!("v1.4.0/pocket-{LINUX}.tar.gz");
    let mut expected = vec![
        "install.sh".to_owned(),
        "site.json".into(),
        "v1.4.0/dist-manifest.json".into(),
        "v1.4.0/install.sh".into(),
        "v1.4.0/pocket-installer.sh".into(),
        format!("v1.4.0/pocket-{LINUX}.cdx.json"),
        format!("{archive}.sha256"),
        "v1.4.0/sha256.sum".into(),
        format!("v1.4.0/{LINUX}-dist-manifest.json"),
        archive.clone(),
    ];
    expected.sort();
    assert_eq!(made, expected);
    let members = done(Command::new("tar").arg("-tf").arg(site.join(archive)));
    let mut members: Vec<&str> = members
        .lines()
        .filter_map(|path| path.strip_prefix(&format!("pocket-{LINUX}/")))
        .collect();
    members.sort_unstable();
    assert_eq!(
        members,
        ["CHANGELOG.md", "LICENSE-MIT", "README.md", "pocket"]
    );
    assert_eq!(
        json(&site.join("site.json"))["releases"][0]["missing"][0]["target"],
        "aarch64-apple-darwin"
    );
}

#[test]
fn the_one_door_of_a_project_is_served_and_installs() {
    let served = Served::new(&one_door().site);
    assert_eq!(served.install.len(), 1, "{:?}", served.install);
    let home = tempfile::tempdir().unwrap();
    done(bare("sh", home.path()).args(["-c", &served.install[0]]));
    let installed = home.path().join(".local/bin/pocket");
    assert_eq!(
        done(bare(installed, home.path()).arg("version")),
        "pocket 1.4.0\n"
    );
}
