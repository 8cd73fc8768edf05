//! The exit codes: part of the contract, for scripts to act on.

use std::process::ExitCode;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// The command did what was asked.
    Done = 0,
    /// It failed; the message says why.
    Failed = 1,
    /// It was asked wrongly: arguments or configuration.
    Usage = 2,
    /// The run cannot be read by this version: `auditgraph rebuild`.
    RebuildRequired = 3,
    /// The footprint budget does not allow it; nothing was written.
    OverBudget = 4,
    /// Something is not what its digest or signature says.
    VerificationFailed = 5,
    /// This installation is managed by a package manager.
    Managed = 6,
    /// Another process is writing.
    Busy = 7,
    /// `self-update --check` only: a newer version is available.
    UpdateAvailable = 10,
}

impl Exit {
    /// Every exit code, in ascending order.
    pub const ALL: [Self; 9] = [
        Self::Done,
        Self::Failed,
        Self::Usage,
        Self::RebuildRequired,
        Self::OverBudget,
        Self::VerificationFailed,
        Self::Managed,
        Self::Busy,
        Self::UpdateAvailable,
    ];

    /// The number the process exits with.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// What it means, as listed in `--help`.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Usage => "wrong arguments or configuration",
            Self::RebuildRequired => "rebuild required: run `auditgraph rebuild`",
            Self::OverBudget => "over the footprint budget, nothing was written",
            Self::VerificationFailed => "verification failed",
            Self::Managed => "this installation is managed by a package manager",
            Self::Busy => "busy: another process is writing",
            Self::UpdateAvailable => "an update is available (self-update --check)",
        }
    }

    /// The table of all exit codes, for `--help` and the man pages.
    #[must_use]
    pub fn table() -> String {
        let mut table = String::from("Exit codes:");
        for exit in Self::ALL {
            table.push_str(&format!("\n  {:<3} {}", exit.code(), exit.meaning()));
        }
        table
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
