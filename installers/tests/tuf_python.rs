//! The reference client of The Update Framework (`tuf.ngclient`, in Python)
//! reads and verifies the repository this tool makes, from the first root to
//! a rotated one, and refuses it when it was changed by others.
//!
//! The site holds the second, tiny product; its executable is a script, since
//! what is compiled does not matter here.
#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use support::{LINUX, Served, done, fails, json, release, tiny_project};

/// Reads every target through the reference client and prints the verified
/// descriptions as JSON.
const CLIENT: &str = r#"
import json, os, sys
from tuf.ngclient import Updater
state, url, root = sys.argv[1:4]
os.makedirs(os.path.join(state, "downloads"), exist_ok=True)
with open(root, "rb") as file:
    bootstrap = file.read()
updater = Updater(
    os.path.join(state, "metadata"),
    url + "/metadata/",
    os.path.join(state, "downloads"),
    url + "/targets/",
    bootstrap=bootstrap,
)
updater.refresh()
found = {}
for name in sys.argv[4:]:
    target = updater.get_targetinfo(name)
    if target is None:
        found[name] = None
        continue
    path = updater.download_target(target)
    with open(path, "rb") as file:
        target.verify_length_and_hashes(file.read())
    found[name] = target.custom
print(json.dumps(found))
"#;

/// The `[repository]` of the tiny product.
const SETTINGS: &str = r#"
[repository]
root-keys = 3
root-threshold = 2
root-variable = "POCKET_ROOT"
channel = "stable"
days = { root = 365, targets = 365, snapshot = 90, timestamp = 90 }
"#;

struct Fixture {
    folder: tempfile::TempDir,
    project: PathBuf,
}

impl Fixture {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let project = tiny_project(&folder.path().canonicalize().unwrap().join("pocket"));
        let settings = project.join("release.toml");
        let text = fs::read_to_string(&settings).unwrap();
        fs::write(&settings, format!("{text}{SETTINGS}")).unwrap();
        Self { folder, project }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(name)
    }

    /// Digest of a release's archive.
    fn digest(&self, version: &str) -> String {
        let site = self.path("site");
        support::sha256(&site.join(format!("v{version}/pocket-{LINUX}.tar.gz")))
    }

    /// Puts a release with one archive on the site, as `build` does. Its program
    /// leaves a mark where it is executed.
    fn release(&self, version: &str) {
        let site = self.path("site");
        let folder = site.join(format!("v{version}"));
        let packed = self.path("packed").join(format!("pocket-{LINUX}"));
        fs::create_dir_all(&packed).unwrap();
        fs::create_dir_all(&folder).unwrap();
        let said = format!(
            r#"{{"version":"{version}","target":"{LINUX}","schema":{{"writes":7,"reads_since":5,"features":["tiny"]}}}}"#
        );
        let mark = self.path("executed").display().to_string();
        let script = format!("#!/bin/sh\necho >'{mark}'\necho '{said}'\n");
        fs::write(packed.join("pocket"), script).unwrap();
        let archive = folder.join(format!("pocket-{LINUX}.tar.gz"));
        done(
            Command::new("tar")
                .arg("-czf")
                .arg(&archive)
                .arg("-C")
                .arg(self.path("packed"))
                .arg(format!("pocket-{LINUX}")),
        );
        let marker_path = site.join("site.json");
        let mut marker = if marker_path.exists() {
            json(&marker_path)
        } else {
            serde_json::json!({ "format": 1, "name": "pocket", "partial": true, "releases": [] })
        };
        marker["releases"]
            .as_array_mut()
            .unwrap()
            .push(serde_json::json!({
                "version": version,
                "tag": format!("v{version}"),
                "commit": null,
                "dirty": false,
                "time": 0,
                "schema": { "writes": 7, "reads_since": 5, "features": ["tiny"] },
                "artifacts": [{
                    "kind": "archive",
                    "target": LINUX,
                    "path": format!("v{version}/pocket-{LINUX}.tar.gz"),
                    "sha256": support::sha256(&archive),
                    "bytes": fs::metadata(&archive).unwrap().len(),
                }],
                "missing": [],
            }));
        fs::write(&marker_path, marker.to_string()).unwrap();
    }

    fn repository(&self, arguments: &[&str]) -> Command {
        let mut command = release(&self.project);
        command.arg("repository").args(arguments);
        command.arg("--site").arg(self.path("site"));
        command
    }

    fn keys(&self, names: &[&str]) -> Vec<String> {
        names
            .iter()
            .flat_map(|name| ["--keys".to_owned(), self.path(name).display().to_string()])
            .collect()
    }

    /// What the reference client answers for `names`, with its own memory.
    fn client(&self, served: &Served, names: &[&str]) -> Command {
        let mut python = Command::new("python");
        python
            .args(["-c", CLIENT])
            .arg(self.path("client"))
            .arg(&served.url)
            .arg(self.path("site/metadata/1.root.json"))
            .args(names);
        python
    }
}

fn name(version: &str) -> String {
    format!("pocket-{version}-{LINUX}.tar.gz")
}

fn answer(command: &mut Command) -> serde_json::Value {
    serde_json::from_str(&done(command)).unwrap()
}

