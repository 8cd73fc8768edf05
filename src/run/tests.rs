//! Runs from end to end, inside the library: each test is a small story.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use tempfile::TempDir;

use super::gc::Choice;
use super::*;
use crate::foundation::Sha256;
use crate::foundation::progress::{Phase, Progress, Silent};
use crate::graph::WorkspacePath;
use crate::workspace::{Layout, ProfileName, Workspace};

mod index;
mod packs;
mod recovery;
mod stranger;
mod verifying;
mod walk;

struct Story {
    folder: TempDir,
}

impl Story {
    fn new() -> Self {
        let story = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        story.write("auditgraph.toml", "");
        story.write(
            "a.md",
            "# Alpha\n\nSee [beta](docs/b.md#two) and ![p](img/p.png).\n",
        );
        story.write(
            "docs/b.md",
            "# Beta\n\n## Two\n\nUse `tokio` #async. [gone](gone.md)\n",
        );
        story.write("img/p.png", "not a source");
        for n in 0..20 {
            story.write(
                &format!("notes/{n}.md"),
                &format!("# Note {n}\n\n{}\n", "word ".repeat(200)),
            );
        }
        story
    }

    /// One that was ingested, edited and ingested again.
    fn of_two_runs() -> (Self, RunId, RunId) {
        let story = Self::new();
        let first = story.publish(Mode::Ingest).run;
        story.write("notes/1.md", "# Other\n");
        let second = story.publish(Mode::Ingest).run;
        (story, first, second)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Waits until the time stamps of all files are old enough to be believed.
    fn settle(&self) {
        let files = ["auditgraph.toml", "a.md", "notes/19.md", "n\u{fffd}.md"];
        let young = |name: &&str| {
            let file = fs::metadata(self.folder.path().join(name));
            let changed = file.and_then(|file| file.modified());
            changed.is_ok_and(|time| time.elapsed().unwrap().as_millis() < 60)
        };
        while files.iter().any(young) {
            std::thread::yield_now();
        }
    }

    fn workspace(&self) -> Workspace {
        Workspace::discover(Some(self.folder.path())).unwrap()
    }

    fn layout(&self) -> Layout {
        self.workspace().layout(&ProfileName::default())
    }

    fn plan(&self, mode: Mode) -> Planned {
        self.try_plan(mode).unwrap()
    }

    fn try_plan(&self, mode: Mode) -> Result<Planned, RunError> {
        let (workspace, profile) = (self.workspace(), ProfileName::default());
        plan(&workspace, &profile, mode, false, &Silent)
    }

    fn publish(&self, mode: Mode) -> Published {
        match self.plan(mode) {
            Planned::Run(plan) => plan.approve().unwrap().publish(&Silent).unwrap(),
            Planned::Unchanged(unchanged) => panic!("{unchanged:?}"),
        }
    }

    /// Opens the run `wanted`, or the current one.
    fn open(&self, wanted: Option<&RunId>, trust: Trust) -> Result<Session, RunError> {
        let (workspace, profile) = (self.workspace(), ProfileName::default());
        Session::open(&workspace, &profile, wanted, trust, &Silent)
    }

    /// The run that is current after an ingest, a new one or not.
    fn ingested(&self) -> RunId {
        match self.plan(Mode::Ingest) {
            Planned::Run(plan) => plan.approve().unwrap().publish(&Silent).unwrap().run,
            Planned::Unchanged(unchanged) => unchanged.run,
        }
    }

    /// The files of a run.
    fn listing(&self, run: &RunId) -> tree::Files {
        let manifest = read_manifest(&self.layout(), run).unwrap();
        let mut objects = Objects::of(&self.layout(), &manifest);
        objects.listing(manifest.tree).unwrap().files
    }

    /// The sources of a run, with their digests.
    fn sources(&self, run: &RunId) -> BTreeMap<WorkspacePath, Sha256> {
        let sources = self
            .listing(run)
            .into_iter()
            .filter_map(|(path, entry)| match entry {
                tree::Entry::Source { sha256, .. } => Some((path, sha256)),
                tree::Entry::Refused { .. } | tree::Entry::File => None,
            });
        sources.collect()
    }

    fn verify(&self) -> verify::Report {
        verify::verify(&self.workspace(), &ProfileName::default(), &Silent).unwrap()
    }

    /// Every file under `.pkg` but the lock and the journal, with its bytes.
    fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::new();
        let mut pending = vec![self.folder.path().join(".pkg")];
        while let Some(folder) = pending.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    pending.push(path);
                } else {
                    let name = path.strip_prefix(self.layout().profile()).unwrap();
                    files.insert(name.display().to_string(), fs::read(&path).unwrap());
                }
            }
        }
        files
    }
}

