//! Every command that README and `docs/install.md` show for installing,
//! upgrading and uninstalling is run as it is written, with the host replaced
//! by loopback. Homebrew's are not: there is no Homebrew here.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use support::python::interpreter;
use support::{Served, bare, done, product, release, tool, with_registries, workspace};

/// Pages whose commands are promises.
const PAGES: [&str; 2] = ["README.md", "docs/install.md"];
/// First words of commands that install something.
const INSTALLERS: [&str; 6] = ["curl", "pip", "uv", "pipx", "cargo install", "brew"];

/// The shell blocks of a page with the heading they stand under, in order.
fn blocks(page: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let (mut heading, mut block) = (String::new(), None::<String>);
    for line in page.lines() {
        match &mut block {
            Some(text) if line.trim_end() == "```" => {
                found.push((heading.clone(), std::mem::take(text)));
                block = None;
            }
            Some(text) => {
                text.push_str(line);
                text.push('\n');
            }
            None if line.trim_end() == "```sh" => block = Some(String::new()),
            None if line.starts_with("## ") => heading = line[3..].trim().to_owned(),
            None => {}
        }
    }
    found
}

/// Whether a block installs, upgrades or removes the product, or fetches it.
fn is_about_installing(block: &str) -> bool {
    block.lines().any(|line| {
        let line = line.trim().trim_start_matches(".venv/bin/");
        INSTALLERS.iter().any(|word| line.starts_with(word))
            || line.contains("install")
            || line.starts_with("rm ")
            || line.starts_with("auditgraph ")
    })
}

/// Which throwaway place a block runs in: doors do not share one.
fn place(heading: &str, block: &str) -> String {
    let words = ["pip ", "uv ", "pipx ", "brew ", "cargo "];
    let first = words.iter().find(|word| block.starts_with(*word));
    first.map_or_else(|| heading.to_owned(), |word| word.trim().to_owned())
}

/// Where the project says its site is, from the command it plans for users.
fn site_url() -> String {
    let said = done(release(&product().project).args(["plan", "--json"]));
    let plan: serde_json::Value = serde_json::from_str(&said).unwrap();
    let curl = plan["install"][0].as_str().unwrap();
    let url = curl
        .split_whitespace()
        .find(|word| word.starts_with("https://"))
        .unwrap();
    url.trim_end_matches("/install.sh").to_owned()
}

/// A throwaway place with the programs a user has, and the doors' own.
struct Place {
    home: PathBuf,
}

impl Place {
    fn shell(&self, served: &Served) -> Command {
        let mut sh = bare("sh", &self.home);
        with_registries(&mut sh);
        // Where a bare `pip` is typed, somebody is in an environment of his own.
        let mut path = vec![self.home.join("active/bin"), self.home.join(".local/bin")];
        for name in ["uv", "pipx"] {
            path.push(self.link(name, &tool(name)));
        }
        let python = interpreter("3.12")
            .or_else(|| interpreter("3.11"))
            .expect("a Python");
        path.push(self.link("python3", &python));
        path.extend(["/usr/local/bin", "/usr/bin", "/bin"].map(PathBuf::from));
        let index = format!("{}/simple/", served.url);
        let version = product().version();
        sh.env("PATH", std::env::join_paths(path).unwrap())
            .env(
                "AUDITGRAPH_DOWNLOAD_URL",
                format!("{}/v{version}", served.url),
            )
            .env("PIP_INDEX_URL", &index)
            .env("UV_DEFAULT_INDEX", &index)
            .env("UV_PYTHON_DOWNLOADS", "never")
            .env("UV_PYTHON", &python)
            .env("PIPX_DEFAULT_PYTHON", &python);
        sh
    }

    /// A folder with nothing but a link to `program`.
    fn link(&self, name: &str, program: &Path) -> PathBuf {
        let folder = self.home.join(".test-path").join(name);
        fs::create_dir_all(&folder).unwrap();
        let link = folder.join(name);
        if !link.exists() {
            let script = format!("#!/bin/sh\nexec '{}' \"$@\"\n", program.display());
            fs::write(&link, script).unwrap();
            done(Command::new("chmod").arg("755").arg(&link));
        }
        folder
    }

