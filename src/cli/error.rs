//! What a user is told when a command does not succeed: the one place where
//! errors of all modules become an exit code, a message and the next command.

use std::fmt::Display;
use std::io;
use std::path::Path;

use serde::Serialize;
use serde_json::{Map, Value};

use super::exit::Exit;
use super::scope::Scope;
use crate::foundation::durable::OverAllowance;
use crate::index::search::{PatternError, QueryError};
use crate::index::{FilterError, IndexError};
use crate::run::gc::GcError;
use crate::run::{RunError, RunId};
use crate::schema::Reason;
use crate::upgrade::install::quote;
use crate::workspace::config::MAX_BYTES;
use crate::workspace::user;
use crate::workspace::{ConfigError, LayoutError, WorkspaceError};

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
    fn way_out(self, path: &Path, error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::PermissionDenied => self.hint(format_args!(
                "see who may read and write it: ls -ld {}",
                quote(path)
            )),
            io::ErrorKind::ReadOnlyFilesystem => {
                self.hint("mount the file system for writing, then run the command again")
            }
            io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory => {
                self.hint("a file has the name of a folder: choose another, or move it away")
            }
            io::ErrorKind::InvalidFilename => self.hint("choose a shorter name"),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                self.hint("make room on the disk, then run the command again")
            }
            _ => self,
        }
    }

    /// Standard output cannot be written.
    pub(crate) fn stdout(error: &io::Error) -> Self {
        Self::new(
            Exit::Failed,
            "io",
            format_args!("cannot write to standard output: {error}"),
        )
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

impl From<WorkspaceError> for Failure {
    fn from(error: WorkspaceError) -> Self {
        let text = error.to_string();
        match error {
            WorkspaceError::NotFound { .. } => {
                Self::new(Exit::Usage, "no_workspace", text).hint("auditgraph init")
            }
            WorkspaceError::NotAWorkspace { root } => Self::new(Exit::Usage, "no_workspace", text)
                .hint(format_args!("auditgraph init {}", quote(&root))),
            WorkspaceError::NotAFolder { root } => Self::new(Exit::Usage, "no_workspace", text)
                .path(root.display())
                .hint("name a folder; auditgraph init DIR makes one a workspace"),
            WorkspaceError::Io { path, .. } => {
                Self::new(Exit::Failed, "io", text).path(path.display())
            }
            WorkspaceError::Config(error) => error.into(),
        }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        match error {
            ConfigError::Io { path, source } => Self::io("read", &path, &source),
            ConfigError::Unfit { ref path, .. } => Self::new(Exit::Usage, "config", &error)
                .path(path.display())
                .hint(format_args!(
                    "put a file of at most {MAX_BYTES} bytes in its place, or move it away"
                )),
            ConfigError::Refused {
                path,
                line,
                column,
                message,
                hint,
            } => {
                let failure = Self::new(Exit::Usage, "config", message)
                    .path(path.display())
                    .at(line, column);
                match hint {
                    Some(hint) => failure.hint(hint),
                    None => failure,
                }
            }
        }
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        let text = error.to_string();
        match error {
            RunError::RebuildRequired { run, reason } => Self::rebuild(run, &reason, text),
            RunError::NoRun => Self::new(Exit::Failed, "no_run", text).hint("auditgraph ingest"),
            RunError::UnknownRun(run) => Self::new(Exit::Failed, "unknown_run", text)
                .run(run)
                .hint("auditgraph runs"),
            RunError::Busy(busy) => Self::new(Exit::Busy, "busy", text)
                .why("nothing was changed; reading commands go on meanwhile")
                .hint("wait until it is done, then run the command again")
                .detail("pid", busy.pid),
            RunError::Superseded { current } => Self::new(Exit::Busy, "superseded", text)
                .run(current)
                .why("what it published stands; nothing of this command was kept")
                .hint("run the command again"),
            RunError::Unsynced { run, .. } => Self::new(Exit::Failed, "io", text)
                .run(run)
                .hint("auditgraph verify"),
            RunError::Damaged(_) => Self::damaged(text),
            RunError::Layout(LayoutError::NotAFolder(path)) => {
                Self::new(Exit::Failed, "layout", text).path(path.display())
            }
            RunError::Index(error) if error.is_damage() => Self::damaged(text),
            RunError::Io { path, source } => Self::run_io(&path, &source),
            RunError::Layout(LayoutError::Io { path, source }) => Self::run_io(&path, &source),
            RunError::Glob(_) => Self::new(Exit::Usage, "config", text)
                .hint("use fewer or simpler globs in [sources] of auditgraph.toml"),
            RunError::Build(_) => Self::build(text),
            RunError::Root(_) | RunError::Index(_) => Self::new(Exit::Failed, "io", text),
        }
    }
}

impl From<IndexError> for Failure {
    fn from(error: IndexError) -> Self {
        RunError::from(error).into()
    }
}

impl From<QueryError> for Failure {
    fn from(error: QueryError) -> Self {
        Self::usage(&error)
            .hint(error.hint)
            .detail("column", error.column)
    }
}

impl From<PatternError> for Failure {
    fn from(error: PatternError) -> Self {
        Self::usage(&error).hint("write [*] [?] [[] [{] where the character itself is meant")
    }
}

impl From<FilterError> for Failure {
    fn from(error: FilterError) -> Self {
        Self::usage(error).hint("auditgraph list --help")
    }
}

impl From<GcError> for Failure {
    fn from(error: GcError) -> Self {
        let text = error.to_string();
        match error {
            GcError::Run(error) => error.into(),
            GcError::KeepNone => Self::usage(text).hint("auditgraph gc --keep 1 --dry-run"),
            GcError::Current(run) => Self::usage(text)
                .run(run)
                .why("once a rebuild has made another run current, this one can go")
                .hint("auditgraph rebuild"),
            GcError::Newest(run) => Self::usage(text).run(run).hint("auditgraph rebuild"),
            GcError::Unknown(_) => {
                Self::new(Exit::Failed, "unknown_run", text).hint("auditgraph runs")
            }
        }
    }
}

impl Failure {
    /// A run that this version cannot read (FR-006, FR-007).
    fn rebuild(run: Option<RunId>, reason: &Reason, text: String) -> Self {
        let failure = Self::new(Exit::RebuildRequired, "rebuild_required", text)
            .why("nothing was changed; a rebuild reads the sources again and writes a new run beside the old")
            .hint("auditgraph rebuild")
            .detail("reason", reason.name())
            .detail("schema", reason);
        match run {
            Some(run) => failure.run(run),
            None => failure,
        }
    }

    /// What is stored is not what was written.
    fn damaged(text: String) -> Self {
        Self::new(Exit::VerificationFailed, "damaged", text)
            .why("auditgraph verify lists everything that is not as it was written; a rebuild needs the sources alone")
            .hint("auditgraph rebuild")
    }

    /// What is larger than memory should hold is built outside the workspace.
    fn build(text: String) -> Self {
        let folder = user::cache_dir().unwrap_or_else(std::env::temp_dir);
        Self::new(Exit::Failed, "io", text)
            .path(folder.display())
            .why("the run that was current still is; large artifacts are built in this folder")
            .hint("see that it has room and can be written, or set XDG_CACHE_HOME to another")
    }

    /// An I/O error below a profile. The metered writer's refusal is one: the
    /// plan was wrong, the writer stopped in time.
    fn run_io(path: &Path, error: &io::Error) -> Self {
        let refused = error
            .get_ref()
            .is_some_and(<dyn std::error::Error + Send + Sync>::is::<OverAllowance>);
        let text = format!("{}: {error}", path.display());
        let failure = if refused {
            Self::new(Exit::OverBudget, "over_budget", text).hint("auditgraph status")
        } else {
            Self::new(Exit::Failed, "io", text).way_out(path, error)
        };
        failure
            .path(path.display())
            .why("the run that was current still is")
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