#[test]
fn a_first_ingest_writes_a_run_that_verifies() {
    let story = Story::new();
    let published = story.publish(Mode::Ingest);
    assert_eq!(published.run.ordinal(), 1);
    assert_eq!(published.sources.added.len(), 22);
    assert_eq!(published.extracted, 22);
    let report = story.verify();
    assert!(report.problems.is_empty(), "{:?}", report.problems);
    assert!(report.index_checked);
    let manifest = read_manifest(&story.layout(), &published.run).unwrap();
    assert_eq!(manifest.counts["documents"], 22);
    assert_eq!(manifest.counts["files"], 1, "the image that a link names");
    assert_eq!(manifest.counts["unresolved"], 1);
    assert!(!story.layout().staging().exists());
}

#[test]
fn the_plan_knows_every_byte_it_writes() {
    let story = Story::new();
    let Planned::Run(plan) = story.plan(Mode::Ingest) else {
        panic!("a first ingest is a run");
    };
    let planned: BTreeMap<String, u64> = plan
        .files()
        .into_iter()
        .map(|file| (file.path, file.bytes))
        .collect();
    assert!(
        !story.layout().derived().exists(),
        "planning writes nothing"
    );
    let told = Told::default();
    plan.approve().unwrap().publish(&told).unwrap();
    for (path, bytes) in story.files() {
        if path != "lock" {
            assert_eq!(planned.get(&path), Some(&(bytes.len() as u64)), "{path}");
        }
    }
    // The line of the journal comes when all is done.
    let writing = planned.values().sum::<u64>() - planned["journal.jsonl"];
    assert_eq!(told.0.load(Ordering::Relaxed), writing);
}

/// Adds up what the last phase tells of.
#[derive(Default)]
struct Told(AtomicU64);

impl Progress for Told {
    fn begin(&self, _phase: Phase) {
        self.0.store(0, Ordering::Relaxed);
    }

    fn advance(&self, amount: u64) {
        self.0.fetch_add(amount, Ordering::Relaxed);
    }
}

#[test]
fn nothing_changed_writes_nothing() {
    let story = Story::new();
    let run = story.publish(Mode::Ingest).run;
    let before = story.files();
    for _ in 0..2 {
        match story.plan(Mode::Ingest) {
            Planned::Unchanged(unchanged) => assert_eq!(unchanged.run, run),
            Planned::Run(plan) => panic!("{:?}", plan.summary()),
        }
    }
    // Another machine: every stat differs, no byte does.
    fs::remove_file(story.layout().cache().join(file_names::stat_file(&run))).unwrap();
    assert!(matches!(story.plan(Mode::Ingest), Planned::Unchanged(_)));
    story.write(
        "a.md",
        &fs::read_to_string(story.folder.path().join("a.md")).unwrap(),
    );
    assert!(matches!(story.plan(Mode::Ingest), Planned::Unchanged(_)));
    assert_eq!(before.len(), story.files().len() + 1);
}

