#![allow(clippy::unwrap_used)]

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

use super::execute::perform;
use super::*;
use crate::foundation::Sha256;
use crate::upgrade::install::Receipt;

const TARGET: &str = "x86_64-unknown-linux-gnu";

/// A program that answers `version --json`; `condition` is a line of shell
/// that may make it fail.
fn program(version: &str, condition: &str) -> String {
    format!(
        "#!/bin/sh\n{condition}\necho '{{\"version\":\"{version}\",\"target\":\"{TARGET}\",\"schema\":{{\"writes\":1,\"reads_since\":1,\"features\":[]}}}}'\n"
    )
}

struct Home {
    directory: tempfile::TempDir,
}

impl Home {
    /// An installed 0.1.0 with a receipt.
    fn new() -> Self {
        let home = Self {
            directory: tempfile::tempdir().unwrap(),
        };
        let target = home.target();
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::write(&target, program("0.1.0", "")).unwrap();
        fs::set_permissions(&target, fs::Permissions::from_mode(0o755)).unwrap();
        let receipt = home.receipt_path();
        fs::create_dir_all(receipt.parent().unwrap()).unwrap();
        let text = format!(
            r#"{{"binaries":["auditgraph"],"install_prefix":"{}","install_layout":"flat","version":"0.1.0"}}"#,
            target.parent().unwrap().display()
        );
        fs::write(receipt, text).unwrap();
        home
    }

    fn target(&self) -> PathBuf {
        let root = self.directory.path().canonicalize().unwrap();
        root.join("bin/auditgraph")
    }

    fn receipt_path(&self) -> PathBuf {
        self.directory
            .path()
            .join("config/auditgraph/auditgraph-receipt.json")
    }

    fn receipt(&self) -> Receipt {
        Receipt::find(&self.directory.path().join("config"))
            .unwrap()
            .unwrap()
    }

    fn place(&self) -> Place {
        Place::of(&self.target())
    }

    fn hold(&self) -> Held {
        self.place().hold().unwrap()
    }

    fn installed(&self) -> Identity {
        Identity::read(&self.target(), "").unwrap()
    }

    /// Stages `text` as if it had come out of an archive.
    fn stage(&self, held: &Held, version: &str, text: &str) -> (Plan, ProvenBinary) {
        let to = Identity {
            version: version.to_owned(),
            sha256: Sha256::of(text.as_bytes()),
            bytes: text.len() as u64,
        };
        let from = Identity::read(&self.target(), "0.1.0").unwrap();
        let plan = Plan::update(held.place(), from, to.clone(), Some(&self.receipt()));
        // The kept file of a rollback is the one other source of bytes.
        fs::write(held.place().previous(to.sha256), text).unwrap();
        let staged = StagedBinary::previous(held, &plan).unwrap();
        (plan, staged.prove(expected(version)).unwrap())
    }

    /// The names in our folder, in order.
    fn leftovers(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(self.place().folder())
            .into_iter()
            .flatten()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .filter(|name| name != "lock")
            .collect();
        names.sort();
        names
    }
}

fn expected(version: &str) -> Expected {
    Expected {
        version: version.to_owned(),
        target: TARGET.to_owned(),
        schema: None,
    }
}

fn says(path: &Path, version: &str) -> bool {
    stage::prove(path, "installed executable", &expected(version)).is_ok()
}

#[test]
fn a_swap_replaces_the_executable_keeps_the_previous_one_and_updates_the_receipt() {
    let home = Home::new();
    let held = home.hold();
    let before = home.installed();
    let (plan, staged) = home.stage(&held, "0.2.0", &program("0.2.0", ""));
    let swapped = swap(&held, plan, staged).unwrap();
    assert_eq!(swapped.unfinished, None);
    assert!(says(&home.target(), "0.2.0"));
    assert_eq!(home.receipt().version(), "0.2.0");
    assert_eq!(
        home.leftovers(),
        [
            format!("previous-{}", before.sha256.short()),
            "previous.json".to_owned()
        ]
    );
    let mode = fs::metadata(home.target()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o755);
}

