//! A self-update from end to end, with nothing but real parts: three versions
//! released by this tool from one source tree, signed with keys made for it,
//! served over TLS by nginx with a private certificate authority; the first
//! one installed by the script that users run; workspaces of every kind; and
//! every promise of `docs/upgrading.md` looked up on disk.
#![allow(clippy::unwrap_used)]

mod maintainer;
mod user;

#[path = "../../../tests/shared/nginx.rs"]
#[allow(unreachable_pub)]
mod nginx;
#[path = "../support/mod.rs"]
mod support;

use std::fs;
use std::path::Path;

use maintainer::{Maintainer, executable};
use support::{last_product, next_product, product, sha256, tree};
use user::{User, Workspaces};

#[test]
fn from_the_first_installation_to_both_next_versions_and_back() {
    let maintainer = Maintainer::new();
    maintainer.publishes(product());
    let user = User::new(&maintainer.site);
    user.installs_with_the_script();
    user.has(product());
    user.run(&["self-update"])
        .exits(0)
        .says("the version to have");
    let workspaces = Workspaces::of(&user);

    maintainer.publishes(next_product());
    a_compatible_version_comes_in_silence(&user, &workspaces);
    there_is_a_way_back_and_forth(&user, &maintainer, &workspaces);

    maintainer.publishes(last_product());
    an_incompatible_version_waits_until_it_is_accepted(&user, &workspaces);
    what_it_cannot_read_is_left_as_it_is_and_rebuilt_beside(&user, &workspaces);
    the_version_before_answers_from_what_it_can_read(&user, &workspaces);
    a_withdrawn_version_is_told(&user, &maintainer);
}

fn a_compatible_version_comes_in_silence(user: &User, workspaces: &Workspaces) {
    let before = (workspaces.bytes(), tree(&user.bin()));
    user.run(&["self-update", "--check"])
        .exits(10)
        .says(&format!("{} is available", next_product().version()));
    user.run(&["preflight"]).exits(0).says("missing");
    user.run(&["self-update", "--dry-run"])
        .exits(0)
        .says("rename ");
    assert_eq!((workspaces.bytes(), tree(&user.bin())), before);
    let update = user.run(&["self-update"]).exits(0);
    assert!(!update.stdout.contains("rebuild"), "{update:?}");
    assert_eq!(update.stderr, "");
    user.has(next_product());
    assert_eq!(workspaces.bytes(), before.0);
    let root = workspaces.compatible.to_str().unwrap();
    // The index is a cache, and made again for another schema; the run stays.
    let answer = user.run(&["query", "beacon", "--root", root]).exits(0);
    assert!(!answer.stderr.contains("rebuild"), "{answer:?}");
    answer.says("note.md");
}

fn there_is_a_way_back_and_forth(user: &User, maintainer: &Maintainer, workspaces: &Workspaces) {
    let before = workspaces.bytes();
    for version in [product(), next_product(), product()] {
        user.run(&["self-update", "--rollback"]).exits(0);
        user.has(version);
    }
    // A copy of the site on a stick, which is verified in the same way.
    let stick = user.home().join("stick");
    support::copy(&maintainer.site, &stick);
    user.run(&["self-update", "--from", stick.to_str().unwrap()])
        .exits(0)
        .says("accepted until");
    user.has(next_product());
    assert_eq!(workspaces.bytes(), before);
    // The version before is kept, and nothing else.
    let kept = user.beside();
    let old = sha256(&user.bin().join(&kept[1]));
    assert_eq!(kept.len(), 3, "{kept:?}");
    assert!(
        kept[1].ends_with(format!("previous-{}", &old[..12])),
        "{kept:?}"
    );
    assert!(fs::read(user.bin().join(&kept[1])).unwrap() == executable(product()));
}

fn an_incompatible_version_waits_until_it_is_accepted(user: &User, workspaces: &Workspaces) {
    let before = (workspaces.bytes(), tree(&user.bin()));
    user.run(&["preflight"]).exits(3).says("needs rebuild");
    let stopped = user.run(&["self-update"]).exits(3);
    for text in [
        "auditgraph rebuild",
        "--accept-rebuild",
        "unreadable already",
        "missing",
    ] {
        assert!(
            stopped.stderr.contains(text),
            "lacks {text:?}: {stopped:#?}"
        );
    }
    for root in [
        &workspaces.compatible,
        &workspaces.foreign,
        &workspaces.vanished,
    ] {
        assert!(
            stopped.stderr.contains(root.to_str().unwrap()),
            "{stopped:#?}"
        );
    }
    user.run(&["self-update", "--accept-rebuild"])
        .exits(4)
        .says("--accept-over-budget");
    assert_eq!((workspaces.bytes(), tree(&user.bin())), before);
    user.has(next_product());
    user.run(&["self-update", "--accept-rebuild", "--accept-over-budget"])
        .exits(0);
    user.has(last_product());
    assert_eq!(workspaces.bytes(), before.0);
}

fn what_it_cannot_read_is_left_as_it_is_and_rebuilt_beside(user: &User, workspaces: &Workspaces) {
    let before = workspaces.bytes();
    let compatible = workspaces.compatible.to_str().unwrap();
    for root in [compatible, workspaces.foreign.to_str().unwrap()] {
        user.run(&["ingest", "--root", root])
            .exits(3)
            .says("auditgraph rebuild");
    }
    let near = workspaces.near.to_str().unwrap();
    user.run(&["rebuild", "--root", near]).exits(4);
    assert_eq!(workspaces.bytes(), before);
    user.run(&["rebuild", "--root", compatible]).exits(0);
    user.run(&["query", "beacon", "--root", compatible])
        .exits(0)
        .says("note.md");
    let after = tree(&workspaces.compatible);
    for old in &before[0] {
        let kept = ["runs", "packs"].map(|name| Path::new(".pkg/profiles/default").join(name));
        if kept.iter().any(|folder| old.0.starts_with(folder)) {
            assert!(after.contains(old), "{old:?} is not as it was");
        }
    }
}

fn the_version_before_answers_from_what_it_can_read(user: &User, workspaces: &Workspaces) {
    user.run(&["self-update", "--rollback"])
        .exits(0)
        .says(&format!("cannot be read by {}", next_product().version()));
    user.has(next_product());
    let root = workspaces.compatible.to_str().unwrap();
    let answer = user.run(&["query", "beacon", "--root", root]).exits(0);
    assert!(answer.stdout.contains("note.md"), "{answer:?}");
    assert!(answer.stderr.contains("r0001"), "{answer:?}");
    user.run(&["ingest", "--root", root]).exits(3);
}

fn a_withdrawn_version_is_told(user: &User, maintainer: &Maintainer) {
    maintainer.withdraws(next_product(), "loses notes");
    user.run(&["self-update", "--check"]).says("loses notes");
}
