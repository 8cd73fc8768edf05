//! What holds for every command.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Stdio;

use crate::support::{NOTES, Outcome, Sandbox};

fn names() -> Vec<String> {
    auditgraph::cli::command()
        .get_subcommands()
        .map(|command| command.get_name().to_owned())
        .collect()
}

#[test]
fn help_lists_every_exit_code() {
    let outcome = Sandbox::empty().run(&["--help"]).done();
    for exit in auditgraph::cli::Exit::ALL {
        assert!(outcome.stdout.contains(&format!("  {:<3} ", exit.code())));
        assert!(outcome.stdout.contains(exit.meaning()));
    }
}

#[test]
fn every_command_has_help_with_examples_and_the_global_options() {
    let sandbox = Sandbox::empty();
    for name in names() {
        let help = sandbox.run(&[&name, "--help"]).done();
        for text in ["Examples:", "--root <DIR>", "--profile <NAME>", "--json"] {
            assert!(help.stdout.contains(text), "{name}: {text}");
        }
    }
}

#[test]
fn arguments_that_make_no_sense_are_told_in_both_languages() {
    let sandbox = Sandbox::empty();
    for arguments in [&["--bogus"][..], &["version", "x"], &["nonsense"]] {
        let outcome = sandbox.run(arguments).exits(2).says("error: ");
        let outcome = outcome.says("\nnext: auditgraph ");
        assert_eq!(outcome.stdout, "");
        let mut json = arguments.to_vec();
        json.push("--json");
        let document = sandbox.run(&json).exits(2).document("error");
        assert_eq!(document["error"]["kind"], "usage");
        assert_eq!(document["error"]["exit_code"], 2);
    }
    sandbox
        .run(&["version", "--profile", "../../etc"])
        .exits(2)
        .says("not a profile name");
}

/// Runs a command whose standard output nobody reads: its exit code, and
/// what it says.
fn unread(sandbox: &Sandbox, arguments: &[&str]) -> (Option<i32>, String) {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = sandbox.command(arguments);
    let output = command
        .stdout(writer)
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), said)
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let sandbox = Sandbox::empty();
    let ended = unread(&sandbox, &["completions", "bash"]);
    assert_eq!(ended, (Some(0), String::new()));
}

