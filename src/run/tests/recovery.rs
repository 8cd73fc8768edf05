//! What is done about a writer that was interrupted, and what is not where it
//! is not known how far it came.

use super::*;
use crate::workspace::usage;

/// Leaves the intent of `run` behind, as a writer that is killed does, with
/// `current` still waiting or not.
fn interrupt(layout: &Layout, run: &RunId, current: Option<&[u8]>) {
    let pack = read_manifest(layout, run).unwrap().packs.pop();
    let pack = pack.filter(|pack| pack.file.is_of(run));
    let pack = pack.map(|pack| pack.file.as_str().to_owned());
    let intent = serde_json::json!({"format": 1, "run": run, "pack": pack});
    fs::create_dir(layout.staging()).unwrap();
    fs::write(layout.staging().join("intent.json"), intent.to_string()).unwrap();
    if let Some(bytes) = current {
        fs::write(layout.staging().join("current"), bytes).unwrap();
    }
}

fn ingest(story: &Story) -> Result<Planned, RunError> {
    story.try_plan(Mode::Ingest)
}

#[test]
fn nothing_is_removed_where_current_cannot_be_read() {
    for damage in [
        "",
        "x",
        r#"{"format":2,"run":"r0001-000000000000","highest_ordinal":1}"#,
    ] {
        let story = Story::new();
        story.publish(Mode::Ingest);
        story.write("notes/1.md", "# Other\n");
        let second = story.publish(Mode::Ingest).run;
        let layout = story.layout();
        interrupt(&layout, &second, None);
        fs::write(layout.current(), damage).unwrap();
        let before = story.files();
        let refused = ingest(&story).unwrap_err();
        assert!(
            matches!(refused, RunError::RebuildRequired { .. }),
            "{refused}"
        );
        assert!(before == story.files());
        let rebuilt = story.publish(Mode::Rebuild).run;
        assert_eq!(rebuilt.ordinal(), 3, "never used twice");
        let after = story.files();
        let kept = ["runs/", "packs/", "cache/"];
        let kept = |name: &str| kept.iter().any(|folder| name.starts_with(folder));
        for (name, bytes) in before.iter().filter(|(name, _)| kept(name)) {
            assert!(after.get(name) == Some(bytes), "{name}");
        }
        assert!(read_manifest(&layout, &second).is_ok());
        assert!(story.verify().problems.is_empty());
    }
}

#[test]
fn a_first_run_whose_current_is_lost_is_not_taken_for_an_unfinished_one() {
    let story = Story::new();
    let first = story.publish(Mode::Ingest).run;
    let layout = story.layout();
    interrupt(&layout, &first, None);
    let current = fs::read(layout.current()).unwrap();
    fs::remove_file(layout.current()).unwrap();
    let before = story.files();
    assert!(matches!(
        ingest(&story),
        Err(RunError::RebuildRequired { .. })
    ));
    assert!(before == story.files());
    // Killed an instant before: `current` waits, and the run never was.
    fs::write(layout.staging().join("current"), current).unwrap();
    assert!(matches!(ingest(&story), Ok(Planned::Run(_))));
    assert!(!layout.staging().exists());
    assert!(list(&layout).unwrap().is_empty());
}

#[test]
fn drafts_and_files_of_no_run_go_from_the_cache_with_the_next_writer() {
    let story = Story::new();
    let first = story.publish(Mode::Ingest).run;
    let second = story.publish(Mode::Rebuild).run;
    let cache = story.layout().cache();
    let draft = cache.join(format!(".index-{second}.db"));
    fs::write(&draft, "torn").unwrap();
    // As after a collection that was killed between the manifests and the rest.
    fs::remove_file(story.layout().runs().join(format!("{first}.json"))).unwrap();
    assert!(matches!(story.plan(Mode::Ingest), Planned::Unchanged(_)));
    let cached = standing::names(&cache).unwrap();
    let second = second.to_string();
    assert!(!cached.is_empty() && !draft.exists());
    assert!(
        cached.iter().all(|name| name.contains(&second)),
        "{cached:?}"
    );
}

#[test]
fn a_plan_alone_is_that_of_a_writer_who_cleans_up_first() {
    let (story, first, second) = Story::of_two_runs();
    let cache = story.layout().cache();
    let draft = cache.join(format!(".index-r0009-{}.db", first.digest_prefix()));
    fs::write(&draft, vec![0; 1 << 20]).unwrap();
    story.write("notes/2.md", "# Another\n");
    let plan = |dry_run| {
        let (workspace, profile) = (story.workspace(), ProfileName::default());
        match plan(&workspace, &profile, Mode::Ingest, dry_run, &Silent).unwrap() {
            Planned::Run(plan) => (plan.manifest.run.clone(), plan.assessment.used_bytes),
            Planned::Unchanged(unchanged) => panic!("{unchanged:?}"),
        }
    };
    let alone = plan(true);
    assert!(draft.exists());
    assert_eq!(alone.0.ordinal(), second.ordinal() + 1);
    assert_eq!(plan(false), alone);
    assert!(!draft.exists());
}

