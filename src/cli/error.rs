//! What a user is told when a command does not succeed: the one place where
//! errors of all modules become an exit code, a message and the next command.

mod of_modules;

use std::fmt::Display;
use std::io;
use std::path::Path;

use rustix::io::Errno;
use serde::Serialize;
use serde_json::{Map, Value};

use super::exit::Exit;
use super::scope::Scope;
use crate::foundation::shell::quote;

/// The way out where a file stands that has no business there.
pub(crate) const MOVE_AWAY: &str = "move it away, then run the command again";

/// Where it went wrong.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Place {
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<String>,
}

/// A command's failure, ready to be shown.
#[derive(Debug)]
pub(crate) struct Failure(Box<Parts>);

#[derive(Debug, Serialize)]
struct Parts {
    #[serde(skip)]
    exit: Exit,
    kind: &'static str,
    message: String,
    #[serde(flatten)]
    place: Place,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    /// Lines that the human reader gets after the message; JSON has the same
    /// facts in `details`.
    #[serde(skip)]
    lines: Vec<String>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    details: Map<String, Value>,
    #[serde(skip)]
    blames_index: bool,
}

impl Failure {
    /// What happened, with the exit code and the kind's name in JSON.
    pub(crate) fn new(exit: Exit, kind: &'static str, message: impl Display) -> Self {
        Self(Box::new(Parts {
            exit,
            kind,
            message: message.to_string(),
            place: Place::default(),
            why: None,
            hint: None,
            lines: Vec::new(),
            details: Map::new(),
            blames_index: false,
        }))
    }

    /// Asked wrongly.
    pub(crate) fn usage(message: impl Display) -> Self {
        Self::new(Exit::Usage, "usage", message)
    }

    /// An I/O error on `path`.
    pub(crate) fn io(doing: &str, path: &Path, error: &io::Error) -> Self {
        Self::new(
            Exit::Failed,
            "io",
            format_args!("cannot {doing} {}: {error}", path.display()),
        )
        .path(path.display())
        .way_out(path, error)
    }

