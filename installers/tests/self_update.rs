//! A self-update from end to end, with nothing but real parts: three versions
//! released by this tool from one source tree, signed with keys made for it,
//! served over TLS by nginx with a private certificate authority; the first
//! one installed by the script that users run; workspaces of every kind; and
//! every promise of `docs/upgrading.md` looked up on disk.
#![allow(clippy::unwrap_used)]

mod support;

#[path = "../../tests/shared/nginx.rs"]
#[allow(unreachable_pub)]
mod nginx;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use nginx::Nginx;
use support::{
    KEPT, LINUX, bare, clone, done, git, json, lock, release, remove, sha256, text, tree,
};

/// A version of the product, which differs from the source tree in this alone.
#[derive(Clone, Copy)]
struct Version {
    number: &'static str,
    writes: u32,
    reads_since: u32,
}

const OLD: Version = Version {
    number: "0.1.0",
    writes: 1,
    reads_since: 1,
};
/// Reads what the old one wrote.
const COMPATIBLE: Version = Version {
    number: "0.2.0",
    writes: 2,
    reads_since: 1,
};
/// Reads nothing older.
const INCOMPATIBLE: Version = Version {
    number: "0.3.0",
    writes: 3,
    reads_since: 3,
};

/// A maintainer's machine: the project, the site, and the keys for it.
struct Maintainer {
    project: PathBuf,
    site: PathBuf,
    keys: [PathBuf; 4],
    _lock: fs::File,
}

impl Maintainer {
    /// Before the first release: keys, and a repository without targets.
    fn new() -> Self {
        let lock = lock("product");
        let at = Path::new(KEPT).join("self-update");
        remove(&at);
        let maintainer = Self {
            project: clone(),
            site: at.join("site"),
            keys: ["root-1", "root-2", "root-3", "online"].map(|name| at.join(name)),
            _lock: lock,
        };
        let mut init = maintainer.repository("init");
        for keys in &maintainer.keys[..3] {
            init.arg("--keys").arg(keys);
        }
        done(init.arg("--online-keys").arg(&maintainer.keys[3]));
        maintainer
    }

    fn repository(&self, command: &str) -> Command {
        let mut repository = release(&self.project);
        repository.args(["repository", command, "--site"]);
        repository.arg(&self.site);
        repository
    }

    fn signs(&self, mut command: Command) {
        for keys in [&self.keys[0], &self.keys[3]] {
            command.arg("--keys").arg(keys);
        }
        done(&mut command);
    }

    /// Makes a release as it is made for users, and signs it.
    fn publishes(&self, version: Version) {
        done(git(&self.project).args(["reset", "--quiet", "--hard", "HEAD"]));
        for (file, from, to) in changes(version) {
            let path = self.project.join(file);
            let old = fs::read_to_string(&path).unwrap();
            assert_eq!(old.matches(&from).count(), 1, "{from:?} in {file}");
            fs::write(path, old.replace(&from, &to)).unwrap();
        }
        // It shares what the workspace compiled, and cargo goes by time.
        let touch = "git ls-files -z | xargs -0 touch";
        done(
            Command::new("sh")
                .args(["-c", touch])
                .current_dir(&self.project),
        );
        let mut build = release(&self.project);
        build.env("CARGO_TARGET_DIR", Path::new(KEPT).parent().unwrap());
        build.arg("build").arg("--out").arg(&self.site);
        done(
            build
                .arg("--root")
                .arg(self.site.join("metadata/1.root.json")),
        );
        self.signs(self.repository("add"));
    }

    /// The executable of `version`, out of the archive that was published.
    fn executable(&self, version: Version) -> Vec<u8> {
        let folder = format!("auditgraph-{LINUX}");
        let archive = self
            .site
            .join(format!("v{}/{folder}.tar.gz", version.number));
        let mut tar = Command::new("tar");
        tar.arg("-xzOf")
            .arg(archive)
            .arg(format!("{folder}/auditgraph"));
        let output = tar.output().unwrap();
        assert!(output.status.success());
        output.stdout
    }
}