#[test]
fn a_reader_that_goes_away_hides_no_exit_code() {
    let sandbox = Sandbox::with(NOTES);
    sandbox.write("auditgraph.toml", "[budget]\nmax_bytes = 1000\n");
    assert_eq!(unread(&sandbox, &["ingest", "--dry-run"]).0, Some(4));
    sandbox.write("auditgraph.toml", "");
    sandbox.run(&["ingest"]).done();
    sandbox.write("plan.md", "# Changed\n");
    for arguments in [&["verify"][..], &["verify", "--json"]] {
        assert_eq!(unread(&sandbox, arguments).0, Some(5));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_standard_output_does_not_hide_what_was_done() {
    let full = std::fs::File::options().write(true).open("/dev/full");
    let full = full.unwrap();
    let sandbox = Sandbox::with(NOTES);
    let mut command = sandbox.command(&["ingest"]);
    let output = command.stdout(full).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("is current now all the same"), "{said}");
    sandbox.run(&["query", "beacon"]).done().shows("plan.md:3");
}

#[test]
fn help_is_what_a_command_says_of_itself() {
    let sandbox = Sandbox::empty();
    for command in [&[][..], &["query"], &["help"], &["workspaces", "add"]] {
        let asked = sandbox.run(&[command, &["--help"]].concat()).done().stdout;
        let arguments = [&["help"], command].concat();
        assert_eq!(sandbox.run(&arguments).done().stdout, asked);
        let json = sandbox.run(&[&arguments[..], &["--json"]].concat()).done();
        assert_eq!(json.document("help")["help"], asked);
    }
    sandbox
        .run(&["help", "workspaces", "nonsense"])
        .exits(2)
        .says("no command is called \"workspaces nonsense\"");
}

#[cfg(target_os = "linux")]
#[test]
fn help_that_cannot_be_written_is_a_failure() {
    let sandbox = Sandbox::empty();
    for arguments in [&["--help"][..], &["help", "query"], &["--version"]] {
        let full = std::fs::File::options().write(true).open("/dev/full");
        let full = full.unwrap();
        let mut command = sandbox.command(arguments);
        let output = command.stdout(full).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(said.contains("cannot write to standard output"), "{said}");
        assert!(
            said.contains("next: make room where standard output goes"),
            "{said}"
        );
        assert_eq!(unread(&sandbox, arguments), (Some(0), String::new()));
    }
}

#[test]
fn a_refusal_names_the_help_of_the_command_and_what_was_meant() {
    let sandbox = Sandbox::empty();
    sandbox
        .run(&["qury"])
        .exits(2)
        .says("error: unrecognized subcommand 'qury'\n")
        .says("  a similar subcommand exists: 'query'\n")
        .says("next: auditgraph --help\n");
    sandbox
        .run(&["workspaces", "forget"])
        .exits(2)
        .says("next: auditgraph workspaces forget --help\n");
    sandbox
        .run(&["query"])
        .exits(2)
        .says("error: the following required arguments were not provided: <QUERY>...\n")
        .says("  usage: auditgraph query <QUERY>...\n")
        .says("next: auditgraph query --help\n");
    sandbox
        .run(&["list", "--limit", "x"])
        .exits(2)
        .says("next: auditgraph list --help\n");
    let document = sandbox.run(&["list", "--type", "tags", "--json"]);
    let document = document.exits(2).document("error");
    assert_eq!(document["error"]["why"], "a similar value exists: 'tag'");
    assert_eq!(document["error"]["hint"], "auditgraph list --help");
}

#[test]
fn colours_follow_the_option_then_the_environment() {
    let sandbox = Sandbox::empty();
    let coloured = |arguments: &[&str], environment: &[(&str, &str)]| {
        let mut command = sandbox.command(arguments);
        command.envs(environment.iter().copied());
        Outcome::of(&mut command).done().stdout.contains('\x1b')
    };
    assert!(!coloured(&["version"], &[]));
    assert!(coloured(&["version", "--color", "always"], &[]));
    assert!(coloured(&["version"], &[("CLICOLOR_FORCE", "1")]));
    assert!(!coloured(
        &["version"],
        &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]
    ));
    assert!(!coloured(
        &["version", "--color", "never"],
        &[("CLICOLOR_FORCE", "1")]
    ));
    // Help and refusals too.
    assert!(!coloured(&["--help"], &[]));
    assert!(coloured(&["runs", "--help", "--color", "always"], &[]));
    assert!(coloured(&["--color=always", "help"], &[]));
    let forced = &[("CLICOLOR_FORCE", "1")][..];
    assert!(!coloured(&["--help", "--color", "never"], forced));
    let refused = sandbox.run(&["--bogus", "--color", "always"]).exits(2);
    assert!(refused.stderr.contains('\x1b'), "{refused:?}");
    // JSON is for programs.
    assert!(!coloured(&["version", "--json", "--color", "always"], &[]));
}

/// The examples that a test can run as they stand: those of commands that
/// need no network and no pipe.
fn examples(help: &str) -> Vec<String> {
    let (_, examples) = help.split_once("Examples:\n").unwrap();
    examples
        .lines()
        .take_while(|line| line.starts_with("  auditgraph "))
        .map(|line| line.trim().rsplit_once("  # ").unwrap().0.trim().to_owned())
        .filter(|line| !line.contains(" | "))
        .collect()
}

#[test]
fn every_example_of_every_help_runs() {
    let bin = std::path::Path::new(env!("CARGO_BIN_EXE_auditgraph"));
    let network = ["self-update", "preflight"];
    let mut ran = 0;
    for name in names()
        .iter()
        .filter(|name| !network.contains(&name.as_str()))
    {
        let sandbox = match name.as_str() {
            "init" => Sandbox::empty(),
            _ => Sandbox::with(&[
                (
                    "notes/plan.md",
                    "# Plan\n\nThe release plan. #release #team\n\n## Next\n\nSteps.\n\n- one\n- two\n- three\n- four\n- five\n- six\n",
                ),
                ("docs/a.md", "# Planning\n\nSee [it](../notes/plan.md).\n"),
            ]),
        };
        if name != "init" {
            sandbox.run(&["ingest"]).done();
            sandbox.write("docs/a.md", "# Planning\n\nChanged.\n");
            sandbox.run(&["ingest"]).done();
        }
        if name == "workspaces" {
            sandbox.write("notes/auditgraph.toml", "");
        }
        let help = sandbox.run(&[name, "--help"]).done().stdout;
        for line in examples(&help) {
            let mut shell = std::process::Command::new("sh");
            shell
                .args(["-c", &line])
                .current_dir(sandbox.root())
                .env_clear()
                .env("HOME", sandbox.home())
                .env(
                    "PATH",
                    format!("{}:/usr/bin:/bin", bin.parent().unwrap().display()),
                );
            Outcome::of(&mut shell).done();
            ran += 1;
        }
    }
    assert!(ran > 25, "{ran} examples");
}

