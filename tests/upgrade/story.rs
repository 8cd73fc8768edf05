//! From one version to the next and back, with every kind of workspace.

use std::fs;

use serde_json::Value;

use crate::executable::copy_executable;
use crate::home::{Home, snapshot};
use crate::outcome::Outcome;
use crate::site::Site;
use crate::versions::{COMPATIBLE, INCOMPATIBLE, OLD, built};

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn a_compatible_update_is_silent_and_can_be_taken_back() {
    let site = Site::with(&[OLD, COMPATIBLE]);
    let home = Home::new(&site);
    let notes = home.workspace("notes");
    let foreign = home.foreign_workspace("foreign");
    let gone = home.workspace("gone");
    fs::remove_dir_all(&gone).unwrap();
    let before = (snapshot(&notes), snapshot(&foreign));
    let old = fs::read(home.program()).unwrap();
    let bin = snapshot(home.bin());

    home.run(&["self-update", "--check"])
        .exits(10)
        .shows("0.2.0 is available");
    home.run(&["self-update", "--to", "0.1.0"])
        .exits(0)
        .shows("0.1.0 is installed already; 0.2.0 is available");
    let plan = home.run(&["self-update", "--dry-run"]).exits(0);
    assert!(plan.stdout.contains("rename "), "{plan:?}");
    assert_eq!(snapshot(home.bin()), bin);

    let update = home.run(&["self-update"]).exits(0);
    assert!(!update.stdout.contains("rebuild"), "{update:?}");
    assert_eq!(update.stderr, "");
    assert_eq!(home.version(), "0.2.0");
    assert_eq!(home.receipt(), "0.2.0");
    assert_eq!((snapshot(&notes), snapshot(&foreign)), before);
    home.run(&["self-update"])
        .exits(0)
        .shows("the version to have");
    home.run(&["self-update", "--rollback"]).exits(0);
    assert_eq!(home.version(), "0.1.0");
    assert_eq!(home.receipt(), "0.1.0");
    assert_eq!(fs::read(home.program()).unwrap(), old);
}

#[test]
fn after_a_compatible_update_workspaces_are_used_in_silence() {
    let site = Site::with(&[OLD, COMPATIBLE]);
    let home = Home::new(&site);
    let notes = home.workspace("notes");
    let root = notes.to_str().unwrap();
    let before = snapshot(&notes);
    let answer = home.run(&["query", "beacon", "--root", root]).exits(0);
    home.run(&["self-update"]).exits(0);

    // The run and its index are read as they are: nothing is made again.
    let questions = [
        &["query", "beacon"][..],
        &["list"],
        &["show", "note.md"],
        &["verify"],
        &["preflight"],
    ];
    for question in questions {
        let said = home.run(&[question, &["--root", root]].concat()).exits(0);
        assert_eq!(said.stderr, "", "{question:?}");
    }
    let now = home.run(&["query", "beacon", "--root", root]).exits(0);
    assert_eq!(now.stdout, answer.stdout);
    assert_eq!(snapshot(&notes), before);

    // The index can be lost: it comes back from the packs, once.
    fs::remove_dir_all(notes.join(".pkg/profiles/default/cache")).unwrap();
    home.run(&["query", "beacon", "--root", root])
        .exits(0)
        .says("made again")
        .shows("note.md");
    let now = home.run(&["query", "beacon", "--root", root]).exits(0);
    assert_eq!((now.stdout, now.stderr), (answer.stdout, String::new()));

    // New runs are made without a question.
    fs::write(notes.join("more.md"), "# More\n\nThe beacon still is.\n").unwrap();
    let ingest = home.run(&["ingest", "--root", root]).exits(0);
    assert_eq!(ingest.stderr, "");
    home.run(&["query", "still", "--root", root])
        .exits(0)
        .shows("more.md");
    home.run(&["verify", "--root", root]).exits(0);
}