/// What is changed in the source tree to make `version`: file, from, to.
fn changes(version: Version) -> Vec<(&'static str, String, String)> {
    let (number, old) = (version.number, OLD.number);
    let constant = |name: &str, value: u32| format!("pub const {name}: u32 = {value};");
    let schema = "src/schema/mod.rs";
    let mut changes = vec![
        (
            "installers/release.toml",
            "writes = 1\nreads_since = 1".to_owned(),
            format!(
                "writes = {}\nreads_since = {}",
                version.writes, version.reads_since
            ),
        ),
        (
            schema,
            constant("WRITES", 1),
            constant("WRITES", version.writes),
        ),
        (
            schema,
            constant("READS_SINCE", 1),
            constant("READS_SINCE", version.reads_since),
        ),
        (
            schema,
            constant("READABLE_SINCE", 1),
            constant("READABLE_SINCE", version.writes),
        ),
    ];
    if number != old {
        let named = |number: &str| format!("name = \"auditgraph\"\nversion = \"{number}\"");
        changes.extend([
            ("Cargo.toml", named(old), named(number)),
            ("Cargo.lock", named(old), named(number)),
            ("CHANGELOG.md", format!("## {old}"), format!("## {number}")),
        ]);
    }
    changes
}

/// A user of that site.
struct User {
    folder: tempfile::TempDir,
    nginx: Nginx,
}

/// What a command left.
#[derive(Debug)]
struct Outcome {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Outcome {
    #[track_caller]
    fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self
    }

    #[track_caller]
    fn says(self, text: &str) -> Self {
        let said = self.stdout.contains(text) || self.stderr.contains(text);
        assert!(said, "lacks {text:?}: {self:#?}");
        self
    }
}

impl User {
    fn new(site: &Path) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            nginx: Nginx::serve(site),
        }
    }

    fn home(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap()
    }

    fn bin(&self) -> PathBuf {
        self.home().join(".local/bin")
    }

    fn program(&self) -> PathBuf {
        self.bin().join("auditgraph")
    }

    /// Types the line that the documentation shows.
    fn installs_with_the_script(&self) {
        let url = self.nginx.url();
        let mut sh = bare("sh", &self.home());
        sh.args(["-c", &format!("curl -LsSf {url}/install.sh | sh")])
            .env("CURL_CA_BUNDLE", self.nginx.authority())
            .env("AUDITGRAPH_DOWNLOAD_URL", format!("{url}/v{}", OLD.number));
        done(&mut sh);
        let config = self.home().join(".config/auditgraph/config.toml");
        fs::write(config, format!("[update]\nurl = \"{url}\"\n")).unwrap();
    }

    fn run(&self, arguments: &[&str]) -> Outcome {
        let mut command = bare(self.program(), &self.home());
        command
            .args(arguments)
            .env("SSL_CERT_FILE", self.nginx.authority());
        let output = command.output().unwrap();
        Outcome {
            code: output.status.code(),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }

    /// Asserts that `version` is installed: its very bytes, by its own word
    /// and by the receipt that the installer wrote.
    #[track_caller]
    fn has(&self, version: Version, maintainer: &Maintainer) {
        let installed = fs::read(self.program()).unwrap();
        assert!(installed == maintainer.executable(version));
        let said = self.run(&["version", "--json"]).exits(0).stdout;
        let said: serde_json::Value = serde_json::from_str(&said).unwrap();
        assert_eq!(said["version"], version.number);
        assert_eq!(said["schema"]["writes"], version.writes);
        let receipt = self
            .home()
            .join(".config/auditgraph/auditgraph-receipt.json");
        assert_eq!(json(&receipt)["version"], version.number);
    }

    /// The files beside the program that are not the program.
    fn beside(&self) -> Vec<PathBuf> {
        let files = tree(&self.bin()).into_iter().map(|(path, _, _)| path);
        files
            .filter(|path| path != Path::new("auditgraph"))
            .collect()
    }

    fn workspace(&self, name: &str) -> PathBuf {
        let root = self.home().join(name);
        let at = root.to_str().unwrap();
        self.run(&["init", at]).exits(0);
        fs::write(root.join("note.md"), "# Beacon\n\nThe beacon is lit.\n").unwrap();
        self.run(&["ingest", "--root", at]).exits(0);
        root
    }
}

