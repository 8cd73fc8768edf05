//! Every install command that README and `docs/install.md` show is run, in an
//! empty home, with the hosts replaced by a site on the loopback address.
//! Homebrew's are left out by name: there is no Homebrew here.
#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use support::python::interpreter;
use support::{Served, Shipped, bare, done, product, product_name, text, tool, workspace};

/// Where the documents say things are, and where they are here.
struct Hosts {
    pages: String,
    forge: String,
    url: String,
}

/// A section (`## …`) with its commands: fenced blocks marked `sh`.
struct Section {
    title: String,
    blocks: Vec<String>,
}

fn sections(document: &Path) -> Vec<Section> {
    // What stands above the first heading has no title.
    let mut sections = vec![Section {
        title: String::new(),
        blocks: Vec::new(),
    }];
    let mut block: Option<String> = None;
    for line in fs::read_to_string(document).unwrap().lines() {
        match &mut block {
            Some(text) if line == "```" => {
                let section = sections.last_mut().unwrap();
                section.blocks.push(std::mem::take(text));
                block = None;
            }
            Some(text) => {
                text.push_str(line);
                text.push('\n');
            }
            None if line == "```sh" => block = Some(String::new()),
            None => {
                if let Some(title) = line.strip_prefix("## ") {
                    sections.push(Section {
                        title: title.to_owned(),
                        blocks: Vec::new(),
                    });
                }
            }
        }
    }
    sections
}

/// What a start file holds that is none of ours.
const OWN: &str = "# my own\nalias ll='ls -l'\n";

/// An empty home with the commands that the documents take for granted.
struct Home {
    folder: tempfile::TempDir,
    path: String,
    python: PathBuf,
}

impl Home {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().to_path_buf();
        let python = interpreter("3.12").or_else(|| interpreter("3.11"));
        let python = python.expect("a Python with venv and pip");
        // The environment that a plain `pip install` is typed in.
        let active = home.join("active");
        done(bare(&python, &home).args(["-m", "venv"]).arg(&active));
        let mut places = vec![active.join("bin"), home.join(".local/bin")];
        places.extend(["uv", "pipx"].map(|name| tool(name).parent().unwrap().to_path_buf()));
        places.push(folder_of("cargo"));
        let places: Vec<String> = places
            .iter()
            .map(|place| place.display().to_string())
            .chain(["/usr/local/bin:/usr/bin:/bin".to_owned()])
            .collect();
        Self {
            path: places.join(":"),
            python,
            folder,
        }
    }

    fn path(&self, relative: &str) -> PathBuf {
        self.folder.path().join(relative)
    }

    /// A shell that runs `block` as it stands, but for the hosts.
    fn shell(&self, block: &str, hosts: &Hosts, tag: &str) -> Command {
        let text = block
            .replace(&hosts.pages, &hosts.url)
            .replace(
                &hosts.forge,
                &format!("file://{}", support::forge().display()),
            )
            .replace("v0.1.0", tag);
        let mut shell = bare("sh", self.folder.path());
        shell.args(["-e", "-u", "-c", &text]);
        support::with_compiled(&mut shell);
        let name = product_name().to_uppercase();
        shell
            .env("PATH", &self.path)
            .env(
                format!("{name}_DOWNLOAD_URL"),
                format!("{}/{tag}", hosts.url),
            )
            .env("PIP_INDEX_URL", format!("{}/simple/", hosts.url))
            .env("UV_DEFAULT_INDEX", format!("{}/simple/", hosts.url))
            .env_remove("PIP_FIND_LINKS")
            .env("UV_PYTHON_DOWNLOADS", "never")
            .env("PIPX_DEFAULT_PYTHON", &self.python)
            .env("CARGO_INSTALL_ROOT", self.path(".cargo-install"));
        shell
    }
}

/// The folder of a command of this machine.
fn folder_of(command: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .find(|folder| folder.join(command).is_file())
        .unwrap_or_else(|| panic!("{command} is not on the path"))
}

