//! Plays the steps of the demo: types each into a shell, shows what it prints.

use std::ffi::OsString;
use std::fs;
use std::io::{self, BufRead, BufReader, PipeReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::script::{Place, Step};
use crate::project::Project;

/// Where the demo plays, and what plays along.
pub(crate) struct Stage {
    /// The workspace; it stays when the demo is over.
    pub(crate) workspace: PathBuf,
    repository: PathBuf,
    /// Holds the product as it was built for the demo, first on the path.
    bin: PathBuf,
    /// Stands in for the user's state and configuration.
    home: PathBuf,
    version: String,
    servers: Vec<Child>,
    url: Option<String>,
}

/// What a step did.
pub(crate) struct Shown {
    /// Its exit code; none if a signal ended it.
    pub(crate) exit: Option<i32>,
    /// What it printed, both streams as they came.
    pub(crate) output: String,
}

impl Stage {
    /// An empty stage in cargo's target directory; a former one is removed.
    pub(crate) fn new(project: &Project) -> io::Result<Self> {
        let root = project.target.join("demo");
        match fs::remove_dir_all(&root) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let stage = Self {
            workspace: root.join("workspace"),
            repository: project.root.clone(),
            bin: root.join("bin"),
            home: root.join("home"),
            version: project.version.clone(),
            servers: Vec::new(),
            url: None,
        };
        for dir in [&stage.workspace, &stage.bin, &stage.home] {
            fs::create_dir_all(dir)?;
        }
        Ok(stage)
    }

    /// Takes the product at `binary` onto the stage, so that what is built
    /// later does not change it.
    pub(crate) fn bring(&self, binary: &Path) -> io::Result<()> {
        let name = binary.file_name().unwrap_or(binary.as_os_str());
        fs::copy(binary, self.bin.join(name)).map(drop)
    }

    /// Copies the sources that exist into the workspace.
    pub(crate) fn copy_sources(&self, sources: &[PathBuf]) -> io::Result<()> {
        for source in sources {
            let from = self.repository.join(source);
            if from.exists() {
                copy_tree(&from, &self.workspace.join(source))?;
            }
        }
        Ok(())
    }

    /// The folders with the product that are there: as it was built for the
    /// demo, and as the script installed it, which comes first on the path.
    pub(crate) fn programs(&self) -> impl Iterator<Item = PathBuf> {
        let installed = self.root().join("script/.local/bin");
        [self.bin.clone(), installed]
            .into_iter()
            .filter(|folder| folder.is_dir())
    }

    /// The first of `programs` that is not to be found.
    pub(crate) fn missing<'a>(&self, programs: &'a [String]) -> Option<&'a str> {
        let path = self.path();
        let here =
            |program: &str| std::env::split_paths(&path).any(|dir| dir.join(program).is_file());
        let mut programs = programs.iter().map(String::as_str);
        programs.find(|program| !here(program))
    }

    fn root(&self) -> &Path {
        self.home.parent().unwrap_or(&self.home)
    }

    /// Where the steps find programs; web servers lie where root looks.
    fn path(&self) -> OsString {
        let inherited = std::env::var_os("PATH").unwrap_or_default();
        let mut dirs: Vec<PathBuf> = self.programs().collect();
        dirs.reverse();
        dirs.extend(std::env::split_paths(&inherited));
        dirs.push("/usr/sbin".into());
        std::env::join_paths(dirs).unwrap_or(inherited)
    }

    /// How many lines a source in the workspace has; none if there is no such file.
    pub(crate) fn lines_of(&self, path: &str) -> Option<usize> {
        let text = fs::read_to_string(self.workspace.join(path)).ok()?;
        Some(text.lines().count())
    }

    /// Types the step into a shell, where `$DEMO` is the demo's folder,
    /// `$VERSION` the product's version, `$NEXT` and `$AFTER` later ones and
    /// `$URL` the address of the last server, and shows what it prints as it
    /// comes.
    pub(crate) fn play(&mut self, step: &Step) -> io::Result<Shown> {
        let (reader, writer) = io::pipe()?;
        let mut command = self.shell(step);
        command
            .stdin(Stdio::null())
            .stdout(writer.try_clone()?)
            .stderr(writer);
        let mut child = command.spawn()?;
        // The command holds the pipe's other end: reading would never end.
        drop(command);
        let mut lines = BufReader::new(reader);
        if step.server {
            return self.keep(child, lines);
        }
        let mut output = String::new();
        while show_line(&mut lines, &mut output)? {}
        Ok(Shown {
            exit: child.wait()?.code(),
            output,
        })
    }

    /// Waits for a server's address and lets it run.
    fn keep(&mut self, mut child: Child, mut lines: BufReader<PipeReader>) -> io::Result<Shown> {
        let mut output = String::new();
        let mut url = None;
        while url.is_none() && show_line(&mut lines, &mut output)? {
            let mut words = output.split_whitespace();
            url = words
                .find(|word| word.starts_with("http"))
                .map(String::from);
        }
        if url.is_none() {
            let exit = child.wait()?.code().filter(|code| *code != 0).or(Some(1));
            return Ok(Shown { exit, output });
        }
        self.url = url;
        self.servers.push(child);
        // What it prints from now on is read and dropped, or it would block.
        std::thread::spawn(move || io::copy(&mut lines, &mut io::sink()));
        Ok(Shown {
            exit: Some(0),
            output,
        })
    }

    fn shell(&self, step: &Step) -> Command {
        let place = match step.place {
            Place::Workspace => self.workspace.clone(),
            Place::Repository => self.repository.clone(),
            Place::Source => self.root().join("source"),
        };
        // A server takes the shell's place, so that ending one ends the other.
        let run = if step.server {
            format!("exec {}", step.run)
        } else {
            step.run.clone()
        };
        let mut command = Command::new("sh");
        command
            .args(["-e", "-c", &run])
            .current_dir(place)
            .env("PATH", self.path())
            .env("VERSION", &self.version)
            .env("NEXT", later(&self.version, 1))
            .env("AFTER", later(&self.version, 2))
            .env("DEMO", self.root())
            .env("XDG_STATE_HOME", self.home.join("state"))
            .env("XDG_CONFIG_HOME", self.home.join("config"));
        if step.place == Place::Source {
            // What it compiles is kept with what the checkout compiles.
            command.env(
                "CARGO_TARGET_DIR",
                self.root().parent().unwrap_or(&self.home),
            );
        }
        if let Some(url) = &self.url {
            command.env("URL", url);
        }
        command
    }
}

/// The version that comes `minors` minor versions after `version`.
fn later(version: &str, minors: u64) -> String {
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0u64));
    let (major, minor) = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    format!("{major}.{}.0", minor + minors)
}

impl Drop for Stage {
    fn drop(&mut self) {
        for server in &mut self.servers {
            // One that has ended by itself is no concern any more.
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}

/// Shows one line and adds it to `output`; false at the end.
fn show_line(lines: &mut BufReader<PipeReader>, output: &mut String) -> io::Result<bool> {
    let mut line = Vec::new();
    if lines.read_until(b'\n', &mut line)? == 0 {
        return Ok(false);
    }
    let line = String::from_utf8_lossy(&line);
    let mut stdout = io::stdout().lock();
    write!(stdout, "  {line}")?;
    if !line.ends_with('\n') {
        writeln!(stdout)?;
    }
    stdout.flush()?;
    output.push_str(&line);
    Ok(true)
}

fn copy_tree(from: &Path, to: &Path) -> io::Result<()> {
    if !from.is_dir() {
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent)?;
        }
        return fs::copy(from, to).map(drop);
    }
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        copy_tree(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}
