//! Runs another executable of this program with bounds on its time and on
//! what it says: it is new and may be anything.

use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;

use crate::foundation::json::{Bounds, JsonError, parse};
use crate::foundation::terminal::clean;

/// What to run.
#[derive(Debug)]
pub struct Call<'a> {
    /// The executable.
    pub program: &'a Path,
    /// Its arguments.
    pub arguments: &'a [&'a str],
    /// Its standard input.
    pub input: Vec<u8>,
    /// Most bytes it may print.
    pub most_bytes: usize,
    /// How long it may take.
    pub wait: Duration,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ChildError {
    /// It cannot be started.
    #[error("it cannot be started: {0}")]
    Start(io::Error),
    /// It takes too long.
    #[error("it did not finish within {} s", .0.as_secs())]
    Slow(Duration),
    /// It says too much.
    #[error("it printed more than {0} bytes")]
    Endless(usize),
    /// It failed.
    #[error("it ended with {status}{}", if .stderr.is_empty() { String::new() } else { format!(": {stderr}") })]
    Failed {
        /// How it ended.
        status: ExitStatus,
        /// The first line it printed on standard error.
        stderr: String,
    },
    /// What it says is not the document that was asked for.
    #[error("its answer cannot be understood: {0}")]
    Answer(#[from] JsonError),
    /// It answers in another version of the protocol than it was asked in.
    #[error("its answer is of protocol {0}, which was not asked for")]
    Protocol(u32),
    /// Talking to it failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Runs `call` and parses what it prints.
///
/// # Errors
/// [`ChildError`].
pub fn json<T: DeserializeOwned>(call: &Call<'_>) -> Result<T, ChildError> {
    let bounds = Bounds {
        bytes: call.most_bytes,
        depth: 16,
    };
    Ok(parse(&run(call)?, bounds)?)
}

/// Runs `call`; what it prints on standard output.
///
/// # Errors
/// [`ChildError`].
pub fn run(call: &Call<'_>) -> Result<Vec<u8>, ChildError> {
    let deadline = Instant::now() + call.wait;
    let mut child = start(call)?;
    let outcome = converse(&mut child, call, deadline);
    if outcome.is_err() {
        // It may have ended by itself; either way it must be reaped.
        let _ = child.kill();
        let _ = child.wait();
    }
    outcome
}

fn start(call: &Call<'_>) -> Result<Child, ChildError> {
    // A file that was just written is "busy" while some other thread's child
    // between fork and exec still has it open: a matter of microseconds.
    let mut tries = 0;
    loop {
        let outcome = Command::new(call.program)
            .args(call.arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        match outcome {
            Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy && tries < 50 => {
                tries += 1;
                thread::sleep(Duration::from_millis(20));
            }
            outcome => return outcome.map_err(ChildError::Start),
        }
    }
}

fn converse(child: &mut Child, call: &Call<'_>, deadline: Instant) -> Result<Vec<u8>, ChildError> {
    let (Some(mut stdin), Some(stdout), Some(mut stderr)) =
        (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err(io::Error::other("no pipe").into());
    };
    let input = call.input.clone();
    // A child that does not listen closes the pipe: its answer tells.
    thread::Builder::new().spawn(move || stdin.write_all(&input))?;
    let (words, complaint) = mpsc::channel();
    thread::Builder::new().spawn(move || {
        let mut kept = Vec::new();
        let _ = (&mut stderr).take(16 * 1024).read_to_end(&mut kept);
        let _ = io::copy(&mut stderr, &mut io::sink());
        let _ = words.send(kept);
    })?;
    let (sender, receiver) = mpsc::channel();
    let most = call.most_bytes as u64;
    thread::Builder::new().spawn(move || {
        let mut bytes = Vec::new();
        let outcome = stdout.take(most + 1).read_to_end(&mut bytes);
        let _ = sender.send(outcome.map(|_| bytes));
    })?;
    let left = || deadline.saturating_duration_since(Instant::now());
    let slow = || ChildError::Slow(call.wait);
    let bytes = receiver.recv_timeout(left()).map_err(|_| slow())??;
    if bytes.len() > call.most_bytes {
        return Err(ChildError::Endless(call.most_bytes));
    }
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if left().is_zero() {
            return Err(slow());
        }
        thread::sleep(Duration::from_millis(1));
    };
    if !status.success() {
        let stderr = complaint.recv_timeout(left()).unwrap_or_default();
        let text = String::from_utf8_lossy(&stderr);
        let line = text.lines().next().unwrap_or_default();
        return Err(ChildError::Failed {
            status,
            stderr: clean(line).chars().take(400).collect(),
        });
    }
    Ok(bytes)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_a_child_complains_of_shows_every_character() {
        let call = Call {
            program: Path::new("/bin/sh"),
            // A reversal of what follows, in UTF-8.
            arguments: &["-c", r"printf 'a\342\200\256b\033[2J\n' >&2; exit 3"],
            input: Vec::new(),
            most_bytes: 10,
            wait: Duration::from_secs(60),
        };
        let Err(ChildError::Failed { stderr, .. }) = run(&call) else {
            panic!("it did not fail");
        };
        assert_eq!(stderr, "a\\u{202e}b\\u{1b}[2J");
    }
}
