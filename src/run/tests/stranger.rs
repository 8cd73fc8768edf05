//! What a workspace says that somebody else packed: digests fit, for whoever
//! makes a file can name it by its digest.

use super::*;
use crate::foundation::spill::Artifact;
use crate::foundation::sqlite::Scratch;
use crate::run::pack::PackWriter;
use std::io::Read;

/// A pack of these objects, under the name it has in the run `run`.
fn pack_of(objects: &[Vec<u8>]) -> Vec<u8> {
    let mut writer = PackWriter::create(&Scratch::Memory).unwrap();
    for object in objects {
        writer.append(Sha256::of(object), object);
    }
    let pack: Artifact = writer.finish().unwrap().unwrap();
    let mut bytes = Vec::new();
    let read = pack.lend(|lent| lent.reader().read_to_end(&mut bytes));
    read.unwrap().unwrap();
    bytes
}

/// Makes a run with the root tree `tree`, whose only pack is `pack`, the
/// current and only one.
fn replace_run(story: &Story, tree: Sha256, pack: &[u8]) {
    let layout = story.layout();
    let published = standing::list_runs(&layout).unwrap().remove(0);
    let mut manifest = read_manifest(&layout, &published).unwrap();
    for folder in [layout.runs(), layout.packs(), layout.cache()] {
        fs::remove_dir_all(&folder).unwrap();
        fs::create_dir(&folder).unwrap();
    }
    manifest.tree = tree;
    manifest.digest = Manifest::run_digest(tree, manifest.config, manifest.schema.written);
    manifest.run = RunId::new(1, manifest.digest);
    let (reference, sha256) = (&mut manifest.packs[0], Sha256::of(pack));
    reference.file = PackName::new(&manifest.run, sha256);
    reference.sha256 = sha256;
    reference.bytes = pack.len() as u64;
    fs::write(layout.packs().join(reference.file.as_str()), pack).unwrap();
    let file = layout.runs().join(format!("{}.json", manifest.run));
    fs::write(file, manifest.to_bytes()).unwrap();
    let current = format!(
        r#"{{"format":1,"run":"{}","highest_ordinal":1}}"#,
        manifest.run
    );
    fs::write(layout.current(), current).unwrap();
}

fn index_of(story: &Story) -> Result<(), RunError> {
    story.open(None, Trust::Times).map(drop)
}

#[test]
fn a_tree_that_lies_about_a_length_is_damage() {
    let source = b"hi\n".to_vec();
    let sha256 = Sha256::of(&source);
    for (bytes, told) in [
        (9_000, "has 3 bytes, its tree says 9000"),
        (2, "claims 3 bytes"),
        (u64::MAX, "contradicts itself"),
    ] {
        let story = Story::new();
        story.publish(Mode::Ingest);
        let tree = format!(
            r#"{{"kind":"tree","entries":{{"a.md":{{"status":"source","sha256":"{sha256}","bytes":{bytes}}}}}}}"#
        );
        let objects = [source.clone(), tree.into_bytes()];
        replace_run(&story, Sha256::of(&objects[1]), &pack_of(&objects));
        let error = index_of(&story).unwrap_err();
        assert!(matches!(error, RunError::Damaged(_)), "{error}");
        assert!(error.to_string().contains(told), "{error}");
        let objects = story.verify().problems.into_iter();
        let mut objects = objects.filter(|problem| problem.kind == verify::Kind::Object);
        assert!(
            objects.any(|problem| problem.message.contains(told)),
            "{told}"
        );
    }
}

#[test]
fn a_tree_of_more_bytes_than_any_is_not_unpacked() {
    let story = Story::new();
    story.publish(Mode::Ingest);
    let mut tree = br#"{"kind":"tree"}"#.to_vec();
    tree.resize(tree::MAX_BYTES + 1, b' ');
    let objects = [tree];
    replace_run(&story, Sha256::of(&objects[0]), &pack_of(&objects));
    let error = index_of(&story).unwrap_err().to_string();
    assert!(error.contains("more than it may have"), "{error}");
}

#[test]
fn a_rebuild_shares_no_pack_that_cannot_be_read() {
    let story = Story::new();
    let run = story.publish(Mode::Ingest).run;
    let tree = read_manifest(&story.layout(), &run).unwrap().tree;
    replace_run(&story, tree, b"no database");
    let rebuilt = story.publish(Mode::Rebuild).run;
    let manifest = read_manifest(&story.layout(), &rebuilt).unwrap();
    assert_eq!((manifest.tree, manifest.packs.len()), (tree, 1));
    assert!(manifest.packs[0].file.is_of(&rebuilt));
    assert!(index_of(&story).is_ok());
}
