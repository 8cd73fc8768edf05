//! A user with a home folder, an installed binary and a mirror in the
//! settings.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use serde_json::Value;

use crate::executable::copy_executable;
use crate::repository::{Repository, first_root};
use crate::server::{Authority, Server};

/// The bytes of the archive of the version that is offered first.
pub const ARCHIVE: &[u8] = b"no archive at all, but the bytes that were signed";

/// The release-profile binary that trusts the root of these tests.
fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let work = Path::new(env!("CARGO_TARGET_TMPDIR")).join("attacks");
        fs::create_dir_all(&work).unwrap();
        let root = work.join("root.json");
        if fs::read(&root).ok() != Some(first_root()) {
            fs::write(&root, first_root()).unwrap();
        }
        let mut cargo = Command::new(env!("CARGO"));
        for (name, _) in std::env::vars() {
            if name.starts_with("CARGO_PKG") || name.starts_with("CARGO_MANIFEST") {
                cargo.env_remove(name);
            }
        }
        let output = cargo
            .args(["build", "--release", "--locked", "--bin", "auditgraph"])
            .args(["--message-format", "json-render-diagnostics"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env("AUDITGRAPH_ROOT", &root)
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{errors}");
        let built = String::from_utf8_lossy(&output.stdout)
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .find_map(|message| message["executable"].as_str().map(PathBuf::from))
            .expect("cargo names the executable");
        // Another build may replace it; this one is ours.
        let kept = work.join("auditgraph");
        copy_executable(&built, &kept);
        kept
    })
}

pub struct User {
    folder: tempfile::TempDir,
    pub repository: Repository,
    pub server: Server,
    /// More environment for the commands.
    pub environment: Vec<(String, String)>,
}

impl User {
    /// A user of a site that offers 9.1.0.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().canonicalize().unwrap();
        let mut repository = Repository::new(&home.join("site"));
        repository.add("9.1.0", ARCHIVE);
        repository.publish();
        let authority = Authority::new();
        let server = Server::https(&home.join("site"), &authority);
        fs::write(home.join("ca.pem"), &authority.pem).unwrap();
        let user = Self {
            folder,
            repository,
            server,
            environment: Vec::new(),
        };
        user.install();
        user.mirror(&user.server.url());
        user
    }

    /// A user who has checked once: 9.1.0 is known.
    pub fn visited() -> Self {
        let user = Self::new();
        assert_eq!(user.offered(), "9.1.0");
        user
    }

    pub fn home(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap()
    }

    pub fn program(&self) -> PathBuf {
        self.home().join(".local/bin/auditgraph")
    }

    fn install(&self) {
        let program = self.program();
        let bin = program.parent().unwrap();
        fs::create_dir_all(bin).unwrap();
        copy_executable(binary(), &program);
        let config = self.home().join(".config/auditgraph");
        fs::create_dir_all(&config).unwrap();
        let receipt = serde_json::json!({
            "binaries": ["auditgraph"],
            "install_prefix": bin,
            "install_layout": "flat",
            "version": env!("CARGO_PKG_VERSION"),
        });
        fs::write(config.join("auditgraph-receipt.json"), receipt.to_string()).unwrap();
    }

    /// Names a mirror in the user's settings.
    pub fn mirror(&self, url: &str) {
        let file = self.home().join(".config/auditgraph/config.toml");
        fs::write(file, format!("[update]\nurl = \"{url}\"\n")).unwrap();
    }

    /// Runs `auditgraph self-update ARGUMENTS` as a process of its own.
    pub fn run(&self, arguments: &[&str]) -> Output {
        Command::new(self.program())
            .arg("self-update")
            .args(arguments)
            .current_dir(self.home())
            .env_clear()
            .env("HOME", self.home())
            .env("SSL_CERT_FILE", self.home().join("ca.pem"))
            .envs(self.environment.iter().cloned())
            .output()
            .unwrap()
    }

    /// The version that `--check` offers.
    pub fn offered(&self) -> String {
        let output = self.run(&["--check", "--json"]);
        assert_eq!(output.status.code(), Some(10), "{output:?}");
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        document["version"].as_str().unwrap().to_owned()
    }

    /// What `--check` and an update are both refused for: exit 5, a sentence,
    /// and nothing changed.
    pub fn refused(&self) -> (String, String) {
        let check = self.refusal_of(&["--check", "--json"]);
        let update = self.refusal_of(&["--yes", "--json"]);
        assert_eq!(check.0, update.0);
        update
    }

    /// What an update is refused for, after a check that finds nothing wrong.
    pub fn archive_refused(&self) -> (String, String) {
        self.offered();
        self.refusal_of(&["--yes", "--json"])
    }

    fn refusal_of(&self, arguments: &[&str]) -> (String, String) {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(5), "{output:?}");
        let document: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {output:?}"));
        let error = &document["error"];
        let attack = error["details"]["attack"].as_str();
        let attack = attack.unwrap_or_else(|| panic!("{document}")).to_owned();
        let sentence = error["message"].as_str().unwrap().to_owned();
        // People read the same sentence.
        let words: Vec<&str> = arguments
            .iter()
            .copied()
            .filter(|a| *a != "--json")
            .collect();
        let human = self.run(&words);
        assert_eq!(human.status.code(), Some(5), "{human:?}");
        let shown = String::from_utf8_lossy(&human.stderr).into_owned();
        assert!(shown.contains("refused"), "{shown}");
        self.untouched();
        (attack, sentence)
    }

    /// The installed binary is the one that was installed, and nothing waits to
    /// take its place.
    pub fn untouched(&self) {
        let program = self.program();
        assert!(fs::read(&program).unwrap() == fs::read(binary()).unwrap());
        let beside: Vec<_> = fs::read_dir(program.parent().unwrap())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .filter(|name| name != "auditgraph")
            .collect();
        assert!(
            beside.iter().all(|name| name == ".auditgraph"),
            "{beside:?}"
        );
        for left in ["staged", "intent.json"] {
            let path = program.with_file_name(".auditgraph").join(left);
            assert!(!path.exists(), "{left}");
        }
    }
}
