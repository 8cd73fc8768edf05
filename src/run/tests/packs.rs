//! Which packs a run shares.

use super::*;

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
    let planned = story.try_plan(Mode::Ingest);
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
fn what_a_manifest_says_wrongly_of_a_pack_is_said_by_no_other() {
    let story = Story::new();
    let run = story.publish(Mode::Ingest).run;
    let layout = story.layout();
    let current = fs::read(layout.current()).unwrap();
    let sound = read_manifest(&layout, &run).unwrap();
    story.write("notes/1.md", "# Other\n");
    let mut longer = sound.clone();
    longer.packs[0].bytes += 1;
    let mut other_block = sound.clone();
    other_block.packs[0].schema.readable_since += 1;
    for lies in [longer, other_block] {
        fs::write(layout.current(), &current).unwrap();
        fs::write(layout.runs().join(format!("{run}.json")), lies.to_bytes()).unwrap();
        let rebuilt = story.publish(Mode::Rebuild).run;
        for pack in read_manifest(&layout, &rebuilt).unwrap().packs {
            let path = layout.packs().join(pack.file.as_str());
            assert_eq!(fs::metadata(path).unwrap().len(), pack.bytes);
            assert_eq!(pack.schema, crate::schema::SchemaBlock::current());
        }
    }
}

#[test]
fn a_pack_whose_objects_lie_elsewhere_than_it_says_is_shared_by_no_rebuild() {
    let story = Story::new();
    let run = story.publish(Mode::Ingest).run;
    let layout = story.layout();
    let mut manifest = read_manifest(&layout, &run).unwrap();
    let path = layout.packs().join(manifest.packs[0].file.as_str());
    let pack = rusqlite::Connection::open(&path).unwrap();
    let lie = "UPDATE object SET start = start + 1 WHERE bytes > 2";
    assert!(pack.execute(lie, []).unwrap() > 0);
    drop(pack);
    // All digests agree: a stranger wrote them.
    let digest = Sha256::of(&fs::read(&path).unwrap());
    manifest.packs[0].sha256 = digest;
    manifest.packs[0].file = PackName::new(&run, digest);
    let named = layout.packs().join(manifest.packs[0].file.as_str());
    fs::rename(&path, named).unwrap();
    let file = layout.runs().join(file_names::manifest_file(&run));
    fs::write(file, manifest.to_bytes()).unwrap();
    let rebuilt = story.publish(Mode::Rebuild).run;
    let packs = read_manifest(&layout, &rebuilt).unwrap().packs;
    assert!(packs.iter().all(|pack| pack.sha256 != digest));
}

#[test]
fn a_pack_that_was_made_longer_is_told_of_without_being_read() {
    let story = Story::new();
    let run = story.publish(Mode::Ingest).run;
    let pack = read_manifest(&story.layout(), &run)
        .unwrap()
        .packs
        .remove(0);
    let path = story.layout().packs().join(pack.file.as_str());
    // To read this would take most of an hour.
    let file = fs::OpenOptions::new().write(true).open(path).unwrap();
    file.set_len(1 << 40).unwrap();
    let report = story.verify();
    let told = &report.problems[0];
    assert_eq!(told.kind, verify::Kind::Pack);
    assert!(told.message.contains("1099511627776"), "{}", told.message);
    let Planned::Run(rebuild) = story.plan(Mode::Rebuild) else {
        panic!("a rebuild plans a run");
    };
    let files = rebuild.files();
    let own = |file: &PlannedFile| file.path.starts_with("packs/");
    assert!(rebuild.is_blocked() && files.iter().any(own));
}

#[test]
fn sources_may_go_by_and_by_and_stay_within_the_budget() {
    let story = Story::new();
    // Nothing of this text repeats: its index is larger than other ones.
    story.write("auditgraph.toml", "[budget]\nmultiplier = 4.0\n");
    let mut left: Vec<String> = (0..40).map(|n| format!("large/{n}.md")).collect();
    for (n, path) in left.iter().enumerate() {
        story.write(path, &noise(n, 60_000));
    }
    let mut run = story.publish(Mode::Ingest).run;
    while left.len() > 18 {
        for path in left.drain(..left.len() / 10) {
            fs::remove_file(story.folder.path().join(path)).unwrap();
        }
        // Would panic, were it over the budget.
        run = story.publish(Mode::Ingest).run;
    }
    let Planned::Run(rebuilt) = story.plan(Mode::Rebuild) else {
        panic!("a rebuild is always a run");
    };
    let (_, index) = stored(&story, &run);
    let anew = rebuilt.index.artifact.bytes();
    assert!(index <= anew * 3 / 2, "{index} {anew}");
    assert!(story.verify().problems.is_empty());
}

#[test]
fn an_ingest_over_budget_is_planned_with_an_index_built_anew() {
    let story = Story::new();
    story.write("auditgraph.toml", "[budget]\nmultiplier = 4.0\n");
    for n in 0..20 {
        story.write(&format!("large/{n}.md"), &noise(n, 60_000));
    }
    story.publish(Mode::Ingest);
    fs::remove_file(story.folder.path().join("large/0.md")).unwrap();
    let Planned::Run(edited) = story.plan(Mode::Ingest) else {
        panic!("a source is gone");
    };
    let (used, added) = (edited.assessment.used_bytes, edited.assessment.added_bytes);
    drop(edited);
    story.write(
        "auditgraph.toml",
        &format!("[budget]\nmax_bytes = {}\n", used + added - 8_192),
    );
    let published = story.publish(Mode::Ingest);
    assert!(published.bytes_written < added - 8_192);
    assert!(story.verify().problems.is_empty());
}
