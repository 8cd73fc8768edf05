//! The checks, in the order in which they run.
//!
//! To add one: a few lines in the list it belongs to. Its tools are named in
//! `installers/release.toml`. A test that needs more than Rust needs no line
//! here: its manifest says `test = false` and, in
//! `[package.metadata.tool-tests]`, which tools; one whose name starts with
//! `bench_` measures time. Order matters for time alone:
//! quick checks come first, and checks that share build results stand side by
//! side.

use std::process::Command;

use super::check::{Check, Context, Outcome};
use super::tracked::tracked;
use super::{formula, links, workflows};
use crate::project::{Project, TestTarget};

/// The test target that runs the fuzz targets on stable Rust.
const FUZZ: &str = "fuzz";
/// The test target that compiles a release in a folder of its own. It and those
/// of the product, which do not use what the release tool compiles, run beside
/// the others.
const BESIDE: &str = "reproducible";
/// Mutations that each fuzz target gets here: half a minute in all.
const FUZZ_CASES: &str = "20000";

/// Every check of this project.
pub(crate) fn checks(project: &Project) -> Vec<Check> {
    let mut checks = text();
    checks.extend(lints());
    checks.extend(plain_tests(project));
    // From here on tools are needed that take minutes to build.
    checks.extend(formula::checks());
    checks.extend(workflows::checks());
    checks.push(deny());
    let with_tools = project.tests.iter().filter(|test| !test.plain);
    let mut tests: Vec<Check> = with_tools.map(|test| tool_test(project, test)).collect();
    // What measures comes last: where time is short, it is what can be missed.
    tests.sort_by_key(|test| (test.alone, !test.beside));
    let others = tests.iter().position(|test| !test.beside);
    let others = tests.split_off(others.unwrap_or(tests.len()));
    checks.extend(tests);
    checks.push(demo());
    checks.extend(others);
    checks
}

/// Checks that compile nothing.
fn text() -> Vec<Check> {
    vec![
        Check::commands("fmt", "all code is formatted", |context| {
            Ok(vec![context.cargo(&["fmt", "--all", "--check"])])
        }),
        Check::commands("typos", "no word is misspelt", |context| {
            Ok(vec![context.tool("typos", &[])?])
        })
        .needing(["typos"]),
        Check::call(
            "links",
            "every link between our own documents leads somewhere",
            |context, log| links::check(&context.project.root, log),
        ),
        Check::call(
            "shellcheck",
            "no shell script has a known mistake",
            |context, log| {
                let scripts = shell_scripts(context)?;
                if scripts.is_empty() {
                    return Ok(Outcome::Skipped("there is no shell script".into()));
                }
                let mut command = context.tool("shellcheck", &["--"])?;
                command.args(scripts);
                Ok(log
                    .expect_success(&mut command)?
                    .map_or(Outcome::Passed, Outcome::Failed))
            },
        )
        .needing(["shellcheck"]),
    ]
}

fn lints() -> Vec<Check> {
    vec![
        Check::commands("clippy", "no lint warns, in any target", |context| {
            let mut all = vec![
                context.cargo(&["clippy", "--workspace", "--all-targets", "--locked"]),
                // `--all-targets` leaves out the tests that need more than Rust.
                context.cargo(&["clippy", "--workspace", "--test", "*", "--locked"]),
                context.cargo(&["clippy", "--workspace", "--no-default-features", "--locked"]),
            ];
            for command in &mut all {
                command.args(["--", "--deny", "warnings"]);
            }
            Ok(all)
        }),
        Check::commands(
            "rustdoc",
            "the documentation of the code has no warning",
            |context| {
                let mut command = context.cargo(&["doc", "--workspace", "--no-deps", "--locked"]);
                command.env("RUSTDOCFLAGS", "--deny warnings");
                Ok(vec![command])
            },
        ),
    ]
}

