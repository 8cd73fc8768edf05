use std::time::{SystemTime, UNIX_EPOCH};

use auditgraph::upgrade::http::Http;
use auditgraph::upgrade::trust::{Channel, Source, Standing, TrustError};
use semver::Version;

use crate::repository::{PLATFORM, Repository};
use crate::server::{Authority, Rule};
use crate::world::{ARCHIVE, World};

#[test]
fn an_archive_arrives_as_it_was_signed() {
    let world = World::new();
    let mut archive = world.fetch(false).unwrap();
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(archive.reader().unwrap(), &mut bytes).unwrap();
    assert_eq!(bytes, ARCHIVE);
}

#[test]
fn a_second_check_fetches_nothing_that_is_known() {
    let world = World::visited();
    let before = world.server.log().len();
    world.load().unwrap();
    let log = world.server.log();
    assert_eq!(
        log[before..],
        ["metadata/2.root.json", "metadata/timestamp.json"]
    );
}

#[test]
fn a_download_that_broke_off_goes_on_where_it_stopped() {
    let world = World::new();
    let place = world.repository.first_place();
    world.server.rule(&place, Rule::BreakOnce(20));
    let broken = world.fetch(true);
    assert!(
        matches!(broken, Err(TrustError::Unavailable { .. })),
        "{broken:?}"
    );
    assert_eq!(
        std::fs::read(world.path("archive")).unwrap(),
        &ARCHIVE[..20]
    );
    world.fetch(true).unwrap();
    assert_eq!(std::fs::read(world.path("archive")).unwrap(), ARCHIVE);
    assert_eq!(
        world.server.log().last().unwrap(),
        &format!("{place} from 20")
    );
}

#[test]
fn what_is_left_of_another_download_is_not_continued_into_a_mixture() {
    let world = World::new();
    for leftover in [&b"of something else"[..], &[1; 4096], ARCHIVE] {
        std::fs::write(world.path("archive"), leftover).unwrap();
        world.fetch(true).unwrap();
        assert_eq!(std::fs::read(world.path("archive")).unwrap(), ARCHIVE);
    }
}

#[test]
fn a_link_in_place_of_the_archive_is_not_followed() {
    let world = World::new();
    let victim = world.path("victim");
    std::fs::write(&victim, b"precious").unwrap();
    std::os::unix::fs::symlink(&victim, world.path("archive")).unwrap();
    let outcome = world.fetch(false);
    assert!(
        matches!(outcome, Err(TrustError::Write { .. })),
        "{outcome:?}"
    );
    assert_eq!(std::fs::read(&victim).unwrap(), b"precious");
}

#[test]
fn a_mirror_behind_an_https_redirect_works() {
    let world = World::new();
    let mirror = crate::server::Server::https(&world.repository.directory, &world.authority);
    let place = world.repository.first_place();
    for path in ["metadata/timestamp.json", place.as_str()] {
        let to = format!("{}{path}", mirror.url());
        world.server.rule(path, Rule::Redirect(to));
    }
    world.fetch(false).unwrap();
    assert_eq!(mirror.log(), ["metadata/timestamp.json", place.as_str()]);
}

#[test]
fn a_redirect_loop_ends() {
    let world = World::new();
    let own = format!("{}metadata/timestamp.json", world.server.url());
    world
        .server
        .rule("metadata/timestamp.json", Rule::Redirect(own));
    let outcome = world.load();
    assert!(
        matches!(outcome, Err(TrustError::Unavailable { .. })),
        "{outcome:?}"
    );
    assert!(world.server.log().len() < 12);
}

#[test]
fn a_server_of_an_unknown_authority_is_not_believed() {
    let world = World::new();
    std::fs::write(world.path("ca.pem"), Authority::new().pem).unwrap();
    let outcome = world.load();
    let Err(TrustError::Unavailable { reason, .. }) = &outcome else {
        panic!("{outcome:?}");
    };
    assert!(reason.contains("certificate"), "{reason}");
    assert_eq!(world.server.log(), Vec::<String>::new());
}

#[test]
fn a_certificate_file_without_certificates_is_told() {
    let world = World::new();
    std::fs::write(world.path("ca.pem"), "nothing").unwrap();
    let words = world.load().unwrap_err().to_string();
    assert!(
        words.contains("SSL_CERT_FILE") && words.contains("ca.pem"),
        "{words}"
    );
    let mut connection = world.connection();
    connection.certificates = Some("".into());
    let words = Http::new(&connection).unwrap_err().to_string();
    assert!(
        words.contains("SSL_CERT_FILE= cannot be used: it is empty"),
        "{words}"
    );
}