    /// Executables of the product in the places it is installed into.
    fn installed(&self) -> Vec<PathBuf> {
        [".local/bin", "tools", ".venv/bin"]
            .iter()
            .map(|folder| self.home.join(folder).join("auditgraph"))
            .filter(|path| path.exists())
            .collect()
    }
}

#[test]
fn every_command_that_the_documents_show_works_as_it_is_written() {
    let served = Served::new(&product().site);
    let (site, tag) = (site_url(), format!("v{}", product().version()));
    let repository = "https://github.com/auditgraph/auditgraph";
    let clone = format!("file://{}", product().project.display());
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    let mut places: BTreeMap<(&str, String), Place> = BTreeMap::new();
    let (mut ran, mut excepted) = (0, Vec::new());
    for page in PAGES {
        let text = fs::read_to_string(workspace().join(page)).unwrap();
        for (heading, block) in blocks(&text) {
            if !is_about_installing(&block) {
                continue;
            }
            let name = place(&heading, &block);
            if name == "brew" {
                excepted.push(block);
                continue;
            }
            let home = root.join(format!("{page}-{name}").replace([' ', ',', '/'], "-"));
            fs::create_dir_all(&home).unwrap();
            let place = places.entry((page, name.clone())).or_insert_with(|| {
                let place = Place { home };
                if name == "pip" {
                    let mut sh = place.shell(&served);
                    done(sh.args(["-c", "python3 -m venv active"]));
                }
                if name == "pipx" {
                    // pipx has a pip of its own, which is not on our index.
                    let mut sh = place.shell(&served);
                    done(
                        sh.env_remove("PIP_INDEX_URL")
                            .args(["-c", "pipx upgrade-shared"]),
                    );
                }
                place
            });
            let mut sh = place.shell(&served);
            let mut command = block.replace(&site, &served.url);
            if name == "cargo" {
                support::quick_cargo(&mut sh);
                sh.env("CARGO_INSTALL_ROOT", place.home.join("cargo"));
                command = command.replace(repository, &clone);
            }
            assert!(!command.contains("https://"), "a host is left: {command}");
            if command.contains("/v0.") {
                assert!(
                    command.contains(&tag),
                    "another version than {tag}: {command}"
                );
            }
            eprintln!("{page}, {heading}:\n{command}");
            done(sh.args(["-e", "-c", &command]));
            ran += 1;
        }
    }
    assert!(ran >= 10, "only {ran} blocks were found and run");
    println!(
        "{ran} blocks ran; not run, for want of Homebrew:\n{}",
        excepted.join("")
    );
    for ((page, name), place) in places {
        if page != PAGES[1] {
            continue; // The README installs; removing is told on the page.
        }
        if name == "cargo" {
            assert!(place.home.join("cargo/bin/auditgraph").is_file());
            continue;
        }
        let left = place.installed();
        let into_tools = place.home.join("tools/auditgraph");
        let left: Vec<_> = left.iter().filter(|path| **path != into_tools).collect();
        assert!(
            left.is_empty(),
            "{name}: uninstalled as documented, but {left:?} is there"
        );
    }
}

#[test]
fn commands_in_running_text_are_those_of_the_blocks() {
    let mut known = String::new();
    let mut shown = Vec::new();
    for page in PAGES {
        let text = fs::read_to_string(workspace().join(page)).unwrap();
        for (_, block) in blocks(&text) {
            known.push_str(&block);
        }
        for code in text.split('`').skip(1).step_by(2) {
            let code = code.replace("\\|", "|");
            let installs = INSTALLERS
                .iter()
                .any(|word| code.starts_with(&format!("{word} ")));
            if installs && !code.contains('\n') && !code.starts_with("brew upgrade") {
                shown.push(code);
            }
        }
    }
    assert!(!shown.is_empty());
    for code in shown {
        assert!(
            known.contains(&code),
            "`{code}` is in no block, so no test runs it"
        );
    }
}
