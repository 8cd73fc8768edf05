//! How fast the core is, each figure as a ratio against a limit measured in
//! the same run: `cargo bench --bench core`.
//!
//! The limit of a full ingest is to walk, read, hash and parse the same files
//! with all cores, a warm cache and the same crates; that of an ingest with
//! nothing changed is a Rust program that walks the tree and does nothing but
//! `stat` each file; that of `version` is one that does nothing at all. Nothing here fails for being slow:
//! a figure over its bound is marked, and docs/performance.md tells more.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use auditgraph::source::{Root, Selection, read, scan};
use auditgraph::workspace::Config;
use rayon::prelude::*;

const BINARY: &str = env!("CARGO_BIN_EXE_auditgraph");

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Outcome<()> {
    let scratch = std::env::temp_dir().join(format!("auditgraph-bench-{}", std::process::id()));
    fs::create_dir_all(&scratch)?;
    let outcome = run(&scratch);
    fs::remove_dir_all(&scratch)?;
    outcome
}

fn run(scratch: &Path) -> Outcome<()> {
    let bench = Bench {
        home: scratch.join("home"),
        walk: peer(scratch, "walk")?,
    };
    fs::create_dir_all(&bench.home)?;
    bench.start(scratch)?;
    let corpus = scratch.join("corpus");
    let what = unpack_corpus(&corpus)?;
    bench.workspace(&what, &corpus, 4.0, 2.0, "rust-book/README.md")?;
    let notes = scratch.join("notes");
    make_notes(&notes)?;
    bench.workspace(
        "40,000 notes of 500 bytes in one folder",
        &notes,
        6.0,
        4.0,
        "note-20000.md",
    )?;
    fs::remove_dir_all(&notes)?;
    let repeated = scratch.join("repeated");
    for copy in 0..30 {
        copy_tree(&corpus, &repeated.join(copy.to_string()))?;
    }
    bench.memory("the first workspace, 30 times", &repeated)
}

struct Bench {
    home: PathBuf,
    /// The program that walks and does nothing else.
    walk: PathBuf,
}

impl Bench {
    fn command(&self, root: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(BINARY);
        command
            .args(arguments)
            .arg("--root")
            .arg(root)
            .env_clear()
            .env("HOME", &self.home)
            .stdout(Stdio::null());
        command
    }

    fn time(&self, root: &Path, arguments: &[&str]) -> Outcome<Duration> {
        time(&mut self.command(root, arguments))
            .map_err(|error| format!("{arguments:?} failed: {error}").into())
    }

    /// `version` against a program that does nothing.
    fn start(&self, scratch: &Path) -> Outcome<()> {
        println!("start-up");
        let empty = peer(scratch, "empty")?;
        let limit = median(101, || time(Command::new(&empty).env_clear()))?;
        let version = median(101, || {
            time(
                Command::new(BINARY)
                    .arg("version")
                    .env_clear()
                    .stdout(Stdio::null()),
            )
        })?;
        ratio("version / an empty Rust program", version, limit, 2.0);
        println!();
        Ok(())
    }