#[test]
fn the_name_and_password_of_a_mirror_are_used_and_never_told() {
    let mut world = World::new();
    let with = |world: &World| {
        let address = world.server.url();
        Source::Url(address.replace("https://", "https://me:secret@"))
    };
    world.load_from(&with(&world)).unwrap();
    world.repository.publish();
    for rule in [Rule::Status(500), Rule::Endless] {
        world.server.rule("metadata/timestamp.json", rule);
        let words = world.load_from(&with(&world)).unwrap_err().to_string();
        assert!(
            words.contains("timestamp.json") && !words.contains("secret"),
            "{words}"
        );
    }
    let source = Source::Url("https://me:secret@:443/".to_owned());
    let words = world.load_from(&source).unwrap_err().to_string();
    assert!(!words.contains("secret"), "{words}");
}

#[test]
fn a_local_copy_is_verified_like_a_mirror_and_says_how_long_it_lasts() {
    let mut world = World::new();
    let copy = world.path("stick");
    world.repository.copy_to(&copy);
    let source = Source::Dir(copy.clone());
    let releases = world.load_from(&source).unwrap();
    let validity = releases.validity();
    assert_eq!(validity.role, "timestamp");
    assert!((28..=30).contains(&validity.days_left()), "{validity:?}");
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs();
    assert!(validity.unix_seconds > i64::try_from(now).unwrap());
    let newest = releases.newest(PLATFORM, &Channel::default()).unwrap();
    let silent = auditgraph::foundation::progress::Silent;
    releases
        .fetch_archive(newest, &world.path("archive"), &silent, false)
        .unwrap();
    // What the network showed meanwhile counts for the stick as well.
    world.repository.add("1.2.0", b"newer");
    world.repository.publish();
    assert_eq!(world.offered(), "1.2.0");
    let outcome = world.load_from(&source);
    assert_eq!(
        crate::world::refused(outcome.map(|_| ())).0,
        auditgraph::upgrade::trust::Attack::Rollback
    );
}

#[test]
fn a_directory_that_is_no_copy_of_a_site_is_told() {
    let world = World::new();
    let outcome = world.load_from(&Source::Dir(world.path("state-of-nothing")));
    assert!(
        matches!(outcome, Err(TrustError::Source { .. })),
        "{outcome:?}"
    );
    let outcome = world.load_from(&Source::Dir(std::env::temp_dir()));
    assert!(
        matches!(outcome, Err(TrustError::Source { .. })),
        "{outcome:?}"
    );
}

#[test]
fn a_server_that_is_not_there_is_unavailable_and_no_attack() {
    let world = World::new();
    let outcome = world.load_from(&Source::Url("https://127.0.0.1:1/".into()));
    let Err(error) = outcome else { panic!() };
    assert_eq!(error.attack(), None, "{error}");
    assert!(error.to_string().contains("127.0.0.1:1"), "{error}");
}

#[test]
fn channels_yanks_and_minimum_safe_versions_are_obeyed() {
    let mut world = World::new();
    let yanked = world.repository.add("1.3.0", b"1.3.0");
    let beta = world.repository.add("1.4.0-beta.1", b"beta");
    let foreign = world.repository.add("9.0.0", b"other platform");
    let future = world
        .repository
        .add("8.0.0", b"described in a future format");
    world.repository.add("1.2.0", b"1.2.0");
    world.repository.custom(&yanked)["yanked"] = true.into();
    world.repository.custom(&yanked)["yanked_reason"] = "loses links".into();
    world.repository.custom(&beta)["channel"] = "beta".into();
    world.repository.custom(&beta)["minimum_safe_version"] = "1.1.1".into();
    world.repository.custom(&foreign)["platform"] = "aarch64-apple-darwin".into();
    world.repository.custom(&future)["format"] = 2.into();
    world.repository.publish();
    let releases = world.load().unwrap();
    let newest = |channel: &str| {
        let newest = releases.newest(PLATFORM, &Channel::new(channel)).unwrap();
        newest.version.to_string()
    };
    assert_eq!(newest("stable"), "1.2.0");
    assert_eq!(newest("beta"), "1.4.0-beta.1");
    assert_eq!(releases.of_the_future().count(), 1);
    let standing = |version: &str| releases.standing(PLATFORM, &Version::parse(version).unwrap());
    assert_eq!(standing("1.2.0"), Standing::Good);
    let reason = Some("loses links".into());
    assert_eq!(standing("1.3.0"), Standing::Yanked { reason });
    let minimum = Version::new(1, 1, 1);
    assert_eq!(standing("1.1.0"), Standing::Unsafe { minimum });
}

