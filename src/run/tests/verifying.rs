//! What verifying finds, and what it does not take for damage.

use std::sync::Mutex;

use rusqlite::Connection;

use super::*;
use crate::foundation::progress::{Phase, Progress};
use crate::run::verify::{Kind, Report};
use crate::schema::WRITES;

/// What is wrong, by kind and path.
fn found(report: &Report) -> Vec<(Kind, &str)> {
    let problems = report.problems.iter();
    problems
        .map(|problem| (problem.kind, problem.path.as_str()))
        .collect()
}

#[test]
fn the_index_of_every_run_is_checked_and_its_record() {
    let story = Story::new();
    let old = story.publish(Mode::Ingest).run;
    story.write("a.md", "# Other\n");
    // A rebuild drops no index.
    story.publish(Mode::Rebuild);
    assert!(story.verify().problems.is_empty());
    for name in [index_file(&old), file_names::index_digest_file(&old)] {
        let path = story.layout().cache().join(&name);
        let sound = fs::read(&path).unwrap();
        fs::write(&path, "x\n").unwrap();
        assert_eq!(
            found(&story.verify()),
            [(Kind::Index, format!("cache/{name}").as_str())]
        );
        fs::write(&path, sound).unwrap();
    }
}

#[test]
fn an_index_that_nobody_may_look_at_is_not_taken_for_none() {
    use std::os::unix::fs::PermissionsExt;
    let story = Story::new();
    let run = story.publish(Mode::Ingest).run;
    let cache = story.layout().cache();
    let index = cache.join(index_file(&run));
    let allow = |mode| fs::set_permissions(&cache, fs::Permissions::from_mode(mode)).unwrap();
    allow(0o000);
    // Root may always.
    let shut_out = fs::metadata(&index).is_err();
    let report = story.verify();
    allow(0o755);
    if shut_out {
        assert!(matches!(found(&report)[..], [(Kind::Index, _)]));
    }
}

#[test]
fn a_word_put_into_an_index_is_found_without_its_record() {
    let story = Story::new();
    story.publish(Mode::Ingest);
    story.write("notes/1.md", "# Other\n\nWords about [[2]].\n");
    let run = story.publish(Mode::Ingest).run;
    let record = file_names::index_digest_file(&run);
    fs::remove_file(story.layout().cache().join(record)).unwrap();
    assert!(story.verify().problems.is_empty(), "edited, not made anew");
    let index = story.layout().cache().join(index_file(&run));
    let connection = Connection::open(index).unwrap();
    let word = "INSERT INTO search(rowid, text) VALUES(1, 'intruder')";
    connection.execute_batch(word).unwrap();
    drop(connection);
    let report = story.verify();
    assert!(matches!(found(&report)[..], [(Kind::Index, _)]));
    assert_ne!(report.problems[0].expected, report.problems[0].actual);
}

#[test]
fn of_a_source_that_is_none_any_more_the_reason_is_told() {
    let story = Story::new();
    story.publish(Mode::Ingest);
    let at = |path: &str| story.folder.path().join(path);
    fs::write(at("notes/1.md"), [0xff, 0xfe]).unwrap();
    for path in ["notes/2.md", "notes/3.md"] {
        fs::remove_file(at(path)).unwrap();
    }
    std::os::unix::fs::symlink("nowhere", at("notes/3.md")).unwrap();
    fs::rename(at("docs"), at("other")).unwrap();
    std::os::unix::fs::symlink("other", at("docs")).unwrap();
    story.write("auditgraph.toml", "[sources]\nexclude = ['other', 'a.md']");
    let report = story.verify();
    let told = |path: &str| {
        let of_path = |problem: &&verify::Problem| problem.path == path;
        let problem = report.problems.iter().find(of_path).unwrap();
        assert!(problem.kind == Kind::Source && problem.expected.is_some());
        problem.message.as_str()
    };
    assert_eq!(report.problems.len(), 5, "{:?}", report.problems);
    assert!(told("notes/1.md").contains("not UTF-8"));
    assert_eq!(told("notes/2.md"), "the source is gone");
    assert!(told("notes/3.md").contains("symbolic link to nothing"));
    assert!(told("docs/b.md").contains("with docs: it is a symbolic link"));
    assert!(told("a.md").contains("[sources] leaves it out"));
}

