//! The prelude under every shell this machine has, on machines it does not have:
//! `uname`, `ldd` and the checksum tools are faked.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod machine;
mod receipt;

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::*;
use machine::{Machine, shells, text, which};

/// Stands in for dist's script: uses what the prelude prepares, as that does.
const GENERATED: &str = r#"#!/bin/sh
run() {
    local _dir
    _dir="$(mktemp -d)" || exit 1
    echo input > "$_dir/input.tar.gz"
    _install_temp="$(mktemp -d "$HOME/tmp.XXXXXXXXXX")"
    _urls="first second"
    for _url in $_urls; do
        echo "from $_url"
    done
    echo "ran with $*"
    echo "sum $(sha256sum -b "$_dir/input.tar.gz")"
    ${STEP:-true}
}
case "$0" in
    "never.tar.gz")
        _checksum_style="sha256"
        _checksum_value="0123"
        ;;
esac
run "$@" || exit 1
"#;

const DOCUMENTATION: &str = "https://example.org/it's/install.html";

fn all_targets() -> Vec<Target> {
    vec![
        Target::new("x86_64-unknown-linux-gnu", Some("2.17".into()), None),
        Target::new("x86_64-apple-darwin", None, Some("10.12".into())),
        Target::new("aarch64-apple-darwin", None, Some("11.0".into())),
    ]
}

fn script_for(targets: &[Target]) -> String {
    let messages = BTreeMap::from([("windows".to_owned(), "Use WSL; that's Linux.".to_owned())]);
    let front = Front {
        app: "tiny-app",
        name: "tiny",
        version: "1.2.3-rc.1",
        documentation: DOCUMENTATION,
        messages: &messages,
        targets,
    };
    compose(&front, GENERATED, &BTreeMap::new()).unwrap()
}

#[test]
fn a_supported_machine_runs_the_generated_script_with_its_arguments() {
    let script = script_for(&all_targets());
    for (system, processor) in [
        ("Linux", "x86_64"),
        ("Linux", "amd64"),
        ("Darwin", "arm64"),
        ("Darwin", "x86_64"),
    ] {
        for shell in shells() {
            let machine = Machine::new();
            machine.uname(system, processor);
            machine.fake("sysctl", "exit 1");
            machine.fake("sw_vers", "echo 15.7");
            let output = machine.run(&shell, &script);
            let (out, err) = (text(&output.stdout), text(&output.stderr));
            assert!(
                output.status.success(),
                "{shell:?} {system} {processor}: {err}"
            );
            assert!(
                out.contains("from first\nfrom second\nran with --flag two words"),
                "{shell:?}: {out}"
            );
            assert_eq!(machine.left(), Vec::<PathBuf>::new(), "{shell:?}");
        }
    }
}

#[test]
fn what_others_write_when_ldd_is_asked_is_not_its_answer() {
    let script = script_for(&all_targets());
    for shell in shells() {
        let machine = Machine::new();
        machine.fake(
            "ldd",
            "echo '/bin/bash: warning: setlocale: LC_ALL: cannot change locale (en_US.UTF-8)' >&2\n\
             echo 'ldd (Debian GLIBC 2.36-9+deb12u14) 2.36'",
        );
        let output = machine.run(&shell, &script);
        let err = text(&output.stderr);
        assert!(output.status.success(), "{shell:?}: {err}");
    }
}

type Fakes = fn(&Machine);

/// Runs the script on the machine that `prepare` makes, and expects its refusal.
fn assert_refused(shells: &[Vec<String>], expected: &str, prepare: Fakes) {
    let script = script_for(&all_targets());
    for shell in shells {
        let machine = Machine::new();
        prepare(&machine);
        let output = machine.run(shell, &script);
        let err = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{shell:?} {expected}: {err}");
        for part in [
            expected,
            "tiny 1.2.3-rc.1 was not installed",
            "Linux on x86_64 with glibc 2.17 or newer",
            "macOS 11.0 or newer on Apple Silicon",
            DOCUMENTATION,
        ] {
            assert!(err.contains(part), "{shell:?} lacks `{part}`: {err}");
        }
        assert_eq!(text(&output.stdout), "", "{shell:?} {expected}");
        assert_eq!(machine.left(), Vec::<PathBuf>::new(), "{shell:?}");
    }
}

