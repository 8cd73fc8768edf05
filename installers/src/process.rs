//! Runs a command into a log file, tells what it is doing, ends it when it
//! takes too long.

use std::fs::{self, File, OpenOptions};
use std::io::{self, IsTerminal, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::shell::quoted;

/// How often a running command is looked at.
const POLL: Duration = Duration::from_millis(50);
/// How often a running command is mentioned where no terminal shows it live.
const HEARTBEAT: Duration = Duration::from_secs(60);
/// Begins a line of a test that could not test all it should here.
const LEFT_OUT: &str = "left out: ";
/// Lines at the end of a failed check's log that are shown.
const TAIL_LINES: usize = 40;
/// Lines before them that tell what failed, and how many follow a panic.
const TELLING_LINES: usize = 80;
const PANIC_LINES: usize = 4;
/// Bytes of a log, from its end, that are looked at.
const LARGEST: u64 = 4 * 1024 * 1024;

/// The log of one check, and how to run something into it.
pub(crate) struct Log {
    path: PathBuf,
    name: String,
    limit: Duration,
}

impl Log {
    /// Starts an empty log at `directory/NAME.log`.
    pub(crate) fn create(directory: &Path, name: &str, limit: Duration) -> io::Result<Self> {
        fs::create_dir_all(directory)?;
        let path = directory.join(format!("{name}.log"));
        File::create(&path)?;
        Ok(Self {
            path,
            name: name.into(),
            limit,
        })
    }

    /// Where the log is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Adds a line.
    pub(crate) fn line(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.append()?, "{text}")
    }

    fn append(&self) -> io::Result<File> {
        OpenOptions::new().append(true).open(&self.path)
    }

    /// Runs `command` with everything it prints going to the log.
    ///
    /// # Errors
    /// When it cannot be started or takes longer than the check's limit.
    pub(crate) fn run(&mut self, command: &mut Command) -> io::Result<ExitStatus> {
        self.line(&format!("$ {}", shown(command)))?;
        let mut child = command
            .stdin(Stdio::null())
            .stdout(self.append()?)
            .stderr(self.append()?)
            .spawn()
            .map_err(|error| {
                let program = command.get_program().to_string_lossy().into_owned();
                io::Error::new(error.kind(), format!("cannot run `{program}`: {error}"))
            })?;
        self.wait(&mut child)
    }

    /// Runs `command` and says in words how it failed, if it did.
    pub(crate) fn expect_success(&mut self, command: &mut Command) -> io::Result<Option<String>> {
        let status = self.run(command)?;
        Ok((!status.success()).then(|| format!("`{}`: {status}", shown(command))))
    }

    fn wait(&self, child: &mut Child) -> io::Result<ExitStatus> {
        let started = Instant::now();
        let mut mentioned = started;
        let live = io::stderr().is_terminal();
        loop {
            if let Some(status) = child.try_wait()? {
                if live {
                    eprint!("\r\x1b[K");
                }
                return Ok(status);
            }
            if started.elapsed() > self.limit {
                kill_tree(child.id());
                child.kill()?;
                child.wait()?;
                let limit = self.limit.as_secs();
                return Err(io::Error::new(
                    io::ErrorKind::TimedOut,
                    format!("stopped: it took longer than {limit} s"),
                ));
            }
            let due = if live {
                Duration::from_secs(1)
            } else {
                HEARTBEAT
            };
            if mentioned.elapsed() >= due {
                mentioned = Instant::now();
                self.mention(started.elapsed(), live);
            }
            std::thread::sleep(POLL);
        }
    }

    fn mention(&self, elapsed: Duration, live: bool) {
        let last = self.tail(1).unwrap_or_default();
        let last: String = last.trim().chars().take(60).collect();
        let seconds = elapsed.as_secs();
        if live {
            eprint!("\r\x1b[K  {} {seconds} s: {last}", self.name);
        } else {
            eprintln!("  {} goes on, {seconds} s: {last}", self.name);
        }
    }

    /// The last lines of the log.
    pub(crate) fn tail(&self, lines: usize) -> io::Result<String> {
        let text = self.end(64 * 1024)?;
        let all = lines_of(&text);
        Ok(all[all.len().saturating_sub(lines)..].join("\n"))
    }

    /// The part of the log that is shown when the check failed.
    pub(crate) fn failure_excerpt(&self) -> io::Result<String> {
        Ok(failure_excerpt(&lines_of(&self.end(LARGEST)?)))
    }

    /// What tests say they could not do on this machine, each once, in the order
    /// of the log.
    pub(crate) fn left_out(&self) -> io::Result<Vec<String>> {
        let text = self.end(LARGEST)?;
        let mut reasons: Vec<String> = Vec::new();
        for reason in text.lines().filter_map(|line| line.strip_prefix(LEFT_OUT)) {
            if !reasons.iter().any(|known| known == reason) {
                reasons.push(reason.into());
            }
        }
        Ok(reasons)
    }

    fn end(&self, bytes: u64) -> io::Result<String> {
        let mut file = File::open(&self.path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(bytes)))?;
        let mut read = Vec::new();
        file.take(bytes).read_to_end(&mut read)?;
        Ok(String::from_utf8_lossy(&read).into_owned())
    }
}

fn lines_of(text: &str) -> Vec<&str> {
    text.lines()
        .filter(|line| !line.trim().is_empty())
        .collect()
}