#[test]
fn a_rollback_returns_and_another_one_goes_forward_again() {
    let home = Home::new();
    let held = home.hold();
    let old = home.installed();
    let (plan, staged) = home.stage(&held, "0.2.0", &program("0.2.0", ""));
    swap(&held, plan, staged).unwrap();
    let new = home.installed();
    for (from, to, bytes) in [("0.2.0", "0.1.0", &old), ("0.1.0", "0.2.0", &new)] {
        let from = Identity::read(&home.target(), from).unwrap();
        let plan = Plan::rollback(held.place(), from, Some(&home.receipt())).unwrap();
        assert_eq!(plan.intent.to.version, to);
        let staged = StagedBinary::previous(&held, &plan).unwrap();
        // It takes no room, which a full disk does not have.
        let inode = |path: &Path| fs::metadata(path).unwrap().ino();
        let kept = held.place().previous(bytes.sha256);
        assert_eq!(inode(&held.place().staged()), inode(&kept));
        let staged = staged.prove(expected(to)).unwrap();
        swap(&held, plan, staged).unwrap();
        assert_eq!(home.installed().sha256, bytes.sha256);
        assert_eq!(home.receipt().version(), to);
    }
}

#[test]
fn without_a_previous_version_there_is_no_way_back() {
    let home = Home::new();
    let held = home.hold();
    let plan = Plan::rollback(held.place(), home.installed(), None);
    assert!(matches!(plan, Err(SwapError::NoPrevious(_))));
    // Nor where the kept one is what is installed, by other means, again.
    let (plan, staged) = home.stage(&held, "0.2.0", &program("0.2.0", ""));
    swap(&held, plan, staged).unwrap();
    fs::write(home.target(), program("0.1.0", "")).unwrap();
    let plan = Plan::rollback(held.place(), home.installed(), None);
    assert!(matches!(plan, Err(SwapError::NoPrevious(_))));
}

#[test]
fn the_way_back_stays_where_its_record_cannot_be_read() {
    let unreadable: [fn(&Path); 2] = [
        // As one of another user is, or as any where no file can be opened.
        |record| {
            fs::remove_file(record).unwrap();
            fs::create_dir(record).unwrap();
        },
        |record| {
            let text = fs::read_to_string(record).unwrap();
            let newer = text.replace("\"format\": 1", "\"format\": 2");
            assert_ne!(newer, text);
            fs::write(record, newer).unwrap();
        },
    ];
    for spoil in unreadable {
        let home = Home::new();
        let held = home.hold();
        let kept = held.place().previous(home.installed().sha256);
        let (plan, staged) = home.stage(&held, "0.2.0", &program("0.2.0", ""));
        swap(&held, plan, staged).unwrap();
        spoil(&held.place().previous_record());
        fs::write(held.place().staged(), "half").unwrap();
        recover(&held).unwrap();
        assert!(!held.place().staged().exists());
        assert!(kept.is_file());
        let error = Plan::rollback(held.place(), home.installed(), None).unwrap_err();
        assert!(!matches!(error, SwapError::NoPrevious(_)), "{error}");
    }
}

#[test]
fn a_previous_version_that_was_tampered_with_is_refused() {
    let home = Home::new();
    let held = home.hold();
    let old = home.installed();
    let (plan, staged) = home.stage(&held, "0.2.0", &program("0.2.0", ""));
    swap(&held, plan, staged).unwrap();
    fs::write(held.place().previous(old.sha256), "#!/bin/sh\n").unwrap();
    let plan = Plan::rollback(held.place(), home.installed(), None).unwrap();
    let outcome = StagedBinary::previous(&held, &plan);
    assert!(matches!(outcome, Err(SwapError::PreviousChanged { .. })));
    assert!(says(&home.target(), "0.2.0"));
    assert!(!held.place().staged().exists());
}

#[test]
fn an_executable_that_fails_once_installed_is_rolled_back() {
    let home = Home::new();
    let held = home.hold();
    // Runs where it is staged, fails where it is installed.
    let picky = program("0.2.0", "case \"$0\" in */staged) ;; *) exit 9 ;; esac");
    let (plan, staged) = home.stage(&held, "0.2.0", &picky);
    let error = swap(&held, plan, staged).unwrap_err();
    assert!(matches!(&error, SwapError::RolledBack { version, .. } if version == "0.1.0"));
    assert!(says(&home.target(), "0.1.0"));
    assert_eq!(home.receipt().version(), "0.1.0");
    assert!(!pending(&home.target()));
}