#[test]
fn an_incompatible_update_stops_until_it_is_accepted_and_keeps_the_old_runs() {
    let site = Site::with(&[OLD, INCOMPATIBLE]);
    let home = Home::new(&site);
    let notes = home.workspace("notes");
    let before = snapshot(&notes);
    let bin = snapshot(home.bin());

    home.run(&["self-update"])
        .exits(3)
        .says("auditgraph rebuild")
        .says(notes.to_str().unwrap());
    let document = json(&home.run(&["self-update", "--json"]).exits(3).stdout);
    let row = &document["error"]["details"]["preflight"]["workspaces"][0];
    assert_eq!(row["profiles"][0]["change"], "needs_rebuild");
    assert_eq!(snapshot(home.bin()), bin);
    assert_eq!(snapshot(&notes), before);

    // Gone on with, it says once more what is then to be done, and where.
    let root = notes.to_str().unwrap();
    home.run(&["self-update", "--accept-rebuild"])
        .exits(0)
        .shows(&format!("auditgraph rebuild --root {root}"));
    assert_eq!(home.version(), "0.3.0");
    assert_eq!(snapshot(&notes), before);
    home.run(&["ingest", "--root", root])
        .exits(3)
        .says("auditgraph rebuild");
    assert_eq!(snapshot(&notes), before);
    home.run(&["rebuild", "--root", root]).exits(0);
    home.run(&["query", "beacon", "--root", root]).exits(0);
    let after = snapshot(&notes);
    for (path, entry) in &before {
        let kept = path.starts_with(notes.join(".pkg/profiles/default/runs"))
            || path.starts_with(notes.join(".pkg/profiles/default/packs"));
        if kept && path.is_file() {
            assert_eq!(after.get(path), Some(entry), "{path:?}");
        }
    }

    // The old version answers from the newest run it can read, and says so.
    home.run(&["self-update", "--rollback"])
        .exits(0)
        .says("cannot be read by 0.1.0")
        .says("until then the newest run that it can read answers");
    assert_eq!(home.version(), "0.1.0");
    let answer = home.run(&["query", "beacon", "--root", root]).exits(0);
    assert!(answer.stdout.contains("note.md"), "{answer:?}");
    assert!(answer.stderr.contains("r0001"), "{answer:?}");

    // Forward again no older run answers: what it takes is said.
    let older = home.workspace("older");
    let older = older.to_str().unwrap();
    let forward = home.run(&["self-update", "--rollback"]).exits(0);
    let rebuild = format!("auditgraph rebuild --root {older}");
    assert!(forward.stderr.contains(&rebuild), "{forward:?}");
    assert!(!forward.stderr.contains("answers"), "{forward:?}");
    home.run(&["query", "beacon", "--root", older]).exits(3);
}

#[test]
fn a_rebuild_that_would_not_fit_stops_the_update_with_its_own_exit() {
    let site = Site::with(&[OLD, INCOMPATIBLE]);
    let home = Home::new(&site);
    let notes = home.workspace("near-budget");
    let used: u64 = snapshot(&notes.join(".pkg"))
        .values()
        .map(|entry| entry.bytes)
        .sum();
    let config = notes.join("auditgraph.toml");
    let limit = used + used / 4;
    fs::write(&config, format!("[budget]\nmax_bytes = {limit}\n")).unwrap();
    let before = (snapshot(home.bin()), snapshot(&notes));
    home.run(&["self-update", "--accept-rebuild"])
        .exits(4)
        .says("over");
    assert_eq!((snapshot(home.bin()), snapshot(&notes)), before);
    home.run(&["self-update", "--accept-rebuild", "--accept-over-budget"])
        .exits(0);
    assert_eq!(home.version(), "0.3.0");
}

#[test]
fn preflight_runs_alone_and_for_any_version() {
    let site = Site::with(&[OLD, COMPATIBLE, INCOMPATIBLE]);
    let home = Home::new(&site);
    home.workspace("notes");
    home.run(&["preflight"]).exits(3).says("needs rebuild");
    let fine = home.run(&["preflight", "--to", "0.2.0", "--json"]).exits(0);
    let document = json(&fine.stdout);
    assert_eq!(document["candidate"]["version"], "0.2.0");
    assert_eq!(document["workspaces"][0]["profiles"][0]["change"], "none");
    home.run(&["preflight", "--accept-rebuild"])
        .exits(0)
        .shows("0.1.0 -> 0.3.0\nWORKSPACE ")
        .shows("needs rebuild");
    // Also for the one that is installed: it is the one that was asked about.
    let same = home.run(&["preflight", "--to", "0.1.0", "--json"]).exits(0);
    assert_eq!(json(&same.stdout)["candidate"]["version"], "0.1.0");
}

#[test]
fn versions_can_be_named_but_not_downgraded_to_by_accident() {
    let mut site = Site::with(&[OLD, INCOMPATIBLE]);
    let name = site.publish(COMPATIBLE);
    let custom = site.repository.custom(&name);
    custom["minimum_safe_version"] = "0.2.0".into();
    site.repository.publish();
    let home = Home::new(&site);
    let update = home.run(&["self-update", "--to", "0.2.0"]).exits(0);
    assert!(!update.stderr.contains("oldest safe"), "{update:?}");
    assert_eq!(home.version(), "0.2.0");
    home.run(&["self-update", "--to", "0.1.0"])
        .exits(1)
        .says("--allow-downgrade");
    home.run(&["self-update", "--to", "0.1.0", "--allow-downgrade"])
        .exits(0)
        .says("0.1.0 is unsafe to run: the oldest safe version is 0.2.0");
    assert_eq!(home.version(), "0.1.0");
    home.run(&["self-update", "--to", "9.9.9"])
        .exits(1)
        .says("no release 9.9.9");
    home.run(&["self-update", "--channel", "nightly"])
        .exits(2)
        .says("no channel");
}