/// One workspace of every kind.
struct Workspaces {
    compatible: PathBuf,
    /// A rebuild would take it over its budget.
    near: PathBuf,
    /// It is over its budget already.
    full: PathBuf,
    /// What the ancestor of this tool left.
    foreign: PathBuf,
    /// On the list, and not there.
    vanished: PathBuf,
}

impl Workspaces {
    fn of(user: &User) -> Self {
        let limited = |name: &str, percent: u64| {
            let root = user.workspace(name);
            let profile = root.join(".pkg/profiles/default");
            let files = tree(&profile).into_iter();
            let used: u64 = files
                .filter(|(path, _, _)| path != Path::new("lock"))
                .map(|(path, _, _)| fs::metadata(profile.join(path)).unwrap().len())
                .sum();
            let limit = used * percent / 100;
            fs::write(
                root.join("auditgraph.toml"),
                format!("[budget]\nmax_bytes = {limit}\n"),
            )
            .unwrap();
            root
        };
        let foreign = user.home().join("foreign");
        user.run(&["init", foreign.to_str().unwrap()]).exits(0);
        let run = foreign.join(".pkg/profiles/default/runs/2024-01-01");
        fs::create_dir_all(&run).unwrap();
        fs::write(
            run.join("ingest-manifest.json"),
            r#"{"schema_version":"v1"}"#,
        )
        .unwrap();
        let vanished = user.workspace("vanished");
        remove(&vanished);
        Self {
            compatible: user.workspace("compatible"),
            near: limited("near", 130),
            full: limited("full", 50),
            foreign,
            vanished,
        }
    }

    /// Everything in them, byte by byte.
    fn bytes(&self) -> Vec<Vec<(PathBuf, u32, String)>> {
        let all = [&self.compatible, &self.near, &self.full, &self.foreign];
        all.map(|root| tree(root)).to_vec()
    }
}

#[test]
fn from_the_first_installation_to_both_next_versions_and_back() {
    let maintainer = Maintainer::new();
    maintainer.publishes(OLD);
    let user = User::new(&maintainer.site);
    user.installs_with_the_script();
    user.has(OLD, &maintainer);
    user.run(&["self-update"])
        .exits(0)
        .says("the version to have");
    let workspaces = Workspaces::of(&user);

    maintainer.publishes(COMPATIBLE);
    a_compatible_version_comes_in_silence(&user, &maintainer, &workspaces);
    there_is_a_way_back_and_forth(&user, &maintainer, &workspaces);

    maintainer.publishes(INCOMPATIBLE);
    an_incompatible_version_waits_until_it_is_accepted(&user, &maintainer, &workspaces);
    what_it_cannot_read_is_left_as_it_is_and_rebuilt_beside(&user, &workspaces);
    the_version_before_answers_from_what_it_can_read(&user, &maintainer, &workspaces);
    a_withdrawn_version_is_told(&user, &maintainer);
}

fn a_compatible_version_comes_in_silence(
    user: &User,
    maintainer: &Maintainer,
    workspaces: &Workspaces,
) {
    let before = (workspaces.bytes(), tree(&user.bin()));
    user.run(&["self-update", "--check"])
        .exits(10)
        .says("0.2.0 is available");
    user.run(&["preflight"]).exits(0).says("missing");
    user.run(&["self-update", "--dry-run"])
        .exits(0)
        .says("rename ");
    assert_eq!((workspaces.bytes(), tree(&user.bin())), before);
    let update = user.run(&["self-update"]).exits(0);
    assert!(!update.stdout.contains("rebuild"), "{update:?}");
    assert_eq!(update.stderr, "");
    user.has(COMPATIBLE, maintainer);
    assert_eq!(workspaces.bytes(), before.0);
    let root = workspaces.compatible.to_str().unwrap();
    // The index is a cache, and made again for another schema; the run stays.
    let answer = user.run(&["query", "beacon", "--root", root]).exits(0);
    assert!(!answer.stderr.contains("rebuild"), "{answer:?}");
    answer.says("note.md");
}