#[test]
fn one_edit_extracts_one_file_and_equals_a_rebuild() {
    let story = Story::new();
    story.publish(Mode::Ingest);
    story.write(
        "notes/7.md",
        "# Note 7\n\nRewritten, see [[b]] and [alpha](../a.md).\n",
    );
    let edited = story.publish(Mode::Ingest);
    assert_eq!(edited.extracted, 1);
    assert_eq!(edited.sources.changed.len(), 1);
    assert_eq!(edited.sources.unchanged, 21);
    assert!(story.verify().problems.is_empty());

    let manifest = |run: &RunId| read_manifest(&story.layout(), run).unwrap();
    let incremental = manifest(&edited.run);
    let rebuilt = manifest(&story.publish(Mode::Rebuild).run);
    assert_eq!(rebuilt.digest, incremental.digest);
    assert_eq!(rebuilt.index.logical, incremental.index.logical);
    assert_eq!(rebuilt.bytes_added, 0, "every object was there");
    assert!(story.verify().problems.is_empty());
}

#[test]
fn sources_and_linked_files_that_come_and_go_are_noticed() {
    let story = Story::new();
    story.publish(Mode::Ingest);
    fs::remove_file(story.folder.path().join("img/p.png")).unwrap();
    let run = story.publish(Mode::Ingest).run;
    let manifest = read_manifest(&story.layout(), &run).unwrap();
    assert_eq!(manifest.counts["unresolved"], 2);
    story.write("gone.md", "# Found\n");
    story.write("docs/gone.md", "# Found\n");
    let added = story.publish(Mode::Ingest);
    assert_eq!(added.sources.added.len(), 2);
    let manifest = read_manifest(&story.layout(), &added.run).unwrap();
    assert_eq!(
        manifest.counts["unresolved"], 1,
        "docs/b.md links to docs/gone.md"
    );
    fs::remove_file(story.folder.path().join("docs/b.md")).unwrap();
    let removed = story.publish(Mode::Ingest);
    assert_eq!(removed.sources.removed.len(), 1);
    let incremental = read_manifest(&story.layout(), &removed.run).unwrap();
    let rebuilt = story.publish(Mode::Rebuild).run;
    let rebuilt = read_manifest(&story.layout(), &rebuilt).unwrap();
    assert_eq!(rebuilt.index.logical, incremental.index.logical);
    assert_eq!(rebuilt.tree, incremental.tree);
}

#[test]
fn files_that_wikilinks_embed_and_the_root_are_no_broken_links() {
    let story = Story::new();
    let ingested = || {
        let run = story.publish(Mode::Ingest).run;
        read_manifest(&story.layout(), &run).unwrap()
    };
    story.write("docs/q.csv", "a,b\n");
    story.write(
        "docs/c.md",
        "![[p.png]] ![[img/p.png]] [[q.csv]] [up](..)\n",
    );
    let left = "docs/b.md links to docs/gone.md";
    assert_eq!(ingested().counts["unresolved"], 1, "{left}");
    story.write("README.md", "# Read me\n");
    let incremental = ingested();
    assert_eq!(incremental.counts["unresolved"], 1, "{left}");
    let rebuilt = story.publish(Mode::Rebuild).run;
    let rebuilt = read_manifest(&story.layout(), &rebuilt).unwrap();
    assert_eq!(rebuilt.index.logical, incremental.index.logical);
}

#[test]
fn an_embedded_file_is_followed_from_folder_to_folder() {
    let story = Story::new();
    story.write("docs/c.md", "![[Pic.png]] and [[x/pic.png]]\n");
    story.settle();
    // The files that the links lead to, and how many links lead nowhere.
    let leads = || {
        let run = story.ingested();
        assert_eq!(story.ingested(), run, "nothing changed");
        let files = story.listing(&run).into_iter();
        let linked = files.filter(|(_, entry)| *entry == tree::Entry::File);
        let linked: Vec<String> = linked.map(|(path, _)| path.to_string()).collect();
        let manifest = read_manifest(&story.layout(), &run).unwrap();
        (linked.join(" "), manifest.counts["unresolved"])
    };
    let left = "docs/b.md links to docs/gone.md";
    assert_eq!(leads(), ("img/p.png".to_owned(), 3), "{left}");
    story.write("a/b/pic.png", "not a source");
    assert_eq!(leads(), ("a/b/pic.png img/p.png".to_owned(), 2), "{left}");
    story.write("a/x/pic.png", "not a source");
    let both = "a/b/pic.png a/x/pic.png img/p.png";
    assert_eq!(leads(), (both.to_owned(), 1), "{left}");
    story.write("z/pic.png", "not a source");
    fs::remove_file(story.folder.path().join("a/b/pic.png")).unwrap();
    let moved = "a/x/pic.png img/p.png z/pic.png";
    assert_eq!(leads(), (moved.to_owned(), 1), "{left}");
    let incremental = story.ingested();
    let rebuilt = story.publish(Mode::Rebuild).run;
    assert_eq!(rebuilt.digest_prefix(), incremental.digest_prefix());
    assert!(story.verify().problems.is_empty());
}

