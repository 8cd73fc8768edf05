//! From the command to the swapped binary, on the loopback address, against a
//! plain download and rename of the same archive in the same run: promised are
//! 300 ms more, with 100 workspaces known and all of them compatible.
//!
//! Builds two versions for release, and needs nginx.
#![allow(clippy::unwrap_used)]

use std::error::Error;
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use auditgraph::upgrade::http::{Connection, Http};
use auditgraph::upgrade::trust::Origin;
use auditgraph::workspace::known::Known;
use site::Site;
use versions::{COMPATIBLE, OLD, build};

#[path = "../tests/shared/executable.rs"]
mod executable;
#[path = "../tests/shared/nginx.rs"]
#[allow(unreachable_pub)]
mod nginx;
#[path = "../tests/trust/repository.rs"]
#[allow(dead_code, unreachable_pub)]
mod repository;
#[path = "../tests/shared/site.rs"]
#[allow(dead_code)]
mod site;
#[path = "../tests/shared/trees.rs"]
mod trees;
#[path = "../tests/shared/versions.rs"]
#[allow(dead_code)]
mod versions;
#[path = "shared/workspaces.rs"]
mod workspaces;

const WORKSPACES: usize = 100;
const RUNS: usize = 10;
const ROUNDS: usize = 15;
const PROMISE: Duration = Duration::from_millis(300);

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let old = build(OLD, "release");
    let new = fs::read(build(COMPATIBLE, "release"))?;
    let mut site = Site::new();
    let name = site.publish_executable(COMPATIBLE, &new);
    let archive = site.url() + &site.repository.place(&name);
    let home = Home::new(&site, &old)?;
    let (mut updates, mut plains) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        home.reset(&old)?;
        updates.push(home.update(&site, &new)?);
        plains.push(home.download(&site, &archive)?);
    }
    let (update, plain) = (median(updates), median(plains));
    let more = update.saturating_sub(plain);
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    println!(
        "self-update, {WORKSPACES} compatible workspaces with {} runs: {:.0} ms; download and rename of the same archive ({:.1} MB): {:.0} ms; difference {:.0} ms, medians of {ROUNDS} (promised: under {} ms)",
        WORKSPACES * RUNS,
        ms(update),
        fs::metadata(home.path().join("plain"))?.len() as f64 / 1e6,
        ms(plain),
        ms(more),
        PROMISE.as_millis(),
    );
    Ok(if more < PROMISE {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// A home with an installed program and many workspaces.
struct Home(tempfile::TempDir);

impl Home {
    fn new(site: &Site, old: &Path) -> Result<Self, Box<dyn Error>> {
        let home = Self(tempfile::tempdir()?);
        let config = home.path().join(".config/auditgraph");
        fs::create_dir_all(&config)?;
        fs::create_dir_all(home.bin())?;
        let settings = format!("[update]\nurl = \"{}\"\n", site.url());
        fs::write(config.join("config.toml"), settings)?;
        let known = Known::at(&home.state());
        for root in workspaces::make(&home.path(), WORKSPACES, RUNS)? {
            known.record(&root)?;
        }
        home.reset(old)?;
        Ok(home)
    }

    fn path(&self) -> PathBuf {
        self.0.path().canonicalize().unwrap()
    }

    fn bin(&self) -> PathBuf {
        self.path().join(".local/bin")
    }

    fn state(&self) -> PathBuf {
        self.path().join(".local/state/auditgraph")
    }

    /// The old version, by a user who never looked for updates.
    fn reset(&self, old: &Path) -> std::io::Result<()> {
        for folder in [self.bin().join(".auditgraph"), self.state().join("trust")] {
            if folder.exists() {
                fs::remove_dir_all(folder)?;
            }
        }
        let program = self.bin().join("auditgraph");
        if program.exists() {
            fs::remove_file(&program)?;
        }
        fs::copy(old, &program)?;
        fs::set_permissions(program, fs::Permissions::from_mode(0o755))?;
        let receipt = serde_json::json!({
            "binaries": ["auditgraph"],
            "install_layout": "flat",
            "install_prefix": self.bin(),
            "version": OLD.number,
        });
        let path = self
            .path()
            .join(".config/auditgraph/auditgraph-receipt.json");
        fs::write(path, receipt.to_string())
    }

    /// The whole command, as a process.
    fn update(&self, site: &Site, new: &[u8]) -> Result<Duration, Box<dyn Error>> {
        let program = self.bin().join("auditgraph");
        let mut command = Command::new(&program);
        command
            .arg("self-update")
            .current_dir(self.path())
            .env_clear()
            .env("HOME", self.path())
            .env("SSL_CERT_FILE", site.authority())
            .stdin(Stdio::null());
        let start = Instant::now();
        let output = command.output()?;
        let time = start.elapsed();
        if !output.status.success() || fs::read(program)? != new {
            return Err(format!("it did not update: {output:?}").into());
        }
        Ok(time)
    }

    /// What an updater without any promise does.
    fn download(&self, site: &Site, archive: &str) -> Result<Duration, Box<dyn Error>> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let start = Instant::now();
        let http = Http::new(&Connection {
            certificates: Some(site.authority()),
            ..Connection::default()
        })?;
        let staged = self.path().join("plain.part");
        let mut file = fs::File::create(&staged)?;
        runtime.block_on(async {
            let mut body = http.open(&archive.parse()?, 0).await?;
            while let Some(chunk) = body.chunks.next().await? {
                file.write_all(&chunk)?;
            }
            Ok::<(), Box<dyn Error>>(())
        })?;
        fs::rename(&staged, self.path().join("plain"))?;
        Ok(start.elapsed())
    }
}