    /// One workspace: full ingest, nothing changed, one edit, a query.
    fn workspace(
        &self,
        what: &str,
        root: &Path,
        full_bound: f64,
        edit_percent: f64,
        edited: &str,
    ) -> Outcome<()> {
        println!("{what}");
        self.time(root, &["init"])?;
        let (limit, bytes) = limit(root)?;
        let walk = median(21, || {
            time(
                Command::new(&self.walk)
                    .arg(root)
                    .env_clear()
                    .stdout(Stdio::null()),
            )
        })?;
        let full = median(5, || {
            let _ = fs::remove_dir_all(root.join(".pkg"));
            self.time(root, &["ingest"])
        })?;
        #[expect(
            clippy::cast_precision_loss,
            reason = "a rate, printed with one decimal"
        )]
        let rate = |time: Duration| bytes as f64 / 1e6 / time.as_secs_f64();
        println!("  sources           {bytes} bytes");
        println!(
            "  limit             {:.1} ms, {:.1} MB/s",
            ms(limit),
            rate(limit)
        );
        println!(
            "  full ingest       {:.1} ms, {:.1} MB/s",
            ms(full),
            rate(full)
        );
        ratio("full ingest / limit", full, limit, full_bound);
        let footprint = folder_bytes(&root.join(".pkg"))?;
        share("footprint / sources", footprint, bytes, 100.0);
        // Until no file's time stamp is too fresh to be trusted.
        std::thread::sleep(Duration::from_millis(100));
        let _ = fs::remove_dir_all(root.join(".pkg"));
        self.time(root, &["ingest"])?;
        let same = median(21, || self.time(root, &["ingest"]))?;
        ratio("nothing changed / walk and stat", same, walk, 2.0);
        let cache = root.join(".pkg/profiles/default/cache");
        let mut added = 0;
        let mut edits = 0;
        let edit = median(11, || {
            edits += 1;
            let mut text = fs::read_to_string(root.join(edited))?;
            writeln!(text, "\nEdit {edits}.")?;
            fs::write(root.join(edited), text)?;
            let before = folder_bytes(&root.join(".pkg"))? - folder_bytes(&cache)?;
            let elapsed = self.time(root, &["ingest"])?;
            added = folder_bytes(&root.join(".pkg"))? - folder_bytes(&cache)? - before;
            Ok(elapsed)
        })?;
        println!("  one edit          {:.1} ms", ms(edit));
        percent(
            "one edit / full ingest",
            edit.as_secs_f64() / full.as_secs_f64() * 100.0,
            15.0,
        );
        share("an edit adds, beside the index", added, bytes, edit_percent);
        let query = median(21, || self.time(root, &["query", "reference"]))?;
        println!(
            "  query, whole process  {:.1} ms (bound 15 ms){}",
            ms(query),
            over(ms(query) > 15.0)
        );
        self.peak(root)?;
        println!();
        Ok(())
    }

    fn memory(&self, what: &str, root: &Path) -> Outcome<()> {
        println!("{what}");
        self.time(root, &["init"])?;
        let bytes = limit(root)?.1;
        println!("  sources           {bytes} bytes");
        self.peak(root)
    }

    /// Peak memory of a full ingest.
    fn peak(&self, root: &Path) -> Outcome<()> {
        let _ = fs::remove_dir_all(root.join(".pkg"));
        let mut child = self.command(root, &["ingest"]).spawn()?;
        let status = format!("/proc/{}/status", child.id());
        let mut peak = 0u64;
        while child.try_wait()?.is_none() {
            let text = fs::read_to_string(&status).unwrap_or_default();
            let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let kib = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
            peak = peak.max(kib.unwrap_or(0));
            std::thread::sleep(Duration::from_millis(1));
        }
        println!(
            "  peak memory       {} MiB (bound 150 MiB){}",
            peak / 1024,
            over(peak > 150 * 1024)
        );
        Ok(())
    }
}

/// Walk, read, hash and parse with all cores.
fn limit(root: &Path) -> Outcome<(Duration, u64)> {
    let config = Config::default();
    let selection = Selection::new(&config.sources)?;
    let mut bytes = 0;
    let time = median(5, || {
        let started = Instant::now();
        let root = Root::open(root)?;
        let found = scan(&root, &selection)?.files;
        let lengths: Vec<u64> = found
            .par_iter()
            .filter_map(|file| {
                let source = read(&root, file, config.sources.max_file_bytes);
                let source = source.ok()?.ok()?;
                let options = pulldown_cmark::Options::ENABLE_TABLES;
                let events = pulldown_cmark::Parser::new_ext(&source.text, options).count();
                std::hint::black_box(events);
                Some(source.text.len() as u64)
            })
            .collect();
        bytes = lengths.iter().sum();
        Ok(started.elapsed())
    })?;
    Ok((time, bytes))
}

