//! A workspace to which anything happens, step by step: what an ingest makes of
//! the changes is what a rebuild makes of the whole.

use super::*;

/// Numbers that look random and are the same everywhere.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }
}

/// Something happens to a workspace of notes.
fn happens(story: &Story, dice: &mut Dice) {
    let note = format!("notes/{}.md", dice.below(40));
    let at = |path: &str| story.folder.path().join(path);
    // Some of it may not work, as where there is no such file.
    match dice.below(10) {
        0 | 1 => {
            let (n, m) = (dice.below(40), dice.below(9));
            let links = format!(
                "[[{n}]] [x](../notes/{n}.md) ![p](../img/{m}.png) ![[img/{m}.png]] ![[{m}.PNG]]"
            );
            story.write(&note, &format!("# Note {n}\n\n{links} `t{m}` #tag{m}\n"));
        }
        2 | 3 => drop(fs::remove_file(at(&note))),
        4 => drop(fs::rename(at(&note), at("moved.md"))),
        5 => {
            let folder = ["img", "media", "media/deep"][dice.below(3)];
            let file = format!("{folder}/{}.png", dice.below(9));
            story.write(&file, "not a source");
        }
        6 => drop(fs::remove_dir_all(at(["img", "media"][dice.below(2)]))),
        7 => drop(std::os::unix::fs::symlink("/nowhere", at(&note))),
        8 => {
            let bytes = [&b"# Own\n"[..], b"not UTF-8: \xff"][dice.below(2)];
            drop(fs::write(at("n\u{fffd}.md"), bytes));
        }
        // A name that is not UTF-8, where the system has such.
        _ => {
            use std::os::unix::ffi::OsStrExt;
            let name = [&b"n\xff.md"[..], b"n\xfe.md"][dice.below(2)];
            let name = std::ffi::OsStr::from_bytes(name);
            drop(fs::write(story.folder.path().join(name), "no name"));
        }
    }
}

#[test]
fn whatever_happened_an_ingest_says_what_a_rebuild_would() {
    let mut dice = Dice(1);
    for _ in 0..4 {
        let story = Story::new();
        // As the other name is shown.
        story.write("n\u{fffd}.md", "# A name of its own\n");
        story.settle();
        let mut before = story.sources(&story.publish(Mode::Ingest).run);
        for step in 0..25 {
            for _ in 0..=dice.below(3) {
                happens(&story, &mut dice);
            }
            let (ingested, told) = match story.plan(Mode::Ingest) {
                Planned::Run(plan) => {
                    let published = plan.approve().unwrap().publish(&Silent).unwrap();
                    (published.run, published.sources)
                }
                Planned::Unchanged(unchanged) => (unchanged.run, Changes::default()),
            };
            let now = story.sources(&ingested);
            let added: Vec<_> = now
                .keys()
                .filter(|path| !before.contains_key(*path))
                .collect();
            let removed: Vec<_> = before
                .keys()
                .filter(|path| !now.contains_key(*path))
                .collect();
            let differs =
                |path: &&WorkspacePath| before.get(*path).is_some_and(|was| *was != now[*path]);
            let changed: Vec<_> = now.keys().filter(differs).collect();
            assert_eq!(told.added.iter().collect::<Vec<_>>(), added, "step {step}");
            assert_eq!(
                told.removed.iter().collect::<Vec<_>>(),
                removed,
                "step {step}"
            );
            assert_eq!(
                told.changed.iter().collect::<Vec<_>>(),
                changed,
                "step {step}"
            );
            before = now;
            let Planned::Run(rebuilt) = story.plan(Mode::Rebuild) else {
                panic!("a rebuild is always a run");
            };
            let ingested = read_manifest(&story.layout(), &ingested).unwrap();
            assert_eq!(ingested.digest, rebuilt.manifest.digest, "step {step}");
            assert_eq!(ingested.counts, rebuilt.manifest.counts, "step {step}");
            assert_eq!(ingested.index, rebuilt.manifest.index, "step {step}");
        }
        assert!(story.verify().problems.is_empty());
    }
}
