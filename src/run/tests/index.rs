//! The cached index: made again when it is lost, and edited only if it is as it
//! was written.

use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use super::*;
use crate::workspace::usage;

/// Where the digest of the index of `run` is recorded.
fn record_of(story: &Story, run: &RunId) -> PathBuf {
    let name = file_names::index_digest_file(run);
    story.layout().cache().join(name)
}

/// When the file at `path` was changed last.
fn changed(path: &Path) -> SystemTime {
    let metadata = fs::metadata(path).unwrap();
    let since = Duration::new(
        metadata.ctime().try_into().unwrap(),
        metadata.ctime_nsec().try_into().unwrap(),
    );
    SystemTime::UNIX_EPOCH + since
}

/// Writes `path` after `moment`: the clock of a file system is coarse.
fn write_later(path: &Path, bytes: &[u8], moment: SystemTime) {
    fs::write(path, bytes).unwrap();
    while changed(path) <= moment {
        fs::write(path, bytes).unwrap();
    }
}

/// Turns a bit of a heading: nothing is torn.
fn damage(index: &Path) {
    let mut bytes = fs::read(index).unwrap();
    let word = bytes.windows(6).rposition(|bytes| bytes == b"Note 7");
    bytes[word.unwrap()] ^= 1;
    fs::write(index, bytes).unwrap();
}

#[test]
fn a_lost_index_is_made_again_once() {
    let story = Story::new();
    let run = story.publish(Mode::Ingest).run;
    let index = story.layout().cache().join(index_file(&run));
    let original = fs::read(&index).unwrap();
    let open = || story.open(None, Trust::Times).unwrap().notes().to_vec();
    assert!(open().is_empty());
    for damage in [
        None,
        Some(&original[..original.len() / 2]),
        Some(&b"junk"[..]),
    ] {
        match damage {
            None => fs::remove_file(&index).unwrap(),
            Some(bytes) => fs::write(&index, bytes).unwrap(),
        }
        assert!(matches!(
            open()[..],
            [Note::IndexMadeAgain {
                not_cached: None,
                ..
            }]
        ));
        assert!(fs::read(&index).unwrap() == original);
        assert!(open().is_empty());
    }
}

#[test]
fn an_index_made_again_beside_another_name_of_the_old_one_is_within_the_budget() {
    let story = Story::new();
    story.publish(Mode::Ingest);
    let run = story.publish(Mode::Rebuild).run;
    let layout = story.layout();
    let index = layout.cache().join(index_file(&run));
    assert_eq!(fs::metadata(&index).unwrap().nlink(), 2);
    let used = || usage::measure(layout.profile()).unwrap().total.bytes;
    let limit = used() + fs::metadata(&index).unwrap().len() / 2;
    let settings = format!("[budget]\nmax_bytes = {limit}\n");
    story.write("auditgraph.toml", &settings);
    damage(&index);
    let session = story.open(None, Trust::Bytes).unwrap();
    let notes = session.notes();
    assert!(
        matches!(notes, [Note::IndexMadeAgain { not_cached: Some(why), .. }] if why.contains("budget")),
        "{notes:?}"
    );
    assert!(used() <= limit);
}

#[test]
fn looking_back_at_an_older_run_takes_no_room() {
    let story = Story::new();
    let old = story.publish(Mode::Ingest).run;
    story.write("a.md", "# Other\n");
    story.publish(Mode::Ingest);
    let before = story.files();
    let session = story.open(Some(&old), Trust::Times).unwrap();
    assert_eq!(session.manifest().run, old);
    assert!(session.notes().is_empty());
    assert_eq!(story.files(), before);
}

#[test]
fn an_index_is_believed_as_it_is_published_and_not_as_a_copy() {
    let story = Story::new();
    let run = story.publish(Mode::Ingest).run;
    let index = story.layout().cache().join(index_file(&run));
    let record = record_of(&story, &run);
    let recorded = || fs::metadata(&record).unwrap().modified().unwrap();
    let day = Duration::from_secs(86_400);
    assert_eq!(recorded() + day, changed(&index));
    let published = changed(&index);
    // Damaged, and then all of it copied: the record is the younger one.
    damage(&index);
    let (bytes, line) = (fs::read(&index).unwrap(), fs::read(&record).unwrap());
    for (path, bytes) in [(&index, bytes), (&record, line)] {
        fs::remove_file(path).unwrap();
        write_later(path, &bytes, published);
    }
    let open = || story.open(None, Trust::Times).unwrap().notes().len();
    assert_eq!((open(), open()), (1, 0));
    assert_eq!(recorded() + day, changed(&index));
}