/// A program of `benches/peers`, compiled with optimisation.
fn peer(scratch: &Path, name: &str) -> Outcome<PathBuf> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers");
    let program = scratch.join(name);
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let status = Command::new(rustc)
        .args(["--edition", "2024", "-O", "-o"])
        .arg(&program)
        .arg(source.join(format!("{name}.rs")))
        .status()?;
    if !status.success() {
        return Err(format!("rustc failed on {name}.rs").into());
    }
    Ok(program)
}

fn time(command: &mut Command) -> Outcome<Duration> {
    let started = Instant::now();
    let status = command.status()?;
    let elapsed = started.elapsed();
    if status.success() {
        Ok(elapsed)
    } else {
        Err(status.to_string().into())
    }
}

fn median(runs: usize, mut run: impl FnMut() -> Outcome<Duration>) -> Outcome<Duration> {
    run()?;
    let mut times = (0..runs).map(|_| run()).collect::<Outcome<Vec<_>>>()?;
    times.sort();
    Ok(times[runs / 2])
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn over(is_over: bool) -> &'static str {
    if is_over { "  OVER ITS BOUND" } else { "" }
}

fn ratio(what: &str, time: Duration, limit: Duration, bound: f64) {
    let ratio = time.as_secs_f64() / limit.as_secs_f64();
    println!(
        "  {what}: {:.2} ms / {:.2} ms = {ratio:.2} (bound {bound}){}",
        ms(time),
        ms(limit),
        over(ratio > bound)
    );
}

fn percent(what: &str, percent: f64, bound: f64) {
    println!(
        "  {what}: {percent:.1} % (bound {bound} %){}",
        over(percent > bound)
    );
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a share, printed with one decimal"
)]
fn share(what: &str, part: u64, whole: u64, bound: f64) {
    percent(what, part as f64 / whole as f64 * 100.0, bound);
}

fn folder_bytes(folder: &Path) -> Outcome<u64> {
    Ok(auditgraph::workspace::usage::measure(folder)?.total.bytes)
}

/// The documentation sets beside the checkout, or this repository's own.
fn unpack_corpus(to: &Path) -> Outcome<String> {
    fs::create_dir_all(to)?;
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let archives = repository.join("../shared/corpus");
    let mut unpacked = 0;
    for name in ["rust-book", "rust-rfcs"] {
        let archive = archives.join(format!("{name}.tar.gz"));
        if archive.exists() {
            let status = Command::new("tar")
                .arg("xzf")
                .arg(archive)
                .arg("-C")
                .arg(to)
                .status()?;
            unpacked += u32::from(status.success());
        }
    }
    if unpacked == 2 {
        return Ok("The Rust Programming Language and the Rust RFCs".to_owned());
    }
    for copy in 0..200 {
        copy_tree(&repository.join("docs"), &to.join(format!("docs-{copy}")))?;
    }
    fs::create_dir_all(to.join("rust-book"))?;
    fs::write(to.join("rust-book/README.md"), "# Edited\n")?;
    Ok("this repository's docs, 200 times (the corpus is not here)".to_owned())
}

fn make_notes(folder: &Path) -> Outcome<()> {
    const WORDS: [&str; 12] = [
        "anchor",
        "budget",
        "compiler",
        "document",
        "evidence",
        "fragment",
        "graph",
        "harbour",
        "index",
        "journal",
        "kernel",
        "reference",
    ];
    fs::create_dir_all(folder)?;
    // A small generator of our own: the same notes everywhere.
    let mut state = 1u64;
    for n in 0..40_000u32 {
        let mut text = format!(
            "# Note {n}\n\nSee [[note-{}]] and `term{}`.\n\n",
            (n * 7) % 40_000,
            n % 500
        );
        while text.len() < 500 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            text.push_str(WORDS[(state >> 33) as usize % WORDS.len()]);
            let _ = write!(text, " {} ", (state >> 40) % 97);
        }
        fs::write(folder.join(format!("note-{n}.md")), text)?;
    }
    Ok(())
}

fn copy_tree(from: &Path, to: &Path) -> Outcome<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        if entry.file_name() == ".pkg" {
            continue;
        }
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_tree(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
