//! Two at once: the second writer is told who holds the lock, a reader is
//! never blocked.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::{BINARY, Place};

#[test]
fn a_second_writer_is_told_who_holds_the_lock_and_a_reader_is_not_blocked() {
    let place = Place::ingested();
    place.write("1.md", "# Note 1\n\nRewritten.\n");
    // The first writer is stopped (not killed) at its first rename.
    let mut command = Command::new("strace");
    command
        .args([
            "-f",
            "-qq",
            "-e",
            "trace=rename",
            "-e",
            "inject=rename:signal=STOP:when=1",
        ])
        .arg(BINARY)
        .args(place.arguments(&["ingest"]))
        .stderr(Stdio::piped());
    let mut tracer = place
        .seal(&mut command)
        .spawn()
        .expect("strace is needed: apt-get install strace");
    let mut trace = BufReader::new(tracer.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("SIGSTOP") {
        line.clear();
        assert_ne!(
            trace.read_line(&mut line).unwrap(),
            0,
            "the writer was never stopped"
        );
    }
    let second = place.run(&["ingest"]);
    let message = String::from_utf8_lossy(&second.stderr).into_owned();
    assert_eq!(second.status.code(), Some(7), "{message}");
    let writer = child_of(tracer.id());
    assert!(
        message.contains(&writer.to_string()),
        "names {writer}: {message}"
    );
    let reader = place.run(&["query", "note"]);
    assert!(reader.status.success(), "{reader:?}");
    let writer = rustix::process::Pid::from_raw(writer).unwrap();
    rustix::process::kill_process(writer, rustix::process::Signal::CONT).unwrap();
    std::io::copy(&mut trace, &mut std::io::sink()).unwrap();
    assert!(tracer.wait().unwrap().success());
    place.assert_next_command_recovers("after two writers");
}

fn child_of(parent: u32) -> i32 {
    let children = format!("/proc/{parent}/task/{parent}/children");
    let children = std::fs::read_to_string(children).unwrap();
    children.split_whitespace().next().unwrap().parse().unwrap()
}