#[test]
fn the_reference_client_reads_every_state_of_a_repository() {
    let fixture = Fixture::new();
    fixture.release("1.4.0");
    let offline = fixture.keys(&["a", "b", "c"]);
    let online = fixture.path("online").display().to_string();
    done(
        fixture
            .repository(&["init", "--online-keys", &online])
            .args(&offline),
    );
    let all = fixture.keys(&["a", "online"]);
    done(fixture.repository(&["add"]).args(&all));
    let served = Served::new(&fixture.path("site"));

    let (old, new) = (name("1.4.0"), name("1.5.0"));
    let found = answer(&mut fixture.client(&served, &[&old, &new]));
    assert_eq!(found[&new], serde_json::Value::Null);
    assert_eq!(found[&old]["version"], "1.4.0");
    assert_eq!(found[&old]["platform"], LINUX);
    assert_eq!(found[&old]["channel"], "stable");
    assert_eq!(found[&old]["yanked"], false);
    let schema = serde_json::json!({ "writes": 7, "reads_since": 5, "features": ["tiny"] });
    assert_eq!(found[&old]["schema"], schema);

    // A second release, the first one withdrawn, online files renewed.
    fixture.release("1.5.0");
    let more = [
        "add",
        "--minimum-safe-version",
        "1.4.1",
        "--channel",
        "beta",
    ];
    done(fixture.repository(&more).args(&all));
    let yank = ["yank", "1.4.0", "--reason", "forgets"];
    done(fixture.repository(&yank).args(&all));
    done(
        fixture
            .repository(&["refresh"])
            .args(fixture.keys(&["online"])),
    );
    let found = answer(&mut fixture.client(&served, &[&old, &new]));
    assert_eq!(found[&old]["yanked_reason"], "forgets");
    assert_eq!(found[&new]["minimum_safe_version"], "1.4.1");
    assert_eq!(found[&new]["channel"], "beta");

    // Two of three maintainers replace a root key and the timestamp key.
    let status = serde_json::from_str::<serde_json::Value>(&done(
        &mut fixture.repository(&["status", "--json"]),
    ))
    .unwrap();
    let lost = status["roles"][0]["keys"][2].as_str().unwrap().to_owned();
    let draft = fixture.path("draft.json").display().to_string();
    let (new_keys, replace) = (fixture.path("new").display().to_string(), lost.as_str());
    let rotate = [
        "rotate",
        "--replace",
        replace,
        "--replace",
        "timestamp",
        "--new-keys",
        &new_keys,
        "--draft",
        &draft,
    ];
    done(
        fixture
            .repository(&rotate)
            .args(fixture.keys(&["a", "online"])),
    );
    let complete = ["rotate", "--draft", &draft];
    done(
        fixture
            .repository(&complete)
            .args(fixture.keys(&["b", "new", "online"])),
    );
    assert!(fixture.path("site/metadata/2.root.json").is_file());
    answer(&mut fixture.client(&served, &[&old]));
    // A client that starts from the first root follows the chain as well.
    fs::remove_dir_all(fixture.path("client")).unwrap();
    answer(&mut fixture.client(&served, &[&new]));
}

#[test]
fn what_was_changed_by_others_is_refused_by_the_reference_client_too() {
    let fixture = Fixture::new();
    fixture.release("1.4.0");
    let offline = fixture.keys(&["a", "b", "c"]);
    done(fixture.repository(&["init"]).args(&offline));
    done(fixture.repository(&["add"]).args(&offline));
    let served = Served::new(&fixture.path("site"));
    let old = name("1.4.0");
    answer(&mut fixture.client(&served, &[&old]));
    fs::remove_dir_all(fixture.path("client")).unwrap();
    let targets = fixture.path("site/targets");
    let archive: PathBuf = fs::read_dir(&targets)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let mut bytes = fs::read(&archive).unwrap();
    bytes[20] ^= 1;
    fs::write(&archive, bytes).unwrap();
    let said = fails(&mut fixture.client(&served, &[&old]));
    assert!(said.contains("LengthOrHashMismatch"), "{said}");
    let snapshot = fixture.path("site/metadata/2.snapshot.json");
    change(&snapshot, "\"version\": 2", "\"version\": 3");
    let said = fails(&mut fixture.client(&served, &[&old]));
    assert!(said.contains("tuf.api.exceptions"), "{said}");
    let said = fails(&mut fixture.repository(&["status"]));
    assert!(said.contains("2.snapshot.json"), "{said}");
}

fn change(path: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.contains(from), "{text}");
    fs::write(path, text.replacen(from, to, 1)).unwrap();
}

#[test]
fn a_program_is_executed_beside_keys_only_where_its_archive_was_expected() {
    let fixture = Fixture::new();
    fixture.release("1.4.0");
    let keys = fixture.keys(&["a", "b", "c"]);
    done(fixture.repository(&["init"]).args(&keys));
    done(fixture.repository(&["add"]).args(&keys));
    assert!(!fixture.path("executed").exists());
    let add = |digest: &str| {
        let mut add = fixture.repository(&["add", "--expect-sha256", digest]);
        add.args(&keys);
        add
    };
    let said = fails(&mut add(&"0".repeat(64)));
    assert!(said.contains("not what you built"), "{said}");
    assert!(!fixture.path("executed").exists());
    done(&mut add(&fixture.digest("1.4.0")));
    assert!(fixture.path("executed").exists());
}

#[test]
fn a_published_version_never_changes_its_bytes() {
    let fixture = Fixture::new();
    fixture.release("1.4.0");
    let keys = fixture.keys(&["a", "b", "c"]);
    done(fixture.repository(&["init"]).args(&keys));
    done(fixture.repository(&["add"]).args(&keys));
    let packed = fixture.path("packed").join(format!("pocket-{LINUX}/extra"));
    fs::write(packed, "more").unwrap();
    fixture.release("1.4.0");
    let mut marker = json(&fixture.path("site/site.json"));
    marker["releases"].as_array_mut().unwrap().remove(0);
    fs::write(fixture.path("site/site.json"), marker.to_string()).unwrap();
    let said = fails(fixture.repository(&["add"]).args(&keys));
    assert!(said.contains("never changes"), "{said}");
}
