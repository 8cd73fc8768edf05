//! Steps of the release workflows, run here as a runner would, on a site made up
//! for it. What a forge alone can do is played by a program that does nothing.
#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use support::{done, release, tiny_project};

/// The script of a step.
fn script(workflow: &str, step: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let text = fs::read_to_string(root.join(".github/workflows").join(workflow)).unwrap();
    let mut lines = text
        .lines()
        .skip_while(|line| line.trim() != format!("- name: {step}"))
        .skip(1)
        .take_while(|line| !line.trim().starts_with("- "))
        .skip_while(|line| !line.trim().starts_with("run:"));
    let first = lines.next().unwrap().trim().trim_start_matches("run:");
    match first.trim() {
        "|" => lines
            // As far as it is indented deeper than `run:`.
            .take_while(|line| line.is_empty() || line.starts_with("          "))
            .map(|line| format!("{}\n", line.trim()))
            .collect(),
        line => line.to_owned(),
    }
}

struct Runner {
    directory: tempfile::TempDir,
}

impl Runner {
    fn new() -> Self {
        let runner = Self {
            directory: tempfile::tempdir().unwrap(),
        };
        runner.program("gh", "");
        runner
    }

    /// Puts a program first on the path. Written by a child: one that another test
    /// starts would have it open as well, and it could not be run.
    fn program(&self, name: &str, text: &str) {
        let write =
            "mkdir -p bin && printf '#!/bin/sh\\n%s\\n' \"$1\" > \"bin/$0\" && chmod +x \"bin/$0\"";
        let mut sh = Command::new("sh");
        sh.current_dir(self.directory.path());
        done(sh.args(["-c", write, name, text]));
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Runs `script` as the release of `tag`.
    fn run(&self, script: &str, tag: &str) -> Output {
        let path = std::env::var("PATH").unwrap();
        Command::new("bash")
            .args(["-e", "-c", script])
            .current_dir(self.directory.path())
            .env("PATH", format!("{}:{path}", self.path("bin").display()))
            .env("PLAN", format!(r#"{{"announcement_tag":"{tag}"}}"#))
            .env("TAG", tag)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .output()
            .unwrap()
    }

    /// As [`Self::run`]; gives what was printed.
    fn done(&self, script: &str, tag: &str) -> String {
        let output = self.run(script, tag);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{script}\n{said}{error}");
        said
    }

    fn names(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(folder)).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

#[test]
fn the_source_distribution_goes_along_whatever_its_version_is_called() {
    for (tag, sdist) in [
        ("v1.2.0", "small-1.2.0.tar.gz"),
        ("v1.2.0-rc.1", "small-1.2.0rc1.tar.gz"),
    ] {
        let runner = Runner::new();
        for name in ["install.sh", sdist, "small-any.whl", "small-linux.tar.gz"] {
            runner.write(&format!("site/{tag}/{name}"), name);
        }
        runner.write("site/homebrew/Formula/small.rb", "");
        let marker = format!(
            r#"{{"releases":[{{"tag":"v1.1.0","artifacts":[{{"kind":"sdist","path":"gone"}}]}},
                {{"tag":"{tag}","artifacts":[{{"kind":"archive","path":"{tag}/small-linux.tar.gz"}},
                {{"kind":"sdist","path":"{tag}/{sdist}"}}]}}]}}"#
        );
        runner.write("site/site.json", &marker);
        let pick = "Pick what goes to the forge besides dist's own files";
        runner.done(&script("assemble-site.yml", pick), tag);
        assert_eq!(runner.names("upload"), ["install.sh", sdist, "small.rb"]);
        let pick = "Pick the wheels and the source distribution";
        runner.done(&script("upload-pypi.yml", pick), tag);
        assert_eq!(runner.names("dist"), [sdist, "small-any.whl"]);
    }
}

#[test]
fn an_upload_is_waited_for_though_a_question_goes_unanswered() {
    let wait = script("publish-pypi.yml", "Ask for the upload, and wait for it");
    let ends = |started: &str, conclusion: &str| {
        let runner = Runner::new();
        runner.program("sleep", "");
        let gh = format!(
            r#"case "$1 $2" in
                "run list") echo '[{{"databaseId":7,"displayTitle":"{started} to PyPI, for run , attempt "}}]' ;;
                "run view")
                    echo asked >> asked
                    case "$(wc -l < asked)" in *1) exit 1 ;; *2) echo ;; *) echo {conclusion} ;; esac
                    ;;
            esac"#
        );
        runner.program("gh", &gh);
        runner.run(&wait, "v1.2.0").status.success()
    };
    assert!(ends("v1.2.0", "success"));
    assert!(!ends("v1.2.0", "failure"));
    assert!(!ends("v1.1.0", "success"));
}