/// The page that documents the JSON output names every schema there is.
#[test]
fn every_schema_is_documented() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("docs/json-output.md")).unwrap();
    for entry in std::fs::read_dir(root.join("schemas")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(page.contains(&format!("`schemas/{name}`")), "{name}");
    }
    for named in page.split("`schemas/").skip(1) {
        let name = named.split('`').next().unwrap();
        assert!(root.join("schemas").join(name).is_file(), "{name}");
    }
    for name in names() {
        assert!(
            page.contains(&format!("| `{name}"))
                || page.contains(&format!("`{name} "))
                || page.contains(&format!("`{name}`")),
            "{name}"
        );
    }
}

#[test]
fn whatever_is_asked_wrongly_there_is_a_next_step() {
    let sandbox = Sandbox::ingested();
    let elsewhere = Sandbox::with(&[
        (".pkg", ""),
        ("sub/auditgraph.toml", "[search]\nlimit = 0\n"),
    ]);
    for arguments in [&["ingest"][..], &["status", "--root", "sub"]] {
        elsewhere.run(arguments).says("\nnext: ");
    }
    for arguments in [
        &["gc", "--keep", "0"][..],
        &["gc", "--run", "current"],
        &["query", "beacon", "--path", "["],
        &["export", "--output", "nowhere/x.json"],
        &["export", "--output", "plan.md/x.json"],
        &["workspaces", "add", "nowhere"],
        &["init", "plan.md"],
        &["status", "--root", "plan.md"],
        &["status", "--root", "nowhere"],
    ] {
        let outcome = sandbox.run(arguments);
        assert!(outcome.code != 0, "{outcome:?}");
        outcome.says("\nnext: ");
    }
}

/// Every `Exit::Code, "kind"` of the command line's source.
fn kinds_in(folder: &Path, kinds: &mut BTreeSet<(String, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            kinds_in(&path, kinds);
            continue;
        }
        let text = std::fs::read_to_string(path).unwrap();
        for after in text.split("Exit::").skip(1) {
            let mut words = after.splitn(2, ',').map(str::trim);
            let (exit, rest) = (words.next().unwrap(), words.next().unwrap_or_default());
            let code = auditgraph::cli::Exit::ALL
                .into_iter()
                .find(|code| format!("{code:?}") == exit);
            let kind = rest.strip_prefix('"').and_then(|it| it.split_once('"'));
            if let (Some(code), Some((kind, _))) = (code, kind) {
                kinds.insert((kind.to_owned(), code.code().to_string()));
            }
        }
    }
}

#[test]
fn every_kind_of_error_is_documented_with_its_exit_code() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut coded = BTreeSet::new();
    kinds_in(&root.join("src/cli"), &mut coded);
    assert!(coded.len() > 30, "{coded:?}");
    let page = std::fs::read_to_string(root.join("docs/json-output.md")).unwrap();
    let (_, errors) = page.split_once("## Errors").unwrap();
    let mut documented = BTreeSet::new();
    for row in errors.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let kinds = cells[1].split(", ").map(|kind| kind.trim_matches('`'));
        documented.extend(kinds.map(|kind| (kind.to_owned(), cells[2].to_owned())));
    }
    documented.retain(|(kind, _)| kind != "kind");
    assert_eq!(documented, coded);
}

#[test]
fn a_document_tells_all_that_is_wrong_with_the_arguments() {
    let sandbox = Sandbox::empty();
    let message = |arguments: &[&str]| {
        let document = sandbox.run(arguments).exits(2).document("error");
        document["error"]["message"].as_str().unwrap().to_owned()
    };
    let missing = message(&["query", "--json"]);
    assert_eq!(
        missing,
        "the following required arguments were not provided: <QUERY>..."
    );
    let unknown = message(&["list", "--type", "tags", "--json"]);
    assert!(unknown.contains("possible values: document"), "{unknown}");
    assert!(!unknown.contains('\n'), "{unknown}");
}

#[test]
fn a_workspace_whose_name_is_not_utf8_works() {
    use std::os::unix::ffi::OsStrExt;
    let sandbox = Sandbox::empty();
    let root = sandbox.root().join(std::ffi::OsStr::from_bytes(b"caf\xe9"));
    // Some file systems have no such names.
    if std::fs::create_dir(&root).is_err() {
        return;
    }
    for (arguments, schema) in [
        (&["init", "--json"][..], "init"),
        (&["ingest", "--json"], "ingest"),
        (&["status", "--json"], "status"),
        (&["export", "--json", "--output", "x.json"], "exported"),
    ] {
        let mut command = sandbox.command(arguments);
        command.current_dir(&root);
        Outcome::of(&mut command).done().document(schema);
    }
}
