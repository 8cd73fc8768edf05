//! Driving the binary under `strace`.

use std::fs;
use std::process::{Command, Output};

use crate::{BINARY, Place};

/// Runs the binary under strace with these strace options; the trace comes
/// back with the output.
pub(crate) fn run(place: &Place, options: &[&str], arguments: &[&str]) -> (Output, String) {
    let log = tempfile::NamedTempFile::new().unwrap();
    let mut command = Command::new("strace");
    command
        .args(["-f", "-qq", "-o"])
        .arg(log.path())
        .args(options)
        .arg(BINARY)
        .args(place.arguments(arguments));
    let output = place
        .seal(&mut command)
        .output()
        .expect("strace is needed: apt-get install strace");
    let trace = fs::read_to_string(log.path()).unwrap();
    (output, trace)
}

/// How often the command makes the system call `name` in an undisturbed run.
pub(crate) fn count(place: &Place, name: &str, arguments: &[&str]) -> usize {
    let place = place.copy();
    let (output, trace) = run(&place, &["-e", &format!("trace={name}")], arguments);
    assert!(output.status.success(), "{output:?}");
    let call = format!("{name}(");
    trace.lines().filter(|line| line.contains(&call)).count()
}
