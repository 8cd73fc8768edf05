//! A user of the maintainer's site, with workspaces of every kind.

use std::fs;
use std::path::{Path, PathBuf};

use crate::maintainer::executable;
use crate::nginx::Nginx;
use crate::support::{Shipped, bare, done, json, product, remove, text, tree};

/// A user of that site.
pub(crate) struct User {
    folder: tempfile::TempDir,
    nginx: Nginx,
}

/// What a command left.
#[derive(Debug)]
pub(crate) struct Outcome {
    code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Outcome {
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self
    }

    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        let said = self.stdout.contains(text) || self.stderr.contains(text);
        assert!(said, "lacks {text:?}: {self:#?}");
        self
    }
}

impl User {
    pub(crate) fn new(site: &Path) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            nginx: Nginx::serve(site),
        }
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap()
    }

    pub(crate) fn bin(&self) -> PathBuf {
        self.home().join(".local/bin")
    }

    pub(crate) fn program(&self) -> PathBuf {
        self.bin().join("auditgraph")
    }

    /// Types the line that the documentation shows.
    pub(crate) fn installs_with_the_script(&self) {
        let url = self.nginx.url();
        let mut sh = bare("sh", &self.home());
        sh.args(["-c", &format!("curl -LsSf {url}/install.sh | sh")])
            .env("CURL_CA_BUNDLE", self.nginx.authority())
            .env(
                "AUDITGRAPH_DOWNLOAD_URL",
                format!("{url}/v{}", product().version()),
            );
        done(&mut sh);
        let config = self.home().join(".config/auditgraph/config.toml");
        fs::write(config, format!("[update]\nurl = \"{url}\"\n")).unwrap();
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Outcome {
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

    /// Asserts that a release is installed: its very bytes, by its own word
    /// and by the receipt that the installer wrote.
    #[track_caller]
    pub(crate) fn has(&self, shipped: &Shipped) {
        let installed = fs::read(self.program()).unwrap();
        assert!(installed == executable(shipped));
        let said = self.run(&["version", "--json"]).exits(0).stdout;
        let said: serde_json::Value = serde_json::from_str(&said).unwrap();
        assert_eq!(said["version"], shipped.version());
        assert_eq!(said["schema"]["writes"], shipped.window()[0]);
        let receipt = self
            .home()
            .join(".config/auditgraph/auditgraph-receipt.json");
        assert_eq!(json(&receipt)["version"], shipped.version());
    }

    /// The files beside the program that are not the program.
    pub(crate) fn beside(&self) -> Vec<PathBuf> {
        let files = tree(&self.bin()).into_iter().map(|(path, _, _)| path);
        files
            .filter(|path| path != Path::new("auditgraph"))
            .collect()
    }

    pub(crate) fn workspace(&self, name: &str) -> PathBuf {
        let root = self.home().join(name);
        let at = root.to_str().unwrap();
        self.run(&["init", at]).exits(0);
        fs::write(root.join("note.md"), "# Beacon\n\nThe beacon is lit.\n").unwrap();
        self.run(&["ingest", "--root", at]).exits(0);
        root
    }
}

/// One workspace of every kind.
pub(crate) struct Workspaces {
    pub(crate) compatible: PathBuf,
    /// A rebuild would take it over its budget.
    pub(crate) near: PathBuf,
    /// It is over its budget already.
    pub(crate) full: PathBuf,
    /// What the ancestor of this tool left.
    pub(crate) foreign: PathBuf,
    /// On the list, and not there.
    pub(crate) vanished: PathBuf,
}

impl Workspaces {
    pub(crate) fn of(user: &User) -> Self {
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
    pub(crate) fn bytes(&self) -> Vec<Vec<(PathBuf, u32, String)>> {
        let all = [&self.compatible, &self.near, &self.full, &self.foreign];
        all.map(|root| tree(root)).to_vec()
    }
}