#[test]
fn a_version_that_cannot_be_put_back_is_told_and_nothing_is_cleaned_up() {
    let home = Home::new();
    let held = home.hold();
    let folder = held.place().folder().display().to_string();
    // Fails where it is installed, and takes the way back with it.
    let hostile = program(
        "0.2.0",
        &format!("case \"$0\" in */staged) ;; *) rm -f '{folder}'/previous-*; exit 9 ;; esac"),
    );
    let (plan, staged) = home.stage(&held, "0.2.0", &hostile);
    let error = swap(&held, plan, staged).unwrap_err();
    assert!(
        matches!(&error, SwapError::NotRolledBack { version, target, .. }
            if version == "0.1.0" && *target == home.target()),
        "{error}"
    );
    assert!(!says(&home.target(), "0.1.0"));
    assert_eq!(home.receipt().version(), "0.1.0");
    assert!(pending(&home.target()));
    // Put back by hand, it is what the next command finds.
    fs::write(home.target(), program("0.1.0", "")).unwrap();
    recover(&held).unwrap();
    assert!(!pending(&home.target()));
    assert_eq!(home.receipt().version(), "0.1.0");
}

#[test]
fn a_staged_executable_that_is_not_what_was_signed_is_refused_and_removed() {
    let home = Home::new();
    let held = home.hold();
    let text = program("0.3.0", "");
    let to = Identity {
        version: "0.2.0".to_owned(),
        sha256: Sha256::of(text.as_bytes()),
        bytes: text.len() as u64,
    };
    fs::write(held.place().previous(to.sha256), &text).unwrap();
    let plan = Plan::update(held.place(), home.installed(), to, None);
    let staged = StagedBinary::previous(&held, &plan).unwrap();
    let error = staged.prove(expected("0.2.0")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the staged executable says version 0.3.0, signed was 0.2.0"
    );
    assert!(error.is_verification());
    assert!(!held.place().staged().exists());
}

#[test]
fn an_answer_in_another_protocol_than_the_one_asked_in_is_none() {
    use crate::upgrade::preflight::{PROTOCOL, Request, ask};

    let request = Request::of(crate::upgrade::this_build(), []);
    for (protocol, understood) in [(PROTOCOL, true), (PROTOCOL + 1, false)] {
        let home = Home::new();
        let held = home.hold();
        let report = serde_json::json!({
            "protocol": protocol, "workspaces": [],
            "installed": request.installed, "candidate": request.installed,
        });
        let answer = format!("[ \"$1\" = preflight ] && echo '{report}' && exit");
        let (_, staged) = home.stage(&held, "0.2.0", &program("0.2.0", &answer));
        assert_eq!(ask(&staged, &request).is_ok(), understood, "{protocol}");
    }
}

#[test]
fn a_kill_after_any_step_leaves_a_whole_version_and_the_next_command_cleans_up() {
    let steps = {
        let home = Home::new();
        let held = home.hold();
        home.stage(&held, "0.2.0", &program("0.2.0", ""))
            .0
            .swap
            .len()
    };
    let mut finished = 0;
    for killed_after in 0..=steps {
        let home = Home::new();
        {
            let held = home.hold();
            let (plan, _staged) = home.stage(&held, "0.2.0", &program("0.2.0", ""));
            for step in plan.swap.iter().take(killed_after) {
                perform(&held, &plan, step, &expected("0.2.0")).unwrap();
            }
        }
        let (old, new) = (says(&home.target(), "0.1.0"), says(&home.target(), "0.2.0"));
        assert!(old != new, "after {killed_after} steps");
        assert_eq!(
            pending(&home.target()),
            killed_after < steps,
            "{killed_after}"
        );
        recover_quietly(&home.target());
        let version = if new { "0.2.0" } else { "0.1.0" };
        assert!(says(&home.target(), version));
        assert_eq!(home.receipt().version(), version, "{killed_after}");
        assert!(!pending(&home.target()));
        // The way back is there exactly when the new version is.
        assert_eq!(home.leftovers().len(), if new { 2 } else { 0 });
        finished += usize::from(new);
    }
    assert!(finished > 1 && finished < steps);
}

#[test]
fn a_link_in_place_of_our_folder_is_not_followed() {
    let home = Home::new();
    let elsewhere = home.directory.path().join("elsewhere");
    fs::create_dir_all(&elsewhere).unwrap();
    symlink(&elsewhere, home.place().folder()).unwrap();
    assert!(home.place().hold().is_err());
    assert_eq!(fs::read_dir(elsewhere).unwrap().count(), 0);
}