fn hosts(shipped: &Shipped, served: &Served) -> Hosts {
    let manifest = support::json(&shipped.file("/dist-manifest.json"));
    let hosting = &manifest["releases"][0]["hosting"];
    let downloads = hosting["simple"]["download_url"].as_str().unwrap();
    let github = &hosting["github"];
    Hosts {
        pages: downloads.rsplit_once('/').unwrap().0.to_owned(),
        forge: format!(
            "{}/{}/{}",
            github["artifact_base_url"].as_str().unwrap(),
            github["owner"].as_str().unwrap(),
            github["repo"].as_str().unwrap()
        ),
        url: served.url.clone(),
    }
}

/// Runs the commands of every section of `document` that is about installing;
/// gives back the commands that were run and the blocks left out.
fn run(document: &Path, wanted: impl Fn(&str) -> bool) -> (Vec<String>, Vec<String>) {
    let shipped = product();
    let served = Served::new(&shipped.site);
    let hosts = hosts(shipped, &served);
    let tag = format!("v{}", shipped.version());
    let (mut ran, mut left_out) = (Vec::new(), Vec::new());
    for section in sections(document) {
        if !wanted(&section.title) {
            continue;
        }
        if section.blocks.is_empty() {
            continue;
        }
        let home = Home::new();
        for block in &section.blocks {
            if block.lines().any(|line| line.starts_with("brew ")) {
                left_out.push(block.clone());
                continue;
            }
            let output = home.shell(block, &hosts, &tag).output().unwrap();
            assert!(
                output.status.success(),
                "{}: in section `{}` this fails:\n{block}\n{}{}",
                document.display(),
                section.title,
                text(&output.stdout),
                text(&output.stderr)
            );
            ran.extend(block.lines().map(str::to_owned));
        }
        assert_removed(&home, &section);
    }
    (ran, left_out)
}

/// Where a section tells how to uninstall, nothing that starts by itself or
/// answers to the command's name is left afterwards.
fn assert_removed(home: &Home, section: &Section) {
    if !section
        .blocks
        .iter()
        .any(|block| block.contains("uninstall"))
    {
        return;
    }
    let name = product_name();
    let mut find = home_shell(home);
    find.args(["-c", &format!("command -v {name} || echo gone")]);
    assert_eq!(done(&mut find), "gone\n", "{}", section.title);
    for file in [".profile", ".bashrc", ".bash_profile", ".zshrc", ".zshenv"] {
        let text = fs::read_to_string(home.path(file)).unwrap_or_default();
        assert!(!text.contains(name), "{file} still names it: {text}");
    }
    for folder in [
        ".config",
        ".local/bin",
        ".local/share/uv",
        ".local/share/pipx",
    ] {
        let left: Vec<_> = Some(home.path(folder))
            .filter(|folder| folder.exists())
            .map(|folder| support::tree(&folder))
            .unwrap_or_default()
            .into_iter()
            .filter(|(path, _, _)| path.to_string_lossy().contains(name))
            // pipx keeps an empty lock for every name it ever saw.
            .filter(|(path, _, _)| !path.ends_with(format!("venvs/.{name}.lock")))
            .collect();
        assert_eq!(left, [], "{folder} in {}", section.title);
    }
}