/// Tests that need nothing but Rust.
fn plain_tests(project: &Project) -> Vec<Check> {
    const TEST: [&str; 4] = ["test", "--workspace", "--locked", "--no-fail-fast"];
    let with = |context: &Context<'_>, more: &[&str]| -> Command {
        let mut command = context.cargo(&TEST);
        command.args(more);
        command
    };
    let plain = project.tests.iter().filter(|test| test.plain);
    let plain: Vec<TestTarget> = plain.cloned().collect();
    let mut checks = vec![
        Check::commands(
            "build",
            "everything that the tests run compiles",
            move |context| Ok(vec![with(context, &["--no-run"])]),
        ),
        Check::commands("unit", "unit tests pass", move |context| {
            Ok(vec![with(context, &["--lib", "--bins"])])
        }),
        Check::commands(
            "doctest",
            "the examples in the documentation of the code work",
            move |context| Ok(vec![with(context, &["--doc"])]),
        ),
    ];
    if !plain.is_empty() {
        checks.push(Check::commands(
            "integration",
            "integration tests pass",
            move |context| {
                let mut command = with(context, &[]);
                for test in &plain {
                    command.args(["--test", &test.name]);
                }
                Ok(vec![command])
            },
        ));
    }
    if project.tests.iter().any(|test| test.name == FUZZ) {
        checks.push(Check::commands(
            "fuzz",
            "readers of untrusted bytes stand many thousand mutations",
            |context| {
                let mut command =
                    context.cargo(&["test", "--workspace", "--locked", "--test", FUZZ]);
                command.env("FUZZ_CASES", FUZZ_CASES);
                Ok(vec![command])
            },
        ));
    }
    checks
}

/// A test that needs more than Rust. It is built with the whole workspace, as
/// the others are: by itself its dependencies would be compiled once more.
fn tool_test(project: &Project, test: &TestTarget) -> Check {
    let test = test.clone();
    let needs = test.needs.clone();
    let about = if test.about.is_empty() {
        "an integration test that needs more than Rust"
    } else {
        &test.about
    };
    let alone = test.name.starts_with("bench_");
    let beside = test.package == project.package || test.name == BESIDE;
    let check = Check::commands(test.name.clone(), about.to_owned(), move |context| {
        let mut args = vec![
            "test",
            "--workspace",
            "--locked",
            "--no-fail-fast",
            "--test",
            &test.name,
        ];
        if alone {
            // Its figures are what it is run for.
            args.extend(["--", "--nocapture"]);
        }
        Ok(vec![context.cargo_with(&test.needs, &args)?])
    })
    .needing(needs);
    if alone {
        check.alone()
    } else if beside {
        check.beside()
    } else {
        check
    }
}

fn demo() -> Check {
    Check::commands("demo", "the demo runs to its end", |context| {
        Ok(vec![context.cargo(&["demo"])])
    })
    // What it makes a release with: here, so that their building is not its time.
    .needing([
        "cargo-auditable",
        "cargo-cyclonedx",
        "cargo-dist",
        "cargo-zigbuild",
        "curl",
        "nginx-light",
        "openssl",
    ])
}

fn deny() -> Check {
    let proves = "licences and sources of dependencies are as agreed";
    Check::commands("deny", proves, |context| {
        let what = ["check", "licenses", "bans", "sources"];
        Ok(vec![context.tool("cargo-deny", &what)?])
    })
    .needing(["cargo-deny"])
}

/// The tracked files that a POSIX shell or bash runs, by their first line.
/// What stands among sources is a part of a script that the tool composes; it
/// is checked when whole.
fn shell_scripts(context: &Context<'_>) -> std::io::Result<Vec<String>> {
    let root = &context.project.root;
    let is_script = |path: &String| {
        if path.contains("/src/") {
            return false;
        }
        let text = std::fs::read_to_string(root.join(path)).unwrap_or_default();
        let first = text.lines().next().unwrap_or_default();
        first.starts_with("#!") && (first.ends_with("sh") || first.contains("sh -"))
    };
    Ok(tracked(root, &[])?.into_iter().filter(is_script).collect())
}