#[test]
fn every_pack_stays_where_it_is_not_known_what_the_current_run_needs() {
    let cut: fn(&Path) = |path| {
        let text = fs::read(path).unwrap();
        fs::write(path, &text[..text.len() / 2]).unwrap();
    };
    let lose: fn(&Path) = |path| fs::remove_file(path).unwrap();
    for happens in [cut, lose] {
        let story = Story::new();
        let first = story.publish(Mode::Ingest).run;
        story.write("notes/1.md", "# Other\n");
        let second = story.publish(Mode::Ingest).run;
        let manifest = story.layout().runs().join(format!("{second}.json"));
        let whole = fs::read(&manifest).unwrap();
        happens(&manifest);
        let named = Choice::Runs(vec![first.to_string()]);
        gc::plan(&story.layout(), &named)
            .unwrap()
            .execute()
            .unwrap();
        assert!(read_manifest(&story.layout(), &first).is_err());
        fs::write(&manifest, whole).unwrap();
        assert!(story.verify().problems.is_empty());
    }
}

#[test]
fn cached_files_of_no_run_are_collected() {
    let story = Story::new();
    let first = story.publish(Mode::Ingest).run;
    let second = story.publish(Mode::Rebuild).run;
    let layout = story.layout();
    // As after a kill between the manifests and the cache.
    fs::remove_file(layout.runs().join(format!("{first}.json"))).unwrap();
    gc::plan(&layout, &Choice::Keep(1))
        .unwrap()
        .execute()
        .unwrap();
    let cached = standing::names(&layout.cache()).unwrap();
    assert!(!cached.is_empty());
    assert!(
        cached.iter().all(|name| name.contains(&second.to_string())),
        "{cached:?}"
    );
}

#[test]
fn a_run_that_never_was_current_is_none_of_those_that_are_kept() {
    let (story, first, second) = Story::of_two_runs();
    let layout = story.layout();
    let current = fs::read(layout.current()).unwrap();
    story.write("notes/2.md", "# Other\n");
    let third = story.publish(Mode::Ingest).run;
    // As after a kill before the last rename.
    let waiting = fs::read(layout.current()).unwrap();
    fs::write(layout.current(), current).unwrap();
    interrupt(&layout, &third, Some(&waiting));
    let plan = gc::plan(&layout, &Choice::Keep(2)).unwrap();
    assert!(plan.runs.is_empty(), "{:?}", plan.runs);
    assert_eq!(plan.kept, [first.clone(), second]);
    let goes = |file: &gc::Removal| file.path.contains(&third.to_string());
    assert!(!plan.files.is_empty() && plan.files.iter().all(goes));
    let before = usage::measure(layout.profile()).unwrap().total.bytes;
    plan.execute().unwrap();
    let after = usage::measure(layout.profile()).unwrap().total.bytes;
    assert!(before - after >= plan.bytes_freed);
    assert!(read_manifest(&layout, &first).is_ok());
    assert!(read_manifest(&layout, &third).is_err());
}

#[test]
fn the_way_back_leads_past_a_newer_run_that_asks_for_a_feature() {
    let (story, first, second) = Story::of_two_runs();
    let file = story
        .layout()
        .runs()
        .join(file_names::manifest_file(&second));
    let text = fs::read_to_string(&file).unwrap();
    let mut manifest: serde_json::Value = serde_json::from_str(&text).unwrap();
    let asks = |written: u32| serde_json::json!({"written": written, "readable_since": 1, "requires": ["later"]});
    manifest["schema"] = asks(crate::schema::WRITES + 1);
    fs::write(&file, manifest.to_string()).unwrap();
    let session = story.open(None, Trust::Times).unwrap();
    assert_eq!(session.manifest().run, first);
    // One of this very version has no such excuse.
    manifest["schema"] = asks(crate::schema::WRITES);
    fs::write(&file, manifest.to_string()).unwrap();
    let refused = story.open(None, Trust::Times).map(drop);
    assert!(matches!(refused, Err(RunError::RebuildRequired { .. })));
}

#[test]
fn a_run_may_be_named_by_its_manifest_and_the_current_one_stays() {
    let (story, first, second) = Story::of_two_runs();
    let plan = |run: &RunId| {
        let name = file_names::manifest_file(run);
        gc::plan(&story.layout(), &Choice::Runs(vec![name]))
    };
    assert!(matches!(plan(&second), Err(gc::GcError::Current(run)) if run == second));
    assert_eq!(plan(&first).unwrap().runs, [first.to_string()]);
}