#[test]
fn a_withdrawn_version_is_told_to_those_who_have_it_and_offered_to_nobody() {
    let mut site = Site::new();
    let first = site.publish(OLD);
    let name = site.publish(COMPATIBLE);
    let home = Home::new(&site);
    home.run(&["self-update"]).exits(0);
    let custom = site.repository.custom(&name);
    custom["yanked"] = true.into();
    custom["yanked_reason"] = "loses notes".into();
    site.repository.publish();
    home.run(&["self-update", "--check"])
        .exits(0)
        .says("loses notes")
        .shows("Back to 0.1.0: auditgraph self-update --to 0.1.0 --allow-downgrade");
    let other = Home::new(&site);
    other
        .run(&["self-update", "--check"])
        .exits(0)
        .shows("version to have");
    other
        .run(&["self-update", "--to", "0.2.0"])
        .exits(1)
        .says("withdrawn");
    site.repository.custom(&first)["yanked"] = true.into();
    site.repository.publish();
    home.run(&["self-update", "--check"])
        .exits(1)
        .says("offers no release");
}

#[test]
fn a_copy_on_a_stick_is_verified_and_tells_how_long_it_lasts() {
    let site = Site::with(&[OLD, COMPATIBLE]);
    let home = Home::new(&site);
    let stick = home.path().join("stick");
    site.repository.copy_to(&stick);
    drop(site);
    let from = ["self-update", "--from", stick.to_str().unwrap()];
    home.run(&from).exits(0).says("accepted until");
    assert_eq!(home.version(), "0.2.0");
    // The same copy with one flipped bit in an archive.
    home.install(home.bin());
    let targets = fs::read_dir(stick.join("targets")).unwrap();
    for entry in targets {
        let path = entry.unwrap().path();
        let mut bytes = fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(path, bytes).unwrap();
    }
    let before = snapshot(home.bin());
    home.run(&from).exits(5).says("refused");
    assert_eq!(snapshot(home.bin()), before);
}

#[test]
fn an_executable_that_is_not_what_was_signed_changes_nothing() {
    let mut site = Site::with(&[OLD]);
    // Signed as 0.4.0, but it is 0.2.0; and one whose window is another.
    for (number, writes) in [("0.4.0", 2), ("0.2.0", 7)] {
        let version = crate::versions::Version {
            number,
            writes,
            reads_since: 1,
        };
        let [_, compatible, _] = built();
        site.publish_executable(version, &fs::read(compatible).unwrap());
        let home = Home::new(&site);
        let before = snapshot(home.bin());
        let update = home
            .run(&["self-update", "--to", number])
            .exits(5)
            .says("signed was")
            .says("report it to the maintainers");
        // Each mirror has the same archive.
        assert!(!update.stderr.contains("mirror"), "{update:?}");
        assert_eq!(snapshot(home.bin()), before);
    }
}

#[test]
fn signed_archives_with_odd_members_are_refused() {
    use tar::EntryType;

    let mut site = Site::with(&[OLD]);
    let executable = fs::read(&built()[1]).unwrap();
    let folder = format!("auditgraph-{}", crate::repository::PLATFORM);
    let odd = [
        ("../auditgraph".to_owned(), EntryType::Regular, "member"),
        ("/tmp/auditgraph".to_owned(), EntryType::Regular, "member"),
        (
            format!("{folder}/link"),
            EntryType::Symlink,
            "symbolic link",
        ),
        (format!("{folder}/device"), EntryType::Char, "device"),
        (
            format!("{folder}/bomb"),
            EntryType::Regular,
            "unpacks to more",
        ),
    ];
    let home = Home::new(&site);
    let before = snapshot(home.bin());
    for (number, (path, kind, word)) in odd.into_iter().enumerate() {
        let bomb = vec![0u8; 70 * 1024 * 1024];
        let content: &[u8] = if path.ends_with("bomb") { &bomb } else { b"" };
        let archive = crate::site::archive_with(&executable, &path, kind, content);
        let version = format!("0.5.{number}");
        let name = site.repository.add(&version, &archive);
        site.repository.custom(&name)["executable"] = crate::site::described(&executable);
        site.repository.publish();
        home.run(&["self-update", "--to", &version])
            .exits(5)
            .says(word);
        assert_eq!(snapshot(home.bin()), before, "{path}");
    }
}

#[test]
fn a_package_manager_s_installation_is_checked_and_left_to_it() {
    let site = Site::with(&[OLD, INCOMPATIBLE]);
    let home = Home::new(&site);
    home.workspace("notes");
    let keg = home.path().join("Cellar/auditgraph/0.1.0");
    fs::create_dir_all(keg.join("bin")).unwrap();
    fs::write(keg.join("INSTALL_RECEIPT.json"), "{}").unwrap();
    let program = keg.join("bin/auditgraph");
    copy_executable(&built()[0], &program);
    let before = snapshot(&keg);
    Outcome::of(home.command(&program).args(["self-update", "--check"]))
        .exits(10)
        .shows("brew upgrade auditgraph");
    Outcome::of(home.command(&program).arg("self-update"))
        .exits(6)
        .says("brew upgrade auditgraph")
        .says("needs rebuild");
    assert_eq!(snapshot(&keg), before);
}