#[test]
fn what_no_release_made_is_not_uploaded() {
    let see = script("upload-pypi.yml", "See that the run is a release");
    for (is, good) in [
        ("Release push v1.2.0", true),
        ("Release push v1.1.0", false),
        ("Release pull_request v1.2.0", false),
        ("CI push v1.2.0", false),
    ] {
        let runner = Runner::new();
        runner.program("gh", &format!("echo '{is}'"));
        let output = runner.run(&see, "v1.2.0");
        assert_eq!(output.status.success(), good, "{is}");
    }
}

/// Makes `site` from the branch as it is now, with a release more, and then
/// what the publish job finds.
fn assemble(runner: &Runner, tag: &str) {
    runner.done(
        "rm -rf site && git clone --quiet --branch site origin site",
        tag,
    );
    let note = script("assemble-site.yml", "Note what the site was assembled on");
    runner.write(&format!("site/{tag}/install.sh"), tag);
    runner.write("site/site.json", tag);
    runner.write("site/metadata/timestamp.json", "as assembled");
    runner.done(&note, tag);
    runner.done(
        "rm -rf release && mv site release && rm -rf release/.git",
        tag,
    );
}

fn publish(runner: &Runner, tag: &str) -> Output {
    runner.done(
        "rm -rf branch && git clone --quiet --branch site origin branch",
        tag,
    );
    runner.run(&script("publish-site.yml", "Commit"), tag)
}

const COMMIT: &str = "git add --all && git -c user.name=a -c user.email=a@b commit --quiet -m x \
                      && git push --quiet origin HEAD:site";

#[test]
fn a_site_is_published_over_nothing_that_came_after_it_was_assembled() {
    let runner = Runner::new();
    runner.done(
        "git init --quiet --bare origin && git clone --quiet origin first",
        "",
    );
    runner.write("first/metadata/timestamp.json", "first");
    runner.done(&format!("cd first && {COMMIT}"), "");
    let on_branch = |name: &str| runner.done(&format!("git -C origin show site:{name}"), "");

    // Metadata signed meanwhile is no reason to stop, and stays.
    assemble(&runner, "v1.0.0");
    runner.write("first/metadata/timestamp.json", "later");
    runner.done(&format!("cd first && {COMMIT}"), "");
    assert!(publish(&runner, "v1.0.0").status.success());
    assert_eq!(on_branch("site.json"), "v1.0.0");
    assert_eq!(on_branch("metadata/timestamp.json"), "later");
    assert!(
        !runner
            .done("git -C origin ls-tree site", "")
            .contains("assembled-on")
    );

    // A job that runs again after it has published.
    runner.done("mv .assembled-on release/", "");
    assert!(publish(&runner, "v1.0.0").status.success());

    // Another release was published since this one was assembled.
    assemble(&runner, "v1.0.1");
    runner.done("mv release waiting", "");
    assemble(&runner, "v1.1.0");
    assert!(publish(&runner, "v1.1.0").status.success());
    runner.done("rm -rf release && mv waiting release", "");
    let refused = publish(&runner, "v1.0.1");
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stdout).contains("::error::the site has changed"));
    assert_eq!(on_branch("site.json"), "v1.1.0");
}

#[test]
fn metadata_that_was_signed_is_published_whatever_else_clients_refuse() {
    let folder = tempfile::tempdir().unwrap();
    let project = tiny_project(&folder.path().join("pocket"));
    let settings = project.join("release.toml");
    let text = fs::read_to_string(&settings).unwrap();
    let repository = "\n[repository]\nroot = \"root.json\"\nroot-keys = 1\nroot-threshold = 1\n\
                      root-variable = \"POCKET_ROOT\"\nchannel = \"stable\"\n\
                      days = { root = 365, targets = 0, snapshot = 90, timestamp = 90 }\n";
    fs::write(&settings, text + repository).unwrap();
    let site = folder.path().join("site");
    let keys = |name: &str| folder.path().join(name);
    let repository = |command: &str| {
        let mut repository = release(&project);
        repository
            .args(["repository", command, "--site"])
            .arg(&site);
        repository
    };
    let mut init = repository("init");
    init.arg("--keys").arg(keys("offline"));
    init.arg("--online-keys").arg(keys("online"));
    init.output().unwrap();
    // The targets expire at once, and the key that renews them is not online.
    let said = || String::from_utf8(repository("status").output().unwrap().stderr).unwrap();
    while !said().contains("(expired)") {}
    // The job goes on to commit; that it looks as well, and tells, is a step of its own.
    done(repository("refresh").arg("--keys").arg(keys("online")));
    let metadata = fs::read_dir(site.join("metadata")).unwrap();
    let names = metadata.map(|entry| entry.unwrap().file_name());
    assert!(names.into_iter().any(|name| name == "2.snapshot.json"));
    assert_eq!(
        repository("status").output().unwrap().status.code(),
        Some(1)
    );
}