    /// What helps against an I/O error on `path`, where anything does.
    pub(crate) fn way_out(self, path: &Path, error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::PermissionDenied => {
                // What was to be made is not there to be looked at, nor is what a
                // folder hides.
                let is_there = |path: &&Path| path.symlink_metadata().is_ok();
                let there = path.ancestors().find(is_there);
                self.hint(format_args!(
                    "see who may read and write it: ls -ld {}",
                    quote(there.unwrap_or(Path::new(".")))
                ))
            }
            io::ErrorKind::ReadOnlyFilesystem => {
                self.hint("mount the file system for writing, then run the command again")
            }
            io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory => {
                self.hint("a file has the name of a folder: choose another, or move it away")
            }
            io::ErrorKind::IsADirectory => {
                self.hint("a folder has the name of a file: move it away, or remove it")
            }
            io::ErrorKind::InvalidFilename => self.hint("choose a shorter name"),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                self.hint("make room on the disk, then run the command again")
            }
            // By number: what this program itself finds too large is of that kind, too.
            _ => match error.raw_os_error().map(Errno::from_raw_os_error) {
                Some(Errno::FBIG) => self.hint(
                    "let this shell write larger files (ulimit -f unlimited), then run the command again",
                ),
                Some(Errno::MFILE) => self.hint(
                    "let this shell open more files (ulimit -n 1024), then run the command again",
                ),
                Some(Errno::LOOP) => self.hint(
                    "a symbolic link leads to itself, or stands where none is followed: move it away",
                ),
                _ => self,
            },
        }
    }

    /// Standard output cannot be written.
    pub(crate) fn stdout(error: &io::Error) -> Self {
        let failure = Self::new(
            Exit::Failed,
            "io",
            format_args!("cannot write to standard output: {error}"),
        );
        // What the command did may be done: nothing is said of running it again.
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                failure.hint("make room where standard output goes")
            }
            _ => failure,
        }
    }

    /// Adds the file it happened in.
    pub(crate) fn path(mut self, path: impl Display) -> Self {
        self.0.place.path = Some(path.to_string());
        self
    }

    /// Adds the line and column (both from 1) in that file.
    pub(crate) fn at(mut self, line: usize, column: usize) -> Self {
        self.0.place.line = Some(line);
        self.0.place.column = Some(column);
        self
    }

    /// Adds the run it is about.
    pub(crate) fn run(mut self, run: impl Display) -> Self {
        self.0.place.run = Some(run.to_string());
        self
    }

    /// As [`run`](Self::run), where the run is known.
    pub(crate) fn run_if_known(self, run: Option<impl Display>) -> Self {
        match run {
            Some(run) => self.run(run),
            None => self,
        }
    }

    /// Adds why it matters.
    pub(crate) fn why(mut self, why: impl Display) -> Self {
        self.0.why = Some(why.to_string());
        self
    }

    /// Adds what to do next.
    pub(crate) fn hint(mut self, hint: impl Display) -> Self {
        self.0.hint = Some(hint.to_string());
        self
    }

    /// Makes the next command work on the same workspace and profile as the
    /// one that failed, unless it names its own.
    pub(crate) fn in_scope(mut self, scope: &Scope) -> Self {
        const SCOPED: [&str; 10] = [
            "diff", "export", "gc", "ingest", "list", "query", "rebuild", "runs", "status",
            "verify",
        ];
        if let Some(hint) = &mut self.0.hint
            && let Some(command) = hint.strip_prefix("auditgraph ")
            && SCOPED.contains(&command.split(' ').next().unwrap_or(command))
            && ![" --root ", " --profile "]
                .iter()
                .any(|it| command.contains(it))
        {
            *hint = scope.command(command);
        }
        self
    }

    /// Adds lines for the human reader.
    pub(crate) fn lines(mut self, lines: impl IntoIterator<Item = String>) -> Self {
        self.0.lines.extend(lines);
        self
    }

    /// Adds a fact for programs.
    pub(crate) fn detail(mut self, name: &str, value: impl Serialize) -> Self {
        // Facts are plain data; one that is not would be left out rather
        // than hide the error it belongs to.
        if let Ok(value) = serde_json::to_value(value) {
            self.0.details.insert(name.to_owned(), value);
        }
        self
    }

    /// The kind's name.
    pub(crate) fn kind(&self) -> &'static str {
        self.0.kind
    }

    /// Says that a damaged index is all there is to it.
    pub(crate) fn blame_index(mut self) -> Self {
        self.0.blames_index = true;
        self
    }

    /// Whether making the index again from the packs may be the remedy.
    pub(crate) fn blames_index(&self) -> bool {
        self.0.blames_index
    }

    /// The exit code.
    pub(crate) fn exit(&self) -> Exit {
        self.0.exit
    }

    /// The JSON document: `{"format": 1, "error": {…}}`.
    pub(crate) fn document(&self) -> impl Serialize + use<> {
        let mut error = serde_json::to_value(&*self.0).unwrap_or_default();
        if let Value::Object(fields) = &mut error {
            fields.insert("exit_code".into(), self.0.exit.code().into());
        }
        serde_json::json!({ "error": error })
    }

    /// The text for people, one line each: what happened, where, why, next.
    pub(crate) fn text(&self) -> Vec<(Part, String)> {
        let parts = &*self.0;
        let mut text = vec![(Part::What, parts.message.clone())];
        let mut place: Vec<String> = Vec::new();
        if let Some(path) = &parts.place.path {
            let mut at = path.clone();
            for number in [parts.place.line, parts.place.column].into_iter().flatten() {
                at.push_str(&format!(":{number}"));
            }
            place.push(at);
        }
        if let Some(run) = &parts.place.run {
            place.push(format!("run {run}"));
        }
        if !place.is_empty() {
            text.push((Part::Where, place.join(", ")));
        }
        text.extend(parts.lines.iter().map(|line| (Part::Line, line.clone())));
        text.extend(parts.why.iter().map(|why| (Part::Why, why.clone())));
        text.extend(parts.hint.iter().map(|hint| (Part::Hint, hint.clone())));
        text
    }
}

/// Which question a line of an error answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// What happened.
    What,
    /// Where: file, line, run.
    Where,
    /// A fact, as it stands.
    Line,
    /// Why it matters.
    Why,
    /// What to do next.
    Hint,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_out_names_what_is_there_to_be_looked_at() {
        let hint = |path: &str, errno: Errno| {
            let failure = Failure::io("write", Path::new(path), &errno.into());
            failure.0.hint.unwrap_or_default()
        };
        for (path, there) in [
            ("none.json", "."),
            ("src/none/none.json", "src"),
            ("src", "src"),
            ("/none", "/"),
        ] {
            let look = format!("see who may read and write it: ls -ld {there}");
            assert_eq!(hint(path, Errno::ACCESS), look, "{path}");
        }
        assert!(hint("src", Errno::LOOP).contains("symbolic link"));
    }
}