/// The last lines, and above them those that tell which test failed and why:
/// after one that fails others go on, and theirs are the last.
fn failure_excerpt(lines: &[&str]) -> String {
    let tail = lines.len().saturating_sub(TAIL_LINES);
    let mut until = 0;
    let mut shown = Vec::new();
    for (at, line) in lines[..tail].iter().enumerate() {
        if line.contains("panicked at") {
            until = at + 1 + PANIC_LINES;
        }
        let tells = at < until || line.ends_with("FAILED") || line.starts_with("error");
        if tells && shown.len() < TELLING_LINES {
            shown.push(*line);
        }
    }
    if !shown.is_empty() {
        shown.push("...");
    }
    shown.extend(&lines[tail..]);
    shown.join("\n")
}

/// A command as one would type it: quoted where a shell needs it.
pub(crate) fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let program = program.file_name().unwrap_or(program.as_os_str());
    std::iter::once(program)
        .chain(command.get_args())
        .map(|word| readable(&word.to_string_lossy()))
        .collect::<Vec<_>>()
        .join(" ")
}

fn readable(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.into()
    } else {
        quoted(word)
    }
}

/// Ends every descendant of `root`, so that nothing outlives a check that was
/// stopped. Best effort: a process that is already gone is no error.
fn kill_tree(root: u32) {
    let Ok(output) = Command::new("ps").args(["-A", "-o", "pid=,ppid="]).output() else {
        return;
    };
    let table = String::from_utf8_lossy(&output.stdout);
    let pairs: Vec<(u32, u32)> = table
        .lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            Some((words.next()?.parse().ok()?, words.next()?.parse().ok()?))
        })
        .collect();
    let mut found = vec![root];
    let mut next = 0;
    while next < found.len() {
        let parent = found[next];
        found.extend(
            pairs
                .iter()
                .filter(|(_, p)| *p == parent)
                .map(|(pid, _)| *pid),
        );
        next += 1;
    }
    let pids = found.iter().skip(1).map(u32::to_string);
    // An empty list makes kill print its usage; nothing depends on it.
    let _ = Command::new("kill").arg("-KILL").args(pids).output();
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_is_left_out_is_told_once() {
        let directory = tempfile::tempdir().unwrap();
        let mut log = Log::create(directory.path(), "t", Duration::from_secs(60)).unwrap();
        for line in [
            "test a ... ",
            "left out: no cat",
            "test b ... ok",
            "left out: no cat",
        ] {
            log.line(line).unwrap();
        }
        assert_eq!(log.left_out().unwrap(), ["no cat"]);
    }

    #[test]
    fn what_failed_is_shown_however_much_follows() {
        let mut lines = vec!["test a ... ok", "test b ... FAILED"];
        lines.extend(["thread 'b' panicked at b.rs:1:", "left", "right"]);
        lines.extend(["test c ... ok"; 100]);
        let excerpt = failure_excerpt(&lines);
        let shown: Vec<&str> = excerpt.lines().collect();
        assert_eq!(shown[..4], ["test b ... FAILED", lines[2], "left", "right"]);
        assert_eq!(shown[6], "...");
        assert_eq!(shown.len(), 7 + TAIL_LINES);
        assert_eq!(failure_excerpt(&lines[..2]), lines[..2].join("\n"));
    }

    #[test]
    fn what_a_command_prints_is_in_the_log_and_its_failure_in_words() {
        let dir = tempfile::tempdir().unwrap();
        let mut log = Log::create(dir.path(), "x", Duration::from_secs(60)).unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "echo out; echo err >&2; exit 3"]);
        let failure = log.expect_success(&mut command).unwrap().unwrap();
        assert!(failure.contains("exit status: 3"), "{failure}");
        let tail = log.tail(2).unwrap();
        assert!(tail.contains("out") && tail.contains("err"), "{tail}");
    }

    /// Whether the process is gone, or waits for nothing but its burial.
    fn has_ended(pid: &str) -> bool {
        let output = Command::new("ps").args(["-o", "stat=", "-p", pid]).output();
        let state = String::from_utf8(output.unwrap().stdout).unwrap();
        state.trim().is_empty() || state.trim().starts_with('Z')
    }

    #[test]
    fn a_command_that_takes_too_long_is_ended_with_its_children() {
        let dir = tempfile::tempdir().unwrap();
        // A busy machine may need longer to start the child.
        let child = [300, 3_000, 30_000].into_iter().find_map(|limit| {
            let mut log = Log::create(dir.path(), "x", Duration::from_millis(limit)).unwrap();
            let mut command = Command::new("sh");
            command.args(["-c", "sleep 600 & echo child $!; wait"]);
            let error = log.run(&mut command).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::TimedOut);
            let last = log.tail(1).unwrap();
            last.strip_prefix("child ").map(str::to_owned)
        });
        let child = child.expect("the child starts in time");
        let asked = Instant::now();
        while !has_ended(&child) {
            assert!(asked.elapsed() < Duration::from_secs(60), "{child} lives");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    #[test]
    fn a_command_is_shown_as_one_would_type_it() {
        let mut command = Command::new("/usr/bin/cargo");
        command.args(["test", "two words", ""]);
        assert_eq!(shown(&command), "cargo test 'two words' ''");
    }
}
