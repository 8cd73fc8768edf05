//! Runs from end to end, inside the library: each test is a small story.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::gc::Choice;
use super::*;
use crate::foundation::Sha256;
use crate::foundation::progress::Silent;
use crate::graph::WorkspacePath;
use crate::workspace::{Layout, ProfileName, Workspace};

mod index;
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
        plan(
            &self.workspace(),
            &ProfileName::default(),
            mode,
            false,
            &Silent,
        )
        .unwrap()
    }

    fn publish(&self, mode: Mode) -> Published {
        match self.plan(mode) {
            Planned::Run(plan) => plan.approve().unwrap().publish(&Silent).unwrap(),
            Planned::Unchanged(unchanged) => panic!("{unchanged:?}"),
        }
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
    plan.approve().unwrap().publish(&Silent).unwrap();
    for (path, bytes) in story.files() {
        if path != "lock" {
            assert_eq!(planned.get(&path), Some(&(bytes.len() as u64)), "{path}");
        }
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
    fs::remove_file(story.layout().cache().join(stat_file(&run))).unwrap();
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
    let story = Story::new();
    let first = story.publish(Mode::Ingest).run;
    story.write("notes/1.md", "# Other\n");
    let second = story.publish(Mode::Ingest).run;
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

/// Text that hardly gets smaller when it is compressed.
fn noise(seed: usize, bytes: usize) -> String {
    let digests = (0..).map(|n| Sha256::of(format!("{seed} {n}").as_bytes()).to_string());
    let mut text = format!("# Noise {seed}\n\n");
    for digest in digests.take_while({
        let mut left = bytes;
        move |digest| {
            let fits = left >= digest.len();
            left = left.saturating_sub(digest.len() + 1);
            fits
        }
    }) {
        text.push_str(&digest);
        text.push(' ');
    }
    text
}

/// Bytes under `packs/`, and of the index of `run`.
fn stored(story: &Story, run: &RunId) -> (u64, u64) {
    let packs = crate::workspace::usage::measure(&story.layout().packs()).unwrap();
    let index = story.layout().cache().join(index_file(run));
    (packs.total.bytes, fs::metadata(index).unwrap().len())
}

#[test]
fn where_most_sources_went_gc_leaves_what_a_first_ingest_would_make() {
    let story = Story::new();
    for n in 0..20 {
        story.write(&format!("large/{n}.md"), &noise(n, 20_000));
    }
    story.publish(Mode::Ingest);
    for n in 1..20 {
        fs::remove_file(story.folder.path().join(format!("large/{n}.md"))).unwrap();
    }
    let run = story.publish(Mode::Ingest).run;
    assert!(story.verify().problems.is_empty());
    let keep = |count| gc::plan(&story.layout(), &Choice::Keep(count)).unwrap();
    keep(1).execute().unwrap();
    assert!(story.verify().problems.is_empty());
    let (packs, index) = stored(&story, &run);

    fs::remove_dir_all(story.folder.path().join(".pkg")).unwrap();
    let first = story.publish(Mode::Ingest).run;
    let (least_packs, least_index) = stored(&story, &first);
    assert_eq!(index, least_index);
    assert!(packs <= least_packs + 4_096, "{packs} {least_packs}");
}

#[test]
fn a_rebuild_takes_over_what_is_needed_of_a_pack_that_is_mostly_waste() {
    let story = Story::new();
    for n in 0..20 {
        story.write(&format!("large/{n}.md"), &noise(n, 20_000));
    }
    let first = story.publish(Mode::Ingest).run;
    let first_pack = read_manifest(&story.layout(), &first).unwrap().packs;
    let mut run = first;
    // Few at a time: the index is edited, and nobody counts objects.
    for batch in 0..5 {
        for n in 3 * batch..3 * batch + 3 {
            story.write(&format!("large/{n}.md"), &noise(100 + n, 20_000));
        }
        run = story.publish(Mode::Ingest).run;
    }
    let packs = |run: &RunId| read_manifest(&story.layout(), run).unwrap().packs;
    assert!(packs(&run).contains(&first_pack[0]));
    let rebuilt = story.publish(Mode::Rebuild).run;
    assert!(!packs(&rebuilt).contains(&first_pack[0]));
    assert_eq!(story.listing(&rebuilt), story.listing(&run));
    assert!(story.verify().problems.is_empty());
    let plan = gc::plan(&story.layout(), &Choice::Keep(1)).unwrap();
    plan.execute().unwrap();
    assert!(story.verify().problems.is_empty());
    // What is mostly needed is shared again.
    let again = story.publish(Mode::Rebuild).run;
    assert_eq!(packs(&again), packs(&rebuilt));
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
fn a_damaged_pack_is_reported_and_not_shared() {
    let story = Story::new();
    let run = story.publish(Mode::Ingest).run;
    let pack = fs::read_dir(story.layout().packs())
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let mut bytes = fs::read(&pack).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&pack, bytes).unwrap();
    let report = story.verify();
    assert!(
        report
            .problems
            .iter()
            .any(|problem| problem.kind == verify::Kind::Pack)
    );
    story.write("notes/1.md", "# Other\n");
    let before = story.files();
    let planned = plan(
        &story.workspace(),
        &ProfileName::default(),
        Mode::Ingest,
        false,
        &Silent,
    );
    let published = match planned {
        Ok(Planned::Run(plan)) => plan.approve().unwrap().publish(&Silent).map(drop),
        other => other.map(drop),
    };
    assert!(
        matches!(published, Err(RunError::Damaged(_))),
        "{published:?}"
    );
    assert_eq!(story.files(), before, "nothing is left of the attempt");
    let rebuilt = story.publish(Mode::Rebuild);
    assert_eq!(rebuilt.parent, Some(run.clone()));
    let manifest = read_manifest(&story.layout(), &rebuilt.run).unwrap();
    assert_eq!(manifest.packs.len(), 1);
    assert!(
        manifest.packs[0].file.is_of(&rebuilt.run),
        "nothing of the damaged pack"
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
    let planned = plan(
        &story.workspace(),
        &ProfileName::default(),
        Mode::Ingest,
        false,
        &Silent,
    );
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
