//! The shell door with dist's real script, as users type it: every shell, every
//! way in which the download can be wrong, and nothing left behind.
#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use support::{LINUX, Served, bare, copy, done, fails, tiny, tree};

const TAG: &str = "v1.4.0";
const SHELLS: [&str; 4] = ["dash", "bash", "zsh", "busybox sh"];

fn archives(served: &Served) -> String {
    format!("{}/{TAG}", served.url)
}

/// An empty home, with a temporary directory that can be looked into.
struct Home {
    folder: tempfile::TempDir,
}

impl Home {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = Self { folder };
        for name in ["home", "tmp", "bin"] {
            fs::create_dir(home.path(name)).unwrap();
        }
        home
    }

    /// No script may stumble over a place with a space in its name.
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(format!("a {name}"))
    }

    /// `curl … | sh`, with script and archives from `served`.
    fn install(&self, shell: &str, served: &Served) -> Command {
        let mut command = bare("sh", &self.path("home"));
        let typed = format!("curl -LsSf {}/install.sh | {shell}", served.url);
        command
            .args(["-c", &typed])
            .env("TMPDIR", self.path("tmp"))
            .env("POCKET_DOWNLOAD_URL", archives(served));
        command
    }

    fn installed(&self) -> PathBuf {
        self.path("home/.local/bin/pocket")
    }

    fn receipt(&self) -> PathBuf {
        self.path("home/.config/pocket/pocket-receipt.json")
    }

    /// Nothing is installed and nothing is left.
    fn assert_untouched(&self, why: &str) {
        for name in ["home", "tmp"] {
            assert_eq!(tree(&self.path(name)), [], "{why}: {name}");
        }
        assert_eq!(fs::read_dir(self.path("tmp")).unwrap().count(), 0, "{why}");
    }
}

#[test]
fn every_shell_installs_writes_the_receipt_and_sets_up_the_path() {
    let served = Served::new(&tiny().site);
    for shell in SHELLS {
        let home = Home::new();
        let mut install = home.install(shell, &served);
        // Where the first address has nothing, as a release has two.
        let addresses = format!("{0}/nothing {1}", served.url, archives(&served));
        done(install.env("POCKET_DOWNLOAD_URL", addresses));
        let mut run = bare(home.installed(), &home.path("home"));
        assert_eq!(done(run.arg("version")), "pocket 1.4.0\n", "{shell}");
        let receipt = support::json(&home.receipt());
        let place = home.path("home/.local/bin");
        assert_eq!(receipt["install_prefix"], place.to_str().unwrap());
        assert_eq!(receipt["version"], "1.4.0");
        assert_eq!(receipt["modify_path"], true);
        // A login shell finds the command by its name.
        let mut login = bare("bash", &home.path("home"));
        login.args(["--login", "-c", "pocket version"]);
        assert_eq!(done(&mut login), "pocket 1.4.0\n", "{shell}");
        assert_eq!(
            fs::read_dir(home.path("tmp")).unwrap().count(),
            0,
            "{shell}"
        );
    }
}

#[test]
fn start_files_are_left_alone_when_asked() {
    let served = Served::new(&tiny().site);
    let home = Home::new();
    let mut install = home.install("sh", &served);
    done(install.env("POCKET_NO_MODIFY_PATH", "1"));
    let mut left: Vec<_> = tree(&home.path("home"))
        .into_iter()
        .map(|(path, _, _)| path)
        .collect();
    left.sort();
    let expected = [".config/pocket/pocket-receipt.json", ".local/bin/pocket"];
    assert_eq!(left, expected.map(PathBuf::from));
    assert_eq!(support::json(&home.receipt())["modify_path"], false);
}

#[test]
fn the_script_run_again_replaces_the_executable_and_nothing_else() {
    let served = Served::new(&tiny().site);
    let home = Home::new();
    done(&mut home.install("sh", &served));
    let before = tree(&home.path("home"));
    // The last does as a shell that was told never to write over a file.
    for shell in ["sh", "sh -C"] {
        for old in [home.installed(), home.receipt()] {
            fs::write(old, "of an older version").unwrap();
        }
        done(&mut home.install(shell, &served));
        assert_eq!(tree(&home.path("home")), before, "{shell}");
    }
}

#[test]
fn the_script_run_again_for_another_directory_sets_up_the_path_for_that() {
    let served = Served::new(&tiny().site);
    for shell in SHELLS {
        let home = Home::new();
        done(&mut home.install(shell, &served));
        let mut again = home.install(shell, &served);
        again.env("POCKET_INSTALL_DIR", home.path("home/tools"));
        let said = done(&mut again);
        for name in ["env.sh", "env.fish"] {
            let text = fs::read_to_string(home.path("home/.config/pocket").join(name)).unwrap();
            assert!(text.contains("\"$HOME/tools\""), "{shell}: {text}");
            assert!(said.contains(name), "{shell}: {said}");
        }
        let mut login = bare("bash", &home.path("home"));
        login.args(["--login", "-c", "command -v pocket"]);
        let found = home.path("home/tools/pocket");
        assert_eq!(done(&mut login).trim(), found.to_str().unwrap(), "{shell}");
    }
}