#[test]
fn a_system_or_processor_that_is_not_supported_is_told_what_is() {
    let cases: [(&str, Fakes); 9] = [
        ("a Windows shell (MINGW64_NT-10.0-19045)", |m| {
            m.uname("MINGW64_NT-10.0-19045", "x86_64");
        }),
        ("a Windows shell (MSYS_NT-10.0)", |m| {
            m.uname("MSYS_NT-10.0", "x86_64");
        }),
        ("Use WSL; that's Linux.", |m| {
            m.uname("CYGWIN_NT-10.0", "x86_64");
        }),
        ("no build for FreeBSD", |m| m.uname("FreeBSD", "amd64")),
        ("no build for SunOS", |m| m.uname("SunOS", "i86pc")),
        ("on this processor (aarch64)", |m| {
            m.uname("Linux", "aarch64");
        }),
        ("on this processor (riscv64)", |m| {
            m.uname("Linux", "riscv64");
        }),
        ("macOS 10.11.6; 10.12 or newer is needed", |m| {
            m.uname("Darwin", "x86_64");
            m.fake("sysctl", "exit 1");
            m.fake("sw_vers", "echo 10.11.6");
        }),
        ("this is Android", |m| {
            m.fake(
                "uname",
                "case \"$1\" in -o) echo Android ;; -m) echo x86_64 ;; *) echo Linux ;; esac",
            );
        }),
    ];
    // busybox runs its own uname, whatever the path says.
    let shells: Vec<_> = shells()
        .into_iter()
        .filter(|shell| shell.len() == 1)
        .collect();
    for (expected, prepare) in cases {
        assert_refused(&shells, expected, prepare);
    }
}

#[test]
fn a_c_library_that_is_not_supported_is_told_what_is() {
    let cases: [(&str, Fakes); 4] = [
        ("musl", |m| {
            m.fake(
                "ldd",
                "echo 'musl libc (x86_64)' >&2; echo 'Version 1.2.5' >&2; exit 1",
            );
        }),
        ("a 32-bit system", |m| m.fake("getconf", "echo 32")),
        ("glibc 2.12; 2.17 or newer is needed", |m| {
            m.fake(
                "ldd",
                "echo 'ldd (GNU libc) 2.12'; echo 'Copyright (C) 2010'",
            );
        }),
        ("cannot tell this Linux's C library", |m| {
            m.fake("ldd", "echo 'ldd: not found' >&2; exit 127");
        }),
    ];
    for (expected, prepare) in cases {
        assert_refused(&shells(), expected, prepare);
    }
}

#[test]
fn a_partial_release_promises_only_what_it_has() {
    let script = script_for(&all_targets()[..1]);
    let machine = Machine::new();
    machine.uname("Darwin", "arm64");
    machine.fake("sysctl", "echo 1");
    let output = machine.run(&shells()[0], &script);
    let err = text(&output.stderr);
    assert!(!output.status.success());
    assert!(
        err.contains("no build for Darwin on this processor (aarch64)"),
        "{err}"
    );
    assert!(!err.contains("or newer on"), "{err}");
}

#[test]
fn intel_executables_are_accepted_on_apple_silicon_where_there_are_no_others() {
    let script = script_for(&all_targets()[1..2]);
    let machine = Machine::new();
    machine.uname("Darwin", "x86_64");
    machine.fake("sysctl", "echo 1");
    machine.fake("sw_vers", "echo 15.7");
    let output = machine.run(&shells()[0], &script);
    assert!(output.status.success(), "{}", text(&output.stderr));
}

#[test]
fn a_script_cut_short_anywhere_does_nothing() {
    let script = script_for(&all_targets());
    let opened = script.find("\n{\n").unwrap() + 3;
    let whole = script.trim_end().len();
    let cuts = (opened..whole).filter(|cut| {
        // Every end of a line, and every byte of the last two lines.
        script.is_char_boundary(*cut) && (script.as_bytes()[cut - 1] == b'\n' || *cut + 40 > whole)
    });
    let machine = Machine::new();
    let shells = shells();
    for (number, cut) in cuts.enumerate() {
        let shell = &shells[number % shells.len()];
        let output = machine.run(shell, &script[..cut]);
        assert!(
            !output.status.success(),
            "{shell:?} cut at {cut} of {whole}"
        );
        assert_eq!(text(&output.stdout), "", "{shell:?} cut at {cut}");
        assert_eq!(machine.left(), Vec::<PathBuf>::new(), "{shell:?}");
    }
}

#[test]
fn the_digest_is_computed_with_whichever_tool_exists() {
    let script = script_for(&all_targets());
    let basic = ["awk", "mktemp", "rm", "sed", "tar", "cat", "echo", "mkdir"];
    for tool in ["sha256sum", "shasum", "openssl"] {
        if which(tool).is_none() {
            continue;
        }
        for shell in shells() {
            let tools: Vec<&str> = basic.iter().copied().chain([tool]).collect();
            let machine = Machine::with_only(&tools);
            let output = machine.run(&shell, &script);
            let out = text(&output.stdout);
            assert!(
                output.status.success(),
                "{shell:?} {}",
                text(&output.stderr)
            );
            assert!(
                out.contains(&format!("sum {}", digest_of_input())),
                "{shell:?} {tool}: {out}"
            );
        }
    }
}