#[test]
fn two_processes_at_once_do_not_harm_each_other() {
    let mut world = World::new();
    world.repository.add("1.2.0", b"newer");
    world.repository.publish();
    std::thread::scope(|scope| {
        let tasks: Vec<_> = (0..4).map(|_| scope.spawn(|| world.offered())).collect();
        for task in tasks {
            assert_eq!(task.join().unwrap(), "1.2.0");
        }
    });
}

#[test]
fn a_crash_in_the_middle_leaves_the_remembered_metadata_whole() {
    let world = World::visited();
    // Debris of a process that died while it worked on its copies.
    let scratch = world.path("state").join("trust/scratch");
    std::fs::create_dir_all(&scratch).unwrap();
    std::fs::write(scratch.join("timestamp.json"), b"{half").unwrap();
    assert_eq!(world.offered(), "1.1.0");
    assert!(!scratch.exists());
}

#[test]
fn a_clock_set_back_is_told() {
    let world = World::visited();
    let clock = world.path("state").join("trust/clock");
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs();
    std::fs::write(&clock, format!("{}\n", now + 3600)).unwrap();
    world.load().unwrap();
    std::fs::write(&clock, format!("{}\n", now + 40 * 3600)).unwrap();
    let outcome = world.load();
    assert!(
        matches!(outcome, Err(TrustError::Clock { hours: 39..=40, .. })),
        "{outcome:?}"
    );
}

/// Or a clock that was wrong for once would bar every update once it is right.
#[test]
fn a_time_at_which_nothing_was_accepted_is_not_remembered() {
    let world = World::new();
    assert!(world.answered("", b"").is_err());
    assert!(!world.path("state").join("trust/clock").exists());
}

#[test]
fn a_state_directory_that_cannot_be_used_is_an_error() {
    let world = World::new();
    std::fs::write(world.path("state"), b"a file").unwrap();
    let outcome = world.load();
    assert!(
        matches!(outcome, Err(TrustError::State { .. })),
        "{outcome:?}"
    );
}

#[test]
fn what_is_remembered_is_not_forgotten_where_it_cannot_be_read() {
    let mut world = World::new();
    let old = world.path("old");
    world.repository.copy_to(&old);
    world.repository.add("1.2.0", b"newer");
    world.repository.publish();
    world.load().unwrap();
    let trust = world.path("state").join("trust");
    for (name, damage) in [
        ("timestamp.json", b"{".as_slice()),
        ("timestamp.json", b"{}"),
        ("snapshot.json", b""),
        ("targets.json", b"[]"),
        ("clock", b"yesterday"),
        ("clock", b""),
    ] {
        let file = trust.join(name);
        let good = std::fs::read(&file).unwrap();
        std::fs::write(&file, damage).unwrap();
        let outcome = world.load_from(&Source::Dir(old.clone()));
        assert!(
            matches!(&outcome, Err(TrustError::State { path, .. }) if *path == file),
            "{name}: {outcome:?}"
        );
        // Not by root either, who can read what forbids it.
        std::fs::remove_file(&file).unwrap();
        std::fs::create_dir(&file).unwrap();
        let outcome = world.load_from(&Source::Dir(old.clone()));
        assert!(matches!(outcome, Err(TrustError::State { .. })), "{name}");
        std::fs::remove_dir(&file).unwrap();
        std::fs::write(&file, good).unwrap();
    }
    // The smallest time there is counts for none that is too early.
    std::fs::write(trust.join("clock"), i64::MIN.to_string()).unwrap();
    world.load().unwrap();
}

#[test]
fn another_repository_is_not_believed() {
    let world = World::visited();
    let other = world.path("other");
    let mut repository = Repository::new(&other);
    repository.targets_key = "someone".into();
    repository.version = 5;
    repository.publish();
    let outcome = world.load_from(&Source::Dir(other));
    assert!(outcome.unwrap_err().attack().is_some());
}

#[test]
fn a_copy_with_a_pipe_in_place_of_a_file_is_not_waited_for() {
    let world = World::new();
    let stick = world.path("stick");
    world.repository.copy_to(&stick);
    let timestamp = stick.join("metadata/timestamp.json");
    std::fs::remove_file(&timestamp).unwrap();
    let made = std::process::Command::new("mkfifo")
        .arg(&timestamp)
        .status();
    assert!(made.unwrap().success());
    let outcome = world.load_from(&Source::Dir(stick));
    let error = outcome.unwrap_err().to_string();
    assert!(error.contains("not a regular file"), "{error}");
}
