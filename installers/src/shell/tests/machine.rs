//! Throwaway machines for the prelude to run on, and the shells to run it with.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A throwaway machine: its commands, home and temporary directory.
pub(super) struct Machine {
    dir: tempfile::TempDir,
    /// Whether the real commands can be found behind the faked ones.
    real: bool,
}

impl Machine {
    pub(super) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        for folder in ["bin", "home", "tmp"] {
            fs::create_dir(dir.path().join(folder)).unwrap();
        }
        let machine = Self { dir, real: true };
        machine.uname("Linux", "x86_64");
        machine.fake("ldd", "echo 'ldd (Debian GLIBC 2.36-9+deb12u14) 2.36'");
        machine.fake("getconf", "echo 64");
        machine
    }

    /// A machine that has only the faked commands and `tools`.
    pub(super) fn with_only(tools: &[&str]) -> Self {
        let machine = Self {
            real: false,
            ..Self::new()
        };
        for tool in tools {
            let real = which(tool).unwrap_or_else(|| panic!("no {tool} here"));
            std::os::unix::fs::symlink(real, machine.path("bin").join(tool)).unwrap();
        }
        machine
    }

    pub(super) fn path(&self, folder: &str) -> PathBuf {
        self.dir.path().join(folder)
    }

    pub(super) fn fake(&self, name: &str, body: &str) {
        let file = self.path("bin").join(name);
        // Never through a link to the real command.
        assert!(!file.is_symlink(), "{name} is the real one here");
        // By a child: while this process has it open, one that another test starts
        // has it open as well, and it could not be run: "Text file busy".
        let write = "printf '#!/bin/sh\\n%s\\n' \"$1\" > \"$0\" && chmod 755 \"$0\"";
        let status = Command::new("sh")
            .args(["-c", write])
            .arg(&file)
            .arg(body)
            .status();
        assert!(status.unwrap().success(), "{name}");
    }

    pub(super) fn uname(&self, system: &str, processor: &str) {
        self.fake(
            "uname",
            &format!(
                "case \"${{1:-}}\" in -m) echo '{processor}' ;; -o) echo GNU/Linux ;; *) echo '{system}' ;; esac"
            ),
        );
    }

    pub(super) fn command(&self, shell: &[String], script: &str) -> Command {
        let file = self.path("script");
        fs::write(&file, script).unwrap();
        let mut search = self.path("bin").into_os_string();
        if self.real {
            search.push(":/usr/bin:/bin");
        }
        let mut command = Command::new(&shell[0]);
        command
            .args(&shell[1..])
            .args(["-s", "--", "--flag", "two words"])
            .env_clear()
            .env("PATH", search)
            .env("HOME", self.path("home"))
            .env("TMPDIR", self.path("tmp"))
            .stdin(fs::File::open(file).unwrap())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub(super) fn run(&self, shell: &[String], script: &str) -> Output {
        self.command(shell, script).output().unwrap()
    }

    /// Runs `command`, which must fail with these words before it does anything.
    #[track_caller]
    pub(super) fn refuses(command: &mut Command, expected: &str) {
        let output = command.output().unwrap();
        let err = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{command:?}: {err}");
        assert!(err.contains(expected), "{command:?}: {err}");
        assert_eq!(text(&output.stdout), "", "{command:?}");
    }

    /// Files left in the home and temporary directories.
    pub(super) fn left(&self) -> Vec<PathBuf> {
        ["home", "tmp"]
            .iter()
            .flat_map(|folder| fs::read_dir(self.path(folder)).unwrap())
            .map(|entry| entry.unwrap().path())
            .collect()
    }
}

pub(super) fn which(name: &str) -> Option<PathBuf> {
    ["/usr/bin", "/bin"]
        .iter()
        .map(|folder| Path::new(folder).join(name))
        .find(|path| path.exists())
}

/// The shells of this machine that the script must run under.
pub(super) fn shells() -> Vec<Vec<String>> {
    let candidates = [
        vec!["sh"],
        vec!["dash"],
        vec!["bash"],
        vec!["zsh"],
        vec!["busybox", "sh"],
    ];
    candidates
        .iter()
        .filter_map(|words| {
            let program = which(words[0])?.to_string_lossy().into_owned();
            let rest = words[1..].iter().map(|word| (*word).to_owned());
            Some(std::iter::once(program).chain(rest).collect())
        })
        .collect()
}

pub(super) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