#[test]
fn what_may_be_current_is_not_taken_back_though_its_rename_failed() {
    let failed = || RunError::Build("a rename failed".to_owned());
    let story = Story::new();
    story.publish(Mode::Ingest);
    story.write("notes/1.md", "# Other\n");
    let run = story.publish(Mode::Ingest).run;
    let layout = story.layout();
    interrupt(&layout, &run, None);
    let before = story.files();
    let told = publish::give_up(&layout, &run, failed());
    assert!(matches!(told, RunError::Unsynced { .. }), "{told}");
    assert!(before == story.files());
    assert!(matches!(ingest(&story), Ok(Planned::Unchanged(_))));
    assert!(story.verify().problems.is_empty() && !layout.staging().exists());
    // Where `current` still waits, the rename did fail.
    interrupt(&layout, &run, Some(b"waits"));
    let told = publish::give_up(&layout, &run, failed());
    assert!(matches!(told, RunError::Build(_)), "{told}");
    assert!(read_manifest(&layout, &run).is_err());
}

#[test]
fn the_newest_run_stays_while_nothing_else_remembers_its_number() {
    let story = Story::new();
    let first = story.publish(Mode::Ingest).run;
    let second = story.publish(Mode::Rebuild).run;
    fs::remove_file(story.layout().current()).unwrap();
    let named = |run: &RunId| gc::plan(&story.layout(), &Choice::Runs(vec![run.to_string()]));
    assert!(matches!(named(&second), Err(gc::GcError::Newest(run)) if run == second));
    named(&first).unwrap().execute().unwrap();
    assert_eq!(story.publish(Mode::Rebuild).run.ordinal(), 3);
}

#[test]
fn no_run_is_published_that_no_id_can_name() {
    let story = Story::new();
    let first = story.publish(Mode::Ingest).run;
    let current = story.layout().current();
    let claim = |highest: u64| {
        let text = serde_json::json!({"format": 1, "run": first, "highest_ordinal": highest});
        fs::write(&current, text.to_string()).unwrap();
    };
    story.write("notes/1.md", "# Other\n");
    claim(u64::from(RunId::LAST_ORDINAL) - 1);
    let last = story.publish(Mode::Ingest).run;
    assert_eq!(last.to_string().parse::<RunId>().unwrap(), last);
    story.write("notes/2.md", "# Other\n");
    assert!(matches!(ingest(&story), Err(RunError::LastOrdinal(_))));
    claim(u64::from(RunId::LAST_ORDINAL) + 1);
    assert!(matches!(
        ingest(&story),
        Err(RunError::RebuildRequired { .. })
    ));
}

#[test]
fn what_stands_among_the_runs_is_removed_by_its_name() {
    let story = Story::new();
    story.publish(Mode::Ingest);
    let runs = story.layout().runs();
    let strays = ["notes.txt", ".hidden"];
    for stray in strays {
        fs::write(runs.join(stray), "x").unwrap();
    }
    assert_eq!(foreign(&story.layout()).unwrap(), ["notes.txt"]);
    let named = Choice::Runs(strays.map(str::to_owned).to_vec());
    gc::plan(&story.layout(), &named)
        .unwrap()
        .execute()
        .unwrap();
    assert_eq!(standing::names(&runs).unwrap().len(), 1);
}

#[test]
fn a_hidden_file_does_not_make_a_profile_foreign() {
    let story = Story::new();
    story.publish(Mode::Ingest);
    let layout = story.layout();
    fs::write(layout.runs().join(".hidden"), "x").unwrap();
    fs::write(layout.profile().join(".hidden"), "x").unwrap();
    fs::remove_file(layout.current()).unwrap();
    let Standing::RebuildRequired { reason, .. } = Standing::judge(&layout).unwrap() else {
        panic!("the current run is lost");
    };
    assert_eq!(reason.name(), "unreadable");
    // Nor does it keep an empty one from being one.
    for folder in [layout.runs(), layout.packs()] {
        fs::remove_dir_all(&folder).unwrap();
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join(".hidden"), "x").unwrap();
    }
    let standing = Standing::judge(&layout).unwrap();
    assert!(matches!(standing, Standing::Empty), "{standing:?}");
}

#[test]
fn no_pack_is_removed_on_the_word_of_another_runs_intent() {
    let story = Story::new();
    story.publish(Mode::Ingest);
    let layout = story.layout();
    let pack = fs::read_dir(layout.packs()).unwrap().next().unwrap();
    let pack = pack.unwrap().file_name().into_string().unwrap();
    let ghost = RunId::new(2, Sha256::of(b"ghost"));
    let intent = serde_json::json!({"format": 1, "run": ghost, "pack": pack});
    fs::create_dir(layout.staging()).unwrap();
    fs::write(layout.staging().join("intent.json"), intent.to_string()).unwrap();
    story.write("notes/1.md", "# Other\n");
    story.publish(Mode::Ingest);
    assert!(layout.packs().join(pack).exists());
    assert!(story.verify().problems.is_empty());
}
