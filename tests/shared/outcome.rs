//! What a process left, and what a test expects of it.
#![allow(dead_code, reason = "every test takes what it needs")]
#![allow(clippy::unwrap_used)]

use std::process::Command;

/// What a process left.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) what: String,
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Outcome {
    pub(crate) fn of(command: &mut Command) -> Self {
        let output = loop {
            match command.output() {
                // A copy that another test's child, between fork and exec,
                // still has open for writing.
                Err(error) if error.kind() == std::io::ErrorKind::ExecutableFileBusy => {
                    std::thread::yield_now();
                }
                output => break output.unwrap(),
            }
        };
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self {
            what: format!("{command:?}"),
            code: output.status.code().unwrap_or(-1),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    /// Asserts success.
    #[track_caller]
    pub(crate) fn done(self) -> Self {
        self.exits(0)
    }

    /// Asserts the exit code.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(
            self.code, code,
            "{}\nstdout: {}\nstderr: {}",
            self.what, self.stdout, self.stderr
        );
        self
    }

    /// Asserts that standard output has `text`.
    #[track_caller]
    pub(crate) fn shows(self, text: &str) -> Self {
        assert!(
            self.stdout.contains(text),
            "{}\nlacks {text:?}: {}",
            self.what,
            self.stdout
        );
        self
    }

    /// Asserts that standard error has `text`.
    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(
            self.stderr.contains(text),
            "{}\nlacks {text:?}: {}",
            self.what,
            self.stderr
        );
        self
    }
}
