//! The cached index: made again when it is lost, and edited only if it is as it
//! was written.

use super::*;

#[test]
fn a_lost_index_is_made_again_once() {
    let story = Story::new();
    let run = story.publish(Mode::Ingest).run;
    let index = story.layout().cache().join(index_file(&run));
    let original = fs::read(&index).unwrap();
    let open = || {
        let session = Session::open(&story.workspace(), &ProfileName::default(), None, &Silent);
        session.unwrap().notes().to_vec()
    };
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
fn a_record_is_never_older_than_its_index() {
    let story = Story::new();
    // Large enough that writing it may take longer than hashing it.
    let words: String = (0..200_000).map(|n| format!("word{n} ")).collect();
    story.write("notes/large.md", &words);
    let run = story.publish(Mode::Ingest).run;
    let modified = |name: String| {
        let metadata = fs::metadata(story.layout().cache().join(name));
        metadata.unwrap().modified().unwrap()
    };
    assert!(modified(index_file(&run)) <= modified(intent::index_digest_file(&run)));
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
    Session::open(&story.workspace(), &ProfileName::default(), None, &Silent).unwrap();
    let mut bytes = fs::read(&path).unwrap();
    assert_ne!(bytes, edited, "an edit leaves rows in other places");
    assert!(editable(&run).unwrap().is_some());

    // Damage that no time stamp tells of.
    let modified = fs::metadata(&path).unwrap().modified().unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&path, bytes).unwrap();
    fs::File::open(&path)
        .unwrap()
        .set_modified(modified)
        .unwrap();
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
fn a_damaged_record_vouches_for_no_newer_index() {
    let story = Story::new();
    let run = story.publish(Mode::Ingest).run;
    let index = story.layout().cache().join(index_file(&run));
    let record = story.layout().cache().join(intent::index_digest_file(&run));
    let written = fs::metadata(&record).unwrap().modified().unwrap();
    fs::write(&record, "garbage").unwrap();
    let time = |path: &Path, time| {
        let file = fs::File::options().write(true).open(path).unwrap();
        file.set_modified(time).unwrap();
    };
    time(&record, written);
    time(&index, written + std::time::Duration::from_secs(1));
    let open = || {
        let session = Session::open(&story.workspace(), &ProfileName::default(), None, &Silent);
        session.unwrap().notes().len()
    };
    assert_eq!(open(), 1, "made again");
    assert_eq!(open(), 0, "and recorded");
    assert!(story.verify().problems.is_empty());
}