/// A copy of the site whose archive `change` has broken.
fn broken_site(folder: &Path, change: impl FnOnce(&Path)) -> PathBuf {
    let site = folder.join("site");
    copy(&tiny().site, &site);
    change(&site.join(format!("{TAG}/pocket-{LINUX}.tar.gz")));
    site
}

#[test]
fn an_archive_that_is_not_the_releases_is_refused_and_leaves_nothing() {
    type Change = fn(&Path);
    let changes: [(&str, Change); 4] = [
        ("corrupted", |archive| {
            let mut bytes = fs::read(archive).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            fs::write(archive, bytes).unwrap();
        }),
        ("truncated", |archive| {
            let bytes = fs::read(archive).unwrap();
            fs::write(archive, &bytes[..bytes.len() / 2]).unwrap();
        }),
        ("replaced", |archive| {
            fs::write(archive, "an archive of somebody else").unwrap();
        }),
        ("missing", |archive| fs::remove_file(archive).unwrap()),
    ];
    for (what, change) in changes {
        let folder = tempfile::tempdir().unwrap();
        let served = Served::new(&broken_site(folder.path(), change));
        for shell in SHELLS {
            let home = Home::new();
            let said = fails(&mut home.install(shell, &served));
            let expected = if what == "missing" {
                "failed to download"
            } else {
                "checksum mismatch"
            };
            assert!(said.contains(expected), "{what}, {shell}: {said}");
            home.assert_untouched(&format!("{what}, {shell}"));
        }
    }
}

#[test]
fn a_replaced_archive_is_refused_with_every_checksum_tool() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::new(&broken_site(folder.path(), |archive| {
        fs::write(archive, "an archive of somebody else").unwrap();
    }));
    let good = Served::new(&tiny().site);
    for tool in ["sha256sum", "shasum", "openssl"] {
        let with = |home: &Home, from: &Served| {
            let mut install = home.install("dash", &good);
            install.env("POCKET_DOWNLOAD_URL", archives(from));
            install.env("PATH", only(&home.path("bin"), Some(tool)));
            install
        };
        let home = Home::new();
        let said = fails(&mut with(&home, &served));
        assert!(said.contains("checksum mismatch"), "{tool}: {said}");
        home.assert_untouched(tool);
        let home = Home::new();
        done(&mut with(&home, &good));
        assert!(home.installed().exists(), "{tool}");
    }
    let home = Home::new();
    let mut install = home.install("dash", &good);
    let said = fails(install.env("PATH", only(&home.path("bin"), None)));
    assert!(
        said.contains("one of sha256sum, shasum or openssl is needed"),
        "{said}"
    );
    home.assert_untouched("no tool");
}

/// A path on which everything is that the script may use, but of the tools that
/// compute digests only `tool`.
fn only(bin: &Path, tool: Option<&str>) -> PathBuf {
    let digests = ["sha256sum", "shasum", "openssl"];
    for folder in ["/usr/bin", "/bin"] {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            let link = bin.join(&name);
            if !digests.contains(&name.as_str()) || tool == Some(&name) {
                // Both folders may be one.
                let _ = std::os::unix::fs::symlink(&path, link);
            }
        }
    }
    bin.to_path_buf()
}

#[test]
fn a_script_cut_short_on_the_way_installs_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let site = folder.path().join("site");
    copy(&tiny().site, &site);
    let whole = fs::read_to_string(site.join("install.sh")).unwrap();
    let served = Served::new(&site);
    let body = whole.trim_end();
    for cut in [
        body.len() / 4,
        body.len() / 2,
        body.len() - 30,
        body.len() - 3,
        body.len() - 1,
    ] {
        fs::write(site.join("install.sh"), &body[..cut]).unwrap();
        for shell in SHELLS {
            let home = Home::new();
            fails(&mut home.install(shell, &served));
            home.assert_untouched(&format!("cut at {cut}, {shell}"));
        }
    }
}

#[test]
fn the_script_has_no_known_mistake() {
    for script in ["install.sh", &format!("{TAG}/install.sh")] {
        done(Command::new("shellcheck").arg(tiny().site.join(script)));
    }
}

#[test]
fn what_dist_generated_is_in_the_script_unchanged() {
    let generated = fs::read_to_string(tiny().file("pocket-installer.sh")).unwrap();
    let script = fs::read_to_string(tiny().site.join("install.sh")).unwrap();
    assert!(script.contains(&generated));
}
