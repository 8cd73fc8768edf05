//! What holds for every command.

use std::process::Stdio;

use crate::support::{Outcome, Sandbox};

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

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let sandbox = Sandbox::empty();
    let mut command = sandbox.command(&["completions", "bash"]);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
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
    // JSON is for programs.
    assert!(!coloured(&["version", "--json", "--color", "always"], &[]));
}