/// As the script leaves them where `XDG_CONFIG_HOME` and `ZDOTDIR` are set.
#[test]
fn uninstalling_finds_a_configuration_elsewhere_and_keeps_links() {
    let page = workspace().join("docs/install.md");
    let blocks = sections(&page).into_iter().flat_map(|it| it.blocks);
    let block = blocks
        .into_iter()
        .find(|block| block.contains("rm -rf ~/.local/bin/.auditgraph"))
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    let config = home.join("my config/auditgraph");
    for folder in [&config, &home.join("zsh"), &home.join("dot")] {
        fs::create_dir_all(folder).unwrap();
    }
    let line = format!(". \"{}/env.sh\"\n", config.display());
    for (file, text) in [
        ("dot/bashrc", format!("{OWN}{line}")),
        ("zsh/.zshrc", format!("{line}{OWN}")),
        (".profile", line.clone()),
        (".bash_login", OWN.to_owned()),
    ] {
        fs::write(home.join(file), text).unwrap();
    }
    symlink("dot/bashrc", home.join(".bashrc")).unwrap();
    for file in ["auditgraph-receipt.json", "env.sh", "env.fish"] {
        fs::write(config.join(file), "").unwrap();
    }
    fs::write(config.join("config.toml"), "").unwrap();
    let mut shell = bare("sh", home);
    shell
        .args(["-e", "-u", "-c", &block])
        .env("XDG_CONFIG_HOME", home.join("my config"))
        .env("ZDOTDIR", home.join("zsh"));
    done(&mut shell);
    for (file, text) in [
        ("dot/bashrc", OWN),
        (".bashrc", OWN),
        ("zsh/.zshrc", OWN),
        (".profile", ""),
        (".bash_login", OWN),
    ] {
        assert_eq!(fs::read_to_string(home.join(file)).unwrap(), text, "{file}");
    }
    assert!(home.join(".bashrc").is_symlink());
    let left = |folder: &Path| fs::read_dir(folder).unwrap().count();
    assert_eq!((left(&config), left(&home.join("dot"))), (1, 1));
}

fn home_shell(home: &Home) -> Command {
    let mut shell = bare("sh", home.folder.path());
    shell.env("PATH", &home.path);
    shell
}

#[test]
fn every_command_of_the_install_page_works_as_shown() {
    let page = workspace().join("docs/install.md");
    let (ran, left_out) = run(&page, |_| true);
    for door in [
        "curl ",
        ".venv/bin/pip install",
        "uv tool install",
        "pipx install",
        "cargo install",
    ] {
        assert!(
            ran.iter().any(|line| line.contains(door)),
            "no `{door}` in {ran:#?}"
        );
    }
    assert!(!left_out.is_empty());
    for block in &left_out {
        let commands = block.trim().replace('\n', "; ");
        support::left_out(&format!("Homebrew, for `{commands}`"));
    }
    // Nothing hides behind Homebrew.
    for line in left_out.iter().flat_map(|block| block.lines()) {
        assert!(line.starts_with("brew "), "{line}");
    }
}

#[test]
fn every_install_command_of_the_readme_works_as_shown() {
    let (ran, left_out) = run(&workspace().join("README.md"), |title| title == "Install");
    assert!(ran.iter().any(|line| line.starts_with("curl ")), "{ran:?}");
    assert!(
        ran.iter().any(|line| line.starts_with("pip install ")),
        "{ran:?}"
    );
    assert_eq!(left_out.len(), 1, "{left_out:?}");
}

/// First words of commands that install, upgrade or remove.
const INSTALLERS: [&str; 7] = [
    "curl ",
    "pip ",
    "uv tool ",
    "pipx ",
    "cargo install ",
    "cargo uninstall ",
    "brew ",
];

#[test]
fn commands_in_running_text_are_those_of_the_blocks() {
    let (mut known, mut shown) = (String::new(), Vec::new());
    for page in ["README.md", "docs/install.md"] {
        let page = workspace().join(page);
        known.extend(
            sections(&page)
                .into_iter()
                .flat_map(|section| section.blocks),
        );
        // In a table, a bar is written with a backslash.
        let text = fs::read_to_string(&page).unwrap().replace("\\|", "|");
        let code = text.split('`').skip(1).step_by(2);
        shown.extend(
            code.filter(|code| INSTALLERS.iter().any(|word| code.starts_with(word)))
                .map(str::to_owned),
        );
    }
    assert!(!shown.is_empty());
    for code in shown {
        assert!(
            known.contains(&code),
            "`{code}` is in no block, so no test runs it"
        );
    }
}
