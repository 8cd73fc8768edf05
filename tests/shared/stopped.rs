//! A program that is stopped, not killed, at a system call, for as long as a
//! test likes.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStderr, Command, Stdio};

/// A program that stands still.
pub struct Stopped {
    tracer: Child,
    trace: BufReader<ChildStderr>,
    /// Its process id.
    pub pid: i32,
}

impl Stopped {
    /// Starts a program that stops when it first calls `call`. `command` is
    /// of `strace`; `program` adds the program and its arguments.
    pub fn at(call: &str, mut command: Command, program: impl FnOnce(&mut Command)) -> Self {
        command
            .args(["-f", "-qq", "-e", &format!("trace={call}")])
            .args(["-e", &format!("inject={call}:signal=STOP:when=1")])
            .stderr(Stdio::piped());
        program(&mut command);
        let mut tracer = command
            .spawn()
            .expect("strace is needed: apt-get install strace");
        let mut trace = BufReader::new(tracer.stderr.take().unwrap());
        let mut line = String::new();
        while !line.contains("SIGSTOP") {
            line.clear();
            let read = trace.read_line(&mut line).unwrap();
            assert_ne!(read, 0, "it ended without {call}");
        }
        let pid = child_of(tracer.id());
        Self { tracer, trace, pid }
    }

    /// Lets it go on to its end, which must be success.
    pub fn goes_on(mut self) {
        let process = rustix::process::Pid::from_raw(self.pid).unwrap();
        rustix::process::kill_process(process, rustix::process::Signal::CONT).unwrap();
        std::io::copy(&mut self.trace, &mut std::io::sink()).unwrap();
        assert!(self.tracer.wait().unwrap().success());
    }
}

fn child_of(parent: u32) -> i32 {
    let children = format!("/proc/{parent}/task/{parent}/children");
    let children = std::fs::read_to_string(children).unwrap();
    children.split_whitespace().next().unwrap().parse().unwrap()
}
