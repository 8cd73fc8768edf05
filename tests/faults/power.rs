//! A power cut: the writes of an ingest are recorded, and every prefix of them
//! is replayed with all that was not yet synced dropped (`tests/shared/disk.rs`).

use std::fs;

use crate::disk::{self, Disk};
use crate::{Place, strace};

fn survives_every_power_cut(place: &Place, arguments: &[&str], published: bool) {
    let recorded = place.copy();
    let root = recorded.root().canonicalize().unwrap();
    let before = place.current();
    let disk = Disk::of(&root);
    let (output, trace) = strace::run(&recorded, &disk::OPTIONS, arguments);
    assert!(output.status.success(), "{output:?}");
    // The lock and the journal, which no promise rests on.
    let passed_over =
        |file: &std::path::Path| file.ends_with("lock") || file.ends_with("journal.jsonl");
    let mut outcomes = std::collections::BTreeSet::new();
    let changes = disk::replay(&trace, &root, &passed_over, disk, &mut |disk, when| {
        let after = Place::empty();
        disk.restore(&root, &after.root());
        outcomes.insert(after.current());
        after.assert_sound(when);
        after.assert_next_command_recovers(when);
    });
    assert!(changes > 15, "{trace}");
    assert!(outcomes.contains(&before));
    assert_eq!(
        outcomes.len(),
        if published { 2 } else { 1 },
        "old run, then new run"
    );
}

impl Place {
    fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("notes")).unwrap();
        Self { folder }
    }
}

#[test]
fn an_ingest_survives_a_power_cut_at_any_instant() {
    let place = Place::ingested();
    place.write("1.md", "# Note 1\n\nRewritten.\n");
    survives_every_power_cut(&place, &["ingest"], true);
}

#[test]
fn a_rebuild_survives_a_power_cut_at_any_instant() {
    survives_every_power_cut(&Place::ingested(), &["rebuild"], true);
}