#[test]
fn a_rebuild_of_unchanged_sources_adds_almost_nothing() {
    let story = Story::new();
    let first = story.publish(Mode::Ingest).run;
    let before = crate::workspace::usage::measure(story.layout().profile()).unwrap();
    let second = story.publish(Mode::Rebuild).run;
    let after = crate::workspace::usage::measure(story.layout().profile()).unwrap();
    assert_eq!(
        (second.ordinal(), first.digest_prefix()),
        (2, second.digest_prefix())
    );
    let added = after.total.bytes - before.total.bytes;
    assert!(added < 8 * 1024, "{added}");
    let index = |run: &RunId| fs::read(story.layout().cache().join(index_file(run))).unwrap();
    assert!(index(&first) == index(&second));
}

#[test]
fn gc_keeps_the_current_run_and_what_it_needs() {
    let (story, first, second) = Story::of_two_runs();
    story.write("notes/2.md", "# Other\n");
    let third = story.publish(Mode::Ingest).run;
    assert!(matches!(
        gc::plan(&story.layout(), &Choice::Runs(vec![third.to_string()])),
        Err(gc::GcError::Current(_))
    ));
    let plan = gc::plan(&story.layout(), &Choice::Keep(1)).unwrap();
    assert_eq!(plan.runs, [first.to_string(), second.to_string()]);
    plan.execute().unwrap();
    assert!(story.verify().problems.is_empty());
    let runs = list(&story.layout()).unwrap();
    assert_eq!(runs.len(), 1);
    story.write("notes/3.md", "# Other\n");
    assert_eq!(
        story.publish(Mode::Ingest).run.ordinal(),
        4,
        "never used twice"
    );
}

#[test]
fn an_ordinal_is_not_used_again_after_its_manifest_is_lost() {
    let story = Story::new();
    story.publish(Mode::Ingest);
    let second = story.publish(Mode::Rebuild).run;
    fs::remove_file(story.layout().runs().join(format!("{second}.json"))).unwrap();
    fs::remove_dir_all(story.layout().cache()).unwrap();
    assert!(matches!(
        Standing::judge(&story.layout()).unwrap(),
        Standing::RebuildRequired { .. }
    ));
    assert_eq!(story.publish(Mode::Rebuild).run.ordinal(), 3);
}

#[test]
fn a_run_that_cannot_be_read_does_not_make_the_sources_none() {
    let story = Story::new();
    let counted = || {
        let status = status::Status::take(&story.workspace(), &ProfileName::default());
        status.unwrap().budget.source_bytes
    };
    let ingested = story.publish(Mode::Ingest);
    let read = |run| read_manifest(&story.layout(), run).unwrap().source_bytes;
    let first = read(&ingested.run);
    assert_eq!(counted(), first);
    story.write("notes/new.md", "# New\n");
    let second = story.publish(Mode::Ingest).run;
    assert_ne!(read(&second), first);
    // The newest that can be read; then what an ingest would read.
    let manifest = |run: &RunId| story.layout().runs().join(manifest_file(run));
    fs::write(manifest(&second), "{}").unwrap();
    assert_eq!(counted(), first);
    fs::write(manifest(&ingested.run), "{}").unwrap();
    assert_eq!(counted(), first + "# New\n".len() as u64);
}