#[test]
fn an_index_is_edited_only_if_it_is_as_it_was_written() {
    let story = Story::new();
    let manifest = |run: &RunId| read_manifest(&story.layout(), run).unwrap();
    let editable = |run: &RunId| {
        let crc = stat_cache::StatCache::read(&story.layout(), &manifest(run)).index_crc();
        assert!(crc.is_some());
        remake::editable_index(&story.layout(), &manifest(run), crc)
    };
    let run = story.publish(Mode::Ingest).run;
    assert!(editable(&run).unwrap().is_some());

    // One that was made again has other bytes, and a record of its own.
    story.write("notes/1.md", "# Other\n\nWords about [[2]].\n");
    let run = story.publish(Mode::Ingest).run;
    let path = story.layout().cache().join(index_file(&run));
    let edited = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    story.open(None, Trust::Times).unwrap();
    let mut bytes = fs::read(&path).unwrap();
    assert_ne!(bytes, edited, "an edit leaves rows in other places");
    assert!(editable(&run).unwrap().is_some());

    // Damage that no time stamp tells of.
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&path, bytes).unwrap();
    index_record::bind(&story.layout(), &run);
    assert!(editable(&run).is_err_and(|error| error.to_string().contains("have changed")));
    story.write("notes/2.md", "# Another\n");
    let run = story.publish(Mode::Ingest).run;
    assert!(story.verify().problems.is_empty());
    let Planned::Run(rebuilt) = story.plan(Mode::Rebuild) else {
        panic!("a rebuild is always a run");
    };
    assert_eq!(manifest(&run).index, rebuilt.manifest.index);
}

#[test]
fn an_index_that_was_changed_is_noticed_whatever_its_time_stamp_says() {
    let story = Story::new();
    let run = story.publish(Mode::Ingest).run;
    let index = story.layout().cache().join(index_file(&run));
    let record = record_of(&story, &run);
    let written = fs::metadata(&index).unwrap().modified().unwrap();
    let original = fs::read(&index).unwrap();
    let open = |trust| story.open(None, trust).unwrap().notes().len();
    let recorded = || fs::metadata(&record).unwrap().modified().unwrap();
    let put = |bytes: &[u8]| {
        write_later(&index, bytes, changed(&index));
        let file = fs::File::open(&index).unwrap();
        file.set_modified(written).unwrap();
    };
    damage(&index);
    put(&fs::read(&index).unwrap());
    assert_eq!(open(Trust::Times), 1, "made again");
    assert!(fs::read(&index).unwrap() == original);
    // Written again as it was: compared, and believed from then on.
    put(&original);
    let before = recorded();
    assert_eq!(open(Trust::Times), 0);
    assert_ne!(recorded(), before);
    // Damage that no time tells of.
    damage(&index);
    index_record::bind(&story.layout(), &run);
    assert_eq!(open(Trust::Times), 0, "nobody can tell");
    assert_eq!(open(Trust::Bytes), 1);
    assert_eq!(open(Trust::Bytes), 0);
    assert_eq!(open(Trust::Nothing), 1);
}

#[test]
fn an_index_of_another_schema_stays() {
    let story = Story::new();
    let run = story.publish(Mode::Ingest).run;
    let index = story.layout().cache().join(index_file(&run));
    let connection = rusqlite::Connection::open(&index).unwrap();
    let newer = "CREATE TABLE novelty(x); PRAGMA user_version = 77;";
    connection.execute_batch(newer).unwrap();
    drop(connection);
    let before = story.files();
    let session = story.open(None, Trust::Times);
    assert!(matches!(
        session.unwrap().notes(),
        [Note::IndexMadeAgain {
            not_cached: Some(_),
            ..
        }]
    ));
    assert!(story.files() == before);
    let bytes = fs::read(&index).unwrap();
    let line = index_record::line(Sha256::of(&bytes), &run);
    let record = record_of(&story, &run);
    fs::write(record, line).unwrap();
    assert!(story.verify().problems.is_empty(), "it is not judged");
}

#[test]
fn an_index_that_edits_have_emptied_is_made_anew() {
    let story = Story::new();
    story.write("auditgraph.toml", "[budget]\nmax_bytes = 100_000_000\n");
    let long = |words: usize| format!("# Long\n\n{}\n", "word [x](y.md) ".repeat(words));
    for n in 0..20 {
        story.write(&format!("long/{n}.md"), &long(2_000));
    }
    let mut run = story.publish(Mode::Ingest).run;
    let manifest = |run: &RunId| read_manifest(&story.layout(), run).unwrap();
    let bytes = |run: &RunId| {
        let index = story.layout().cache().join(index_file(run));
        fs::metadata(index).unwrap().len()
    };
    let full = bytes(&run);
    // One at a time, so that each is an edit.
    for n in 0..15 {
        story.write(&format!("long/{n}.md"), &long(2));
        run = story.publish(Mode::Ingest).run;
    }
    let Planned::Run(rebuilt) = story.plan(Mode::Rebuild) else {
        panic!("a rebuild is always a run");
    };
    assert_eq!(manifest(&run).index, rebuilt.manifest.index);
    let anew = rebuilt.index.artifact.bytes();
    assert!(full > 3 * anew, "{full} {anew}");
    assert!(bytes(&run) < anew * 3 / 2, "{} {anew}", bytes(&run));
}

#[test]
fn an_index_without_a_record_is_made_again() {
    let story = Story::new();
    let run = story.publish(Mode::Ingest).run;
    let record = record_of(&story, &run);
    fs::remove_file(&record).unwrap();
    let open = || story.open(None, Trust::Times).unwrap().notes().len();
    assert_eq!((open(), open()), (1, 0));
    assert!(record.exists());
}

#[test]
fn a_damaged_record_vouches_for_no_index() {
    let story = Story::new();
    let run = story.publish(Mode::Ingest).run;
    let record = record_of(&story, &run);
    fs::write(&record, "garbage").unwrap();
    let open = || story.open(None, Trust::Times).unwrap().notes().len();
    assert_eq!(open(), 1, "made again");
    assert_eq!(open(), 0, "and recorded");
    assert!(story.verify().problems.is_empty());
}