#[test]
fn what_the_script_uses_without_asking_for_it_must_be_there() {
    let script = script_for(&all_targets());
    let needed = ["awk", "mktemp", "rm", "sed", "tar"];
    for shell in shells() {
        // busybox runs its own whatever the path says.
        if shell.len() > 1 {
            continue;
        }
        for gone in needed {
            let others = needed.into_iter().filter(|name| *name != gone);
            let tools: Vec<&str> = others.chain(["sha256sum", "cat", "mkdir"]).collect();
            let machine = Machine::with_only(&tools);
            let output = machine.run(&shell, &script);
            let err = text(&output.stderr);
            assert_eq!(output.status.code(), Some(1), "{shell:?}: {err}");
            let expected = format!("the command {gone} is needed.");
            assert!(err.contains(&expected), "{shell:?}: {err}");
            assert_eq!(machine.left(), Vec::<PathBuf>::new());
        }
    }
}

fn digest_of_input() -> String {
    crate::site::sha256_hex(b"input\n")
}

#[test]
fn without_a_tool_to_verify_with_nothing_is_downloaded() {
    let script = script_for(&all_targets());
    for shell in shells() {
        // busybox runs its own sha256sum whatever the path says.
        if shell.len() > 1 {
            continue;
        }
        let machine = Machine::with_only(&["mktemp", "rm", "cat", "echo"]);
        let output = machine.run(&shell, &script);
        let err = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{shell:?}: {err}");
        assert!(
            err.contains("sha256sum, shasum or openssl is needed"),
            "{err}"
        );
        assert_eq!(text(&output.stdout), "");
        assert_eq!(machine.left(), Vec::<PathBuf>::new());
    }
}

#[test]
fn nothing_temporary_is_left_after_a_failure_or_a_signal() {
    let script = script_for(&all_targets());
    for shell in shells() {
        let machine = Machine::new();
        let failed = machine
            .command(&shell, &script)
            .env("STEP", "false")
            .output();
        assert!(!failed.unwrap().status.success(), "{shell:?}");
        assert_eq!(machine.left(), Vec::<PathBuf>::new(), "{shell:?}");

        // Whoever started the tests may have had the others ignored, for good.
        for signal in ["PIPE", "TERM"] {
            let machine = Machine::new();
            machine.fake("stop-me", &format!("kill -{signal} $PPID"));
            let stopped = machine
                .command(&shell, &script)
                .env("STEP", "stop-me")
                .output();
            assert!(!stopped.unwrap().status.success(), "{shell:?} {signal}");
            assert_eq!(machine.left(), Vec::<PathBuf>::new(), "{shell:?} {signal}");
        }
    }
}

#[test]
fn what_dist_generated_is_kept_byte_for_byte() {
    let script = script_for(&all_targets());
    assert_eq!(generated(&script), Some(GENERATED));
}

#[test]
fn a_script_that_would_not_verify_is_refused() {
    let messages = BTreeMap::new();
    let targets = all_targets();
    let front = Front {
        app: "tiny-app",
        name: "tiny",
        version: "1.2.3",
        documentation: DOCUMENTATION,
        messages: &messages,
        targets: &targets,
    };
    let digests = |archive: &str, digest: &str| BTreeMap::from([(archive.into(), digest.into())]);
    assert!(compose(&front, GENERATED, &digests("never.tar.gz", "0123")).is_ok());
    for (archive, digest) in [("never.tar.gz", "4567"), ("other.tar.gz", "0123")] {
        assert_eq!(
            compose(&front, GENERATED, &digests(archive, digest)),
            Err(ShellError::Unverified(archive.into()))
        );
    }
}

#[test]
fn what_cannot_be_said_in_a_script_is_refused() {
    let messages = BTreeMap::from([("solaris".to_owned(), "No.".to_owned())]);
    let none = BTreeMap::new();
    let targets = all_targets();
    let odd = [Target::new("x86_64-pc-windows-msvc", None, None)];
    let front = Front {
        app: "tiny-app",
        name: "tiny",
        version: "1.2.3",
        documentation: DOCUMENTATION,
        messages: &none,
        targets: &targets,
    };
    let refused = |front: &Front<'_>| compose(front, GENERATED, &none).unwrap_err();
    assert_eq!(
        refused(&Front {
            messages: &messages,
            ..front.clone()
        }),
        ShellError::Situation("solaris".into())
    );
    assert_eq!(
        refused(&Front {
            targets: &odd,
            ..front.clone()
        }),
        ShellError::Platform("x86_64-pc-windows-msvc".into())
    );
    assert_eq!(
        refused(&Front {
            name: "ti$(ny)",
            ..front.clone()
        }),
        ShellError::Name("ti$(ny)".into())
    );
    assert_eq!(
        refused(&Front {
            targets: &[],
            ..front
        }),
        ShellError::Nothing
    );
}