#[test]
fn a_plan_over_budget_cannot_be_published() {
    let story = Story::new();
    story.write("auditgraph.toml", "[budget]\nmax_bytes = 1000\n");
    let Planned::Run(plan) = story.plan(Mode::Ingest) else {
        panic!("a first ingest is a run");
    };
    let refusal = plan.approve().unwrap_err();
    assert!(refusal.assessment.projected_bytes > 1000);
    assert!(
        !story.layout().derived().exists(),
        "not one byte was written"
    );
}

#[test]
fn a_writer_that_would_pass_its_allowance_leaves_the_previous_run() {
    let story = Story::new();
    let first = story.publish(Mode::Ingest).run;
    let before = story.files();
    story.write(
        "notes/1.md",
        &format!("# Other\n{}", "new words here\n".repeat(500)),
    );
    let Planned::Run(mut plan) = story.plan(Mode::Ingest) else {
        panic!("an edit is a run");
    };
    // A plan that is wrong about what is on disk.
    plan.assessment.used_bytes = plan.assessment.limit_bytes - 100;
    let error = ApprovedPlan(*plan).publish(&Silent).unwrap_err();
    assert!(error.to_string().contains("allowance"), "{error}");
    assert!(before == story.files());
    assert_eq!(read_current(&story.layout()).unwrap().unwrap().run, first);
    assert!(
        story
            .verify()
            .problems
            .iter()
            .all(|p| p.kind == verify::Kind::Source)
    );
}

#[test]
fn an_interrupted_run_is_cleaned_up_by_the_next_writer() {
    let story = Story::new();
    let first = story.publish(Mode::Ingest).run;
    let layout = story.layout();
    let ghost = RunId::new(2, crate::foundation::Sha256::of(b"ghost"));
    fs::create_dir(layout.staging()).unwrap();
    let intent = format!(r#"{{"format":1,"run":"{ghost}","pack":null}}"#);
    fs::write(layout.staging().join("intent.json"), intent).unwrap();
    fs::write(layout.staging().join("pack.db"), "torn").unwrap();
    fs::write(layout.runs().join(format!("{ghost}.json")), "torn").unwrap();
    assert!(matches!(story.plan(Mode::Ingest), Planned::Unchanged(_)));
    assert!(!layout.staging().exists());
    assert!(!layout.runs().join(format!("{ghost}.json")).exists());
    // An intent that names the current run removes nothing.
    fs::create_dir(layout.staging()).unwrap();
    let intent = format!(r#"{{"format":1,"run":"{first}","pack":null}}"#);
    fs::write(layout.staging().join("intent.json"), intent).unwrap();
    assert!(matches!(story.plan(Mode::Ingest), Planned::Unchanged(_)));
    assert!(story.verify().problems.is_empty());
}

#[test]
fn a_foreign_profile_is_left_alone() {
    let story = Story::new();
    let foreign = ".pkg/profiles/default/runs/run_1f2e/ingest-manifest.json";
    story.write(foreign, r#"{"schema_version": "v1"}"#);
    let planned = story.try_plan(Mode::Ingest);
    let Err(RunError::RebuildRequired { reason, .. }) = planned else {
        panic!("{planned:?}");
    };
    assert_eq!(reason.name(), "foreign_layout");
    story.publish(Mode::Rebuild);
    assert!(Path::new(&story.folder.path().join(foreign)).exists());
    assert!(matches!(story.plan(Mode::Ingest), Planned::Unchanged(_)));
    assert!(
        gc::plan(&story.layout(), &Choice::Keep(1))
            .unwrap()
            .runs
            .is_empty()
    );
    let named = Choice::Runs(vec!["run_1f2e".to_owned()]);
    gc::plan(&story.layout(), &named)
        .unwrap()
        .execute()
        .unwrap();
    assert!(!story.folder.path().join(foreign).exists());
}