#[test]
fn a_receipt_that_cannot_be_kept_in_step_is_told_and_tried_again() {
    let home = Home::new();
    let held = home.hold();
    let (plan, staged) = home.stage(&held, "0.2.0", &program("0.2.0", ""));
    let good = fs::read(home.receipt_path()).unwrap();
    fs::write(home.receipt_path(), "{").unwrap();
    let swapped = swap(&held, plan, staged).unwrap();
    assert!(swapped.unfinished.unwrap().contains("damaged"));
    assert!(says(&home.target(), "0.2.0"));
    drop(held);
    // As long as it stays so, the way back is there, and so is the next update.
    let held = home.hold();
    assert!(pending(&home.target()));
    let back = Plan::rollback(held.place(), home.installed(), None).unwrap();
    assert_eq!(back.intent.to.version, "0.1.0");
    assert!(StagedBinary::previous(&held, &back).is_ok());
    drop(held);
    fs::write(home.receipt_path(), good).unwrap();
    recover_quietly(&home.target());
    assert_eq!(home.receipt().version(), "0.2.0");
    assert!(!pending(&home.target()));
}

#[test]
fn a_folder_in_ours_is_left_alone_and_bars_nothing() {
    let home = Home::new();
    let folder = home.place().folder().join("somebody's");
    fs::create_dir_all(&folder).unwrap();
    let held = home.hold();
    let (plan, staged) = home.stage(&held, "0.2.0", &program("0.2.0", ""));
    let swapped = swap(&held, plan, staged).unwrap();
    assert_eq!(swapped.unfinished, None);
    assert!(!pending(&home.target()) && folder.is_dir());
    assert!(Plan::rollback(held.place(), home.installed(), None).is_ok());
}

#[test]
fn a_link_to_the_executable_and_to_its_folder_stay_links() {
    let home = Home::new();
    let root = home.directory.path().canonicalize().unwrap();
    let (link, folder) = (root.join("link"), root.join("linked-bin"));
    symlink(home.target(), &link).unwrap();
    symlink(home.target().parent().unwrap(), &folder).unwrap();
    let place = Place::of(&folder.join("auditgraph").canonicalize().unwrap());
    let held = place.hold().unwrap();
    let (plan, staged) = home.stage(&held, "0.2.0", &program("0.2.0", ""));
    swap(&held, plan, staged).unwrap();
    assert!(says(&link, "0.2.0"));
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(fs::symlink_metadata(&folder).unwrap().is_symlink());
}

#[test]
fn the_plan_can_be_read() {
    let home = Home::new();
    let from = Identity {
        version: "0.1.0".to_owned(),
        sha256: Sha256::of(b"old"),
        bytes: 3,
    };
    let to = Identity {
        version: "0.2.0".to_owned(),
        sha256: Sha256::of(b"new"),
        bytes: 3,
    };
    let place = Place::of(Path::new("/b/auditgraph"));
    let plan = Plan::update(&place, from, to, Some(&home.receipt()));
    let text: Vec<String> = plan.steps().map(ToString::to_string).collect();
    assert_eq!(
        text[..5],
        [
            "put the next executable at /b/.auditgraph/staged (3 B)",
            "run /b/.auditgraph/staged: it must say that it is 0.2.0, and answer for the workspaces",
            &format!(
                "keep /b/auditgraph as /b/.auditgraph/previous-{}",
                Sha256::of(b"old").short()
            ),
            "record the swap in /b/.auditgraph/intent.json",
            "rename /b/.auditgraph/staged to /b/auditgraph",
        ]
    );
    assert_eq!(text.len(), 9);
}

#[test]
fn an_update_that_waited_while_another_was_faster_changes_nothing() {
    let home = Home::new();
    let waiting = home.place();
    let held = home.hold();
    let (plan, staged) = home.stage(&held, "0.2.0", &program("0.2.0", ""));
    swap(&held, plan, staged).unwrap();
    drop(held);
    let leftovers = home.leftovers();
    // It still believes that the old version is what it would keep.
    let refused = waiting.hold().err().unwrap();
    assert!(matches!(refused, SwapError::Replaced(_)), "{refused}");
    assert_eq!(home.leftovers(), leftovers);
    assert!(!pending(&home.target()));
    assert!(home.place().hold().is_ok());
}