#[test]
fn a_bit_that_makes_a_manifest_look_like_that_of_another_schema_is_damage() {
    let story = Story::new();
    let old = story.publish(Mode::Ingest).run;
    story.write("a.md", "# Other\n");
    story.publish(Mode::Ingest);
    let path = story.layout().runs().join(format!("{old}.json"));
    let sound = fs::read_to_string(&path).unwrap();
    for (part, damaged) in [
        ("\"schema\": {", "\"sche-a\": {"),
        ("\"written\": 1", "\"written\": 0"),
        ("\"requires\": []", "\"requires\":[1]"),
    ] {
        let at = sound.find(part).unwrap();
        let mut text = sound.clone();
        text.replace_range(at..at + part.len(), damaged);
        fs::write(&path, text).unwrap();
        let report = story.verify();
        assert!(matches!(found(&report)[..], [(Kind::Manifest, _)]));
        assert_ne!(report.problems[0].expected, report.problems[0].actual);
    }
    // One that another schema wrote is whole, and not judged.
    fs::write(&path, &sound).unwrap();
    let mut other = read_manifest(&story.layout(), &old).unwrap();
    other.schema.written = WRITES + 1;
    other.schema.readable_since = WRITES + 1;
    fs::write(&path, other.to_bytes()).unwrap();
    let report = story.verify();
    assert!(report.problems.is_empty(), "{:?}", report.problems);
    assert_eq!(report.incompatible.len(), 1);
}

#[test]
fn packs_that_give_another_index_than_the_manifest_says_are_at_fault() {
    let story = Story::new();
    let run = story.publish(Mode::Ingest).run;
    let path = story.layout().runs().join(format!("{run}.json"));
    let mut manifest = read_manifest(&story.layout(), &run).unwrap();
    manifest.index.logical = Sha256::of(b"another");
    fs::write(&path, manifest.to_bytes()).unwrap();
    for _ in 0..2 {
        let report = story.verify();
        let name = format!("runs/{run}.json");
        assert_eq!(found(&report), [(Kind::Object, name.as_str())]);
        assert_ne!(report.problems[0].expected, report.problems[0].actual);
        let _ = fs::remove_dir_all(story.layout().cache());
    }
}

/// Does something once, when a phase has come so many steps far.
struct Meanwhile<'a> {
    act: Mutex<Option<Box<dyn FnOnce() + Send + 'a>>>,
    phase: &'static str,
    steps: u64,
    /// Steps done, once the phase began.
    done: Mutex<Option<u64>>,
}

impl<'a> Meanwhile<'a> {
    fn at(phase: &'static str, steps: u64, act: impl FnOnce() + Send + 'a) -> Self {
        Self {
            act: Mutex::new(Some(Box::new(act))),
            phase,
            steps,
            done: Mutex::new(None),
        }
    }

    fn verify(&self, story: &Story) -> Report {
        let workspace = story.workspace();
        let report = verify::verify(&workspace, &ProfileName::default(), self).unwrap();
        assert!(self.act.lock().unwrap().is_none(), "it came so far");
        report
    }
}

impl Progress for Meanwhile<'_> {
    fn begin(&self, phase: Phase) {
        *self.done.lock().unwrap() = (phase.name == self.phase).then_some(0);
        self.advance(0);
    }

    fn advance(&self, amount: u64) {
        let mut done = self.done.lock().unwrap();
        *done = done.map(|done| done + amount);
        if *done == Some(self.steps)
            && let Some(act) = self.act.lock().unwrap().take()
        {
            act();
        }
    }
}

#[test]
fn what_writers_remove_meanwhile_is_not_missed() {
    let story = Story::new();
    let old = story.publish(Mode::Ingest).run;
    let paths = story.sources(&old);
    for path in paths.keys() {
        story.write(path.as_str(), &format!("# New\n\n{path}\n"));
    }
    // A rebuild drops no index.
    story.publish(Mode::Rebuild);
    let collect = Meanwhile::at("reading packs", 2, || {
        let plan = gc::plan(&story.layout(), &Choice::Keep(1)).unwrap();
        assert!(
            plan.files
                .iter()
                .any(|file| file.path.starts_with("packs/"))
        );
        plan.execute().unwrap();
    });
    assert_eq!(found(&collect.verify(&story)), []);

    // An edited index, which is opened again after that, and is not kept when
    // a newer run is current.
    story.write("a.md", "# Edited\n");
    story.publish(Mode::Ingest);
    let publish = Meanwhile::at("indexing", 0, || {
        story.write("a.md", "# Edited again\n");
        story.publish(Mode::Ingest);
    });
    let report = publish.verify(&story);
    assert_eq!(found(&report), [(Kind::Source, "a.md")]);
    assert!(report.index_checked, "one made from the packs");
}
