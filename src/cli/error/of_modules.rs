//! The errors of every module below as failures: exit code, kind, place and
//! next command.

use std::io;
use std::path::Path;

use super::{Failure, MOVE_AWAY};
use crate::cli::exit::Exit;
use crate::foundation::meter::OverAllowance;
use crate::foundation::shell::quote;
use crate::index::search::{PatternError, QueryError};
use crate::index::{FilterError, IndexError};
use crate::run::gc::GcError;
use crate::run::{RunError, RunId};
use crate::schema::Reason;
use crate::source::CannotRead;
use crate::workspace::config::MAX_BYTES;
use crate::workspace::user;
use crate::workspace::{ConfigError, LayoutError, WorkspaceError};

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
            WorkspaceError::Io { path, source } => Self::new(Exit::Failed, "io", text)
                .path(path.display())
                .way_out(&path, &source),
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
                let correct = "correct this line, or remove it: every setting has a default";
                Self::new(Exit::Usage, "config", message)
                    .path(path.display())
                    .at(line, column)
                    .hint(hint.as_deref().unwrap_or(correct))
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
                .run_if_known(current)
                .why("what it did stands; nothing of this command was kept")
                .hint("run the command again"),
            RunError::Unsynced { run, .. } => Self::new(Exit::Failed, "io", text)
                .run(run)
                .hint("auditgraph verify"),
            RunError::Damaged(_) => Self::damaged(text),
            RunError::LastOrdinal(path) => Self::new(Exit::VerificationFailed, "damaged", text)
                .path(path.display())
                .why("nothing was changed")
                .hint(MOVE_AWAY),
            RunError::Layout(LayoutError::NotAFolder(path)) => {
                Self::new(Exit::Failed, "layout", text)
                    .path(path.display())
                    .hint(MOVE_AWAY)
            }
            RunError::Index(error) if error.is_damage() => Self::damaged(text).blame_index(),
            RunError::Io { path, source } => Self::run_io(&path, &source),
            RunError::Layout(LayoutError::Io { path, source }) => Self::run_io(&path, &source),
            RunError::Threads(_) => Self::new(Exit::Failed, "io", text)
                .why("nothing was changed")
                .hint("let this user run more processes (ulimit -u), then run the command again"),
            RunError::TooMany(_) => Self::new(Exit::Usage, "config", text)
                .why("nothing was changed")
                .hint("narrow [sources] in auditgraph.toml"),
            RunError::Glob(_) => Self::new(Exit::Usage, "config", text)
                .hint("use fewer or simpler globs in [sources] of auditgraph.toml"),
            RunError::Build(_) => Self::build(text),
            RunError::Sources(CannotRead { path, source }) => Self::io("read", &path, &source),
            RunError::Index(_) => Self::new(Exit::Failed, "io", text),
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
        match error {
            FilterError::Pattern(error) => error.into(),
            error => Self::usage(error).hint("auditgraph list --help"),
        }
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
        Self::new(Exit::RebuildRequired, "rebuild_required", text)
            .why("nothing was changed; a rebuild reads the sources again and writes a new run beside the old")
            .hint("auditgraph rebuild")
            .detail("reason", reason.name())
            .detail("schema", reason)
            .run_if_known(run)
    }

    /// What is stored is not what was written.
    fn damaged(text: String) -> Self {
        Self::new(Exit::VerificationFailed, "damaged", text)
            .why("auditgraph verify lists everything that is not as it was written; a rebuild needs the sources alone")
            .hint("auditgraph rebuild")
    }

    /// What is larger than memory should hold is built outside the workspace.
    fn build(text: String) -> Self {
        let folder = user::scratch_dir();
        Self::new(Exit::Failed, "io", text)
            .path(folder.display())
            .why("no other run was made current; large artifacts are built in this folder")
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
            .why("no other run was made current")
    }
}
