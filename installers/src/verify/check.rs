//! What a check is: a value, so that it can be listed before it is run.

use std::io;
use std::process::Command;
use std::time::Duration;

use crate::process::Log;
use crate::project::Project;
use crate::tools::{Toolbox, path_with};

/// Longest time that one command of a check may take.
pub(crate) const LIMIT: Duration = Duration::from_secs(20 * 60);

/// One check of the repository.
pub(crate) struct Check {
    /// Its name, as in `--only NAME`.
    pub(crate) name: String,
    /// What it proves, in a few words.
    pub(crate) proves: String,
    /// Tools it needs, by their names in `release.toml`.
    pub(crate) needs: Vec<String>,
    /// It measures time, so nothing else may run beside it.
    pub(crate) alone: bool,
    /// It uses nothing that others use, so those after it run meanwhile.
    pub(crate) beside: bool,
    /// What it does.
    pub(crate) action: Action,
}

/// Makes the commands of a check.
pub(crate) type Commands = dyn Fn(&Context<'_>) -> io::Result<Vec<Command>> + Send + Sync;
/// Does what a check does, and says how it ended.
pub(crate) type Call = dyn Fn(&Context<'_>, &mut Log) -> io::Result<Outcome> + Send + Sync;

/// What a check does.
pub(crate) enum Action {
    /// Runs commands in order; the first that fails is the check's failure.
    Commands(Box<Commands>),
    /// Does something that no command does.
    Call(Box<Call>),
}

/// What a check can use while it runs.
pub(crate) struct Context<'a> {
    /// The project that is checked.
    pub(crate) project: &'a Project,
    /// The tools, those that the check needs already installed.
    pub(crate) tools: &'a Toolbox,
}

/// How a check ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It held.
    Passed,
    /// It did not hold, or could not be run; says why.
    Failed(String),
    /// There is nothing here that it could be run on; says why.
    Skipped(String),
}

impl Context<'_> {
    /// Cargo with these arguments, in the workspace.
    pub(crate) fn cargo(&self, args: &[&str]) -> Command {
        let mut command = self.project.cargo();
        command.args(args);
        command
    }

    /// An installed tool with these arguments, in the workspace.
    pub(crate) fn tool(&self, tool: &str, args: &[&str]) -> io::Result<Command> {
        let mut command = self.tools.command(tool).map_err(io::Error::other)?;
        command.args(args).current_dir(&self.project.root);
        Ok(command)
    }

    /// Cargo with these arguments and with `tools` first on the path.
    pub(crate) fn cargo_with(&self, tools: &[String], args: &[&str]) -> io::Result<Command> {
        let mut command = self.cargo(args);
        let found = tools.iter().map(|tool| self.tools.ensure(tool));
        let found = found
            .collect::<Result<Vec<_>, _>>()
            .map_err(io::Error::other)?;
        command.env(
            "PATH",
            path_with(found.iter().filter_map(|path| path.parent())),
        );
        Ok(command)
    }
}

impl Check {
    /// A check that runs the commands which `commands` makes.
    pub(crate) fn commands(
        name: impl Into<String>,
        proves: impl Into<String>,
        commands: impl Fn(&Context<'_>) -> io::Result<Vec<Command>> + Send + Sync + 'static,
    ) -> Self {
        Self::new(name, proves, Action::Commands(Box::new(commands)))
    }

    /// A check that runs `call`.
    pub(crate) fn call(
        name: impl Into<String>,
        proves: impl Into<String>,
        call: impl Fn(&Context<'_>, &mut Log) -> io::Result<Outcome> + Send + Sync + 'static,
    ) -> Self {
        Self::new(name, proves, Action::Call(Box::new(call)))
    }

    fn new(name: impl Into<String>, proves: impl Into<String>, action: Action) -> Self {
        Self {
            name: name.into(),
            proves: proves.into(),
            needs: Vec::new(),
            alone: false,
            beside: false,
            action,
        }
    }

    /// The same check, needing these tools as well.
    pub(crate) fn needing<S: Into<String>>(mut self, tools: impl IntoIterator<Item = S>) -> Self {
        self.needs.extend(tools.into_iter().map(Into::into));
        self
    }

    /// The same check, with those after it running meanwhile.
    pub(crate) fn beside(mut self) -> Self {
        self.beside = true;
        self
    }

    /// The same check, run while nothing else is: it measures time.
    pub(crate) fn alone(mut self) -> Self {
        self.alone = true;
        self
    }
}