fn there_is_a_way_back_and_forth(user: &User, maintainer: &Maintainer, workspaces: &Workspaces) {
    let before = workspaces.bytes();
    for version in [OLD, COMPATIBLE, OLD] {
        user.run(&["self-update", "--rollback"]).exits(0);
        user.has(version, maintainer);
    }
    // A copy of the site on a stick, which is verified in the same way.
    let stick = user.home().join("stick");
    support::copy(&maintainer.site, &stick);
    user.run(&["self-update", "--from", stick.to_str().unwrap()])
        .exits(0)
        .says("accepted until");
    user.has(COMPATIBLE, maintainer);
    assert_eq!(workspaces.bytes(), before);
    // The version before is kept, and nothing else.
    let kept = user.beside();
    let old = sha256(&user.bin().join(&kept[1]));
    assert_eq!(kept.len(), 3, "{kept:?}");
    assert!(
        kept[1].ends_with(format!("previous-{}", &old[..12])),
        "{kept:?}"
    );
    assert!(fs::read(user.bin().join(&kept[1])).unwrap() == maintainer.executable(OLD));
}

fn an_incompatible_version_waits_until_it_is_accepted(
    user: &User,
    maintainer: &Maintainer,
    workspaces: &Workspaces,
) {
    let before = (workspaces.bytes(), tree(&user.bin()));
    user.run(&["preflight"]).exits(3).says("needs rebuild");
    let stopped = user.run(&["self-update"]).exits(3);
    for text in [
        "auditgraph rebuild",
        "--accept-rebuild",
        "unreadable already",
        "missing",
    ] {
        assert!(
            stopped.stderr.contains(text),
            "lacks {text:?}: {stopped:#?}"
        );
    }
    for root in [
        &workspaces.compatible,
        &workspaces.foreign,
        &workspaces.vanished,
    ] {
        assert!(
            stopped.stderr.contains(root.to_str().unwrap()),
            "{stopped:#?}"
        );
    }
    user.run(&["self-update", "--accept-rebuild"])
        .exits(4)
        .says("--accept-over-budget");
    assert_eq!((workspaces.bytes(), tree(&user.bin())), before);
    user.has(COMPATIBLE, maintainer);
    user.run(&["self-update", "--accept-rebuild", "--accept-over-budget"])
        .exits(0);
    user.has(INCOMPATIBLE, maintainer);
    assert_eq!(workspaces.bytes(), before.0);
}

fn what_it_cannot_read_is_left_as_it_is_and_rebuilt_beside(user: &User, workspaces: &Workspaces) {
    let before = workspaces.bytes();
    let compatible = workspaces.compatible.to_str().unwrap();
    for root in [compatible, workspaces.foreign.to_str().unwrap()] {
        user.run(&["ingest", "--root", root])
            .exits(3)
            .says("auditgraph rebuild");
    }
    let near = workspaces.near.to_str().unwrap();
    user.run(&["rebuild", "--root", near]).exits(4);
    assert_eq!(workspaces.bytes(), before);
    user.run(&["rebuild", "--root", compatible]).exits(0);
    user.run(&["query", "beacon", "--root", compatible])
        .exits(0)
        .says("note.md");
    let after = tree(&workspaces.compatible);
    for old in &before[0] {
        let kept = ["runs", "packs"].map(|name| Path::new(".pkg/profiles/default").join(name));
        if kept.iter().any(|folder| old.0.starts_with(folder)) {
            assert!(after.contains(old), "{old:?} is not as it was");
        }
    }
}

fn the_version_before_answers_from_what_it_can_read(
    user: &User,
    maintainer: &Maintainer,
    workspaces: &Workspaces,
) {
    user.run(&["self-update", "--rollback"])
        .exits(0)
        .says("cannot be read by 0.2.0");
    user.has(COMPATIBLE, maintainer);
    let root = workspaces.compatible.to_str().unwrap();
    let answer = user.run(&["query", "beacon", "--root", root]).exits(0);
    assert!(answer.stdout.contains("note.md"), "{answer:?}");
    assert!(answer.stderr.contains("r0001"), "{answer:?}");
    user.run(&["ingest", "--root", root]).exits(3);
}

fn a_withdrawn_version_is_told(user: &User, maintainer: &Maintainer) {
    let mut yank = maintainer.repository("yank");
    yank.args([COMPATIBLE.number, "--reason", "loses notes"]);
    maintainer.signs(yank);
    user.run(&["self-update", "--check"]).says("loses notes");
}
