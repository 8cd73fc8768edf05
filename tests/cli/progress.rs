//! How far long work is: on a terminal only.

use std::time::{Duration, Instant};

use crate::support::Sandbox;
use crate::terminal::Session;

#[test]
fn long_work_shows_how_far_it_is_on_a_terminal_alone() {
    let sandbox = Sandbox::with(&[]);
    let shown = |arguments: &[&str]| {
        let mut command = sandbox.command(arguments);
        command.env("TERM", "xterm");
        let (code, shown) = Session::start(command).end();
        assert_eq!(code, Some(0), "{shown}");
        shown
    };
    // As much as keeps the run that is looked at busy for three times the
    // patience of a bar.
    let mut notes = 0..1_000;
    let drawn = loop {
        for note in notes.clone() {
            let text = format!("# Note {note}\n\n{}\n", format!("word{note} ").repeat(200));
            sandbox.write(&format!("{note}.md"), &text);
        }
        let started = Instant::now();
        let drawn = shown(&["rebuild"]);
        if started.elapsed() > Duration::from_millis(900) {
            break drawn;
        }
        notes = notes.end..2 * notes.end;
    };
    // A bar, how many of how many, and no trace of it in the end.
    let bar = drawn.find(" [=").expect(&drawn);
    let last = drawn.rfind("\u{1b}[2K").expect(&drawn);
    assert!(
        bar < last && drawn[last..].contains("is current now"),
        "{drawn}"
    );
    let quiet = shown(&["rebuild", "--quiet"]);
    assert!(!quiet.contains(" [="), "{quiet}");
    assert_eq!(sandbox.run(&["rebuild"]).done().stderr, "");
}
