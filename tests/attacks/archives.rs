use crate::server::{Rule, Server};
use crate::user::{ARCHIVE, User};

/// Where the archive of 9.1.0 lies on the site.
fn place(user: &User) -> String {
    user.repository
        .place(user.repository.targets.keys().next().unwrap())
}

#[test]
fn wrong_length_is_refused() {
    let user = User::new();
    let mut longer = ARCHIVE.to_vec();
    longer.push(b'!');
    user.server.rule(&place(&user), Rule::Bytes(longer));
    assert_eq!(user.archive_refused().0, "wrong_length");
    user.server.rule(&place(&user), Rule::Cut(1));
    let (attack, words) = user.archive_refused();
    assert_eq!(attack, "wrong_length");
    assert!(words.contains("signed were"), "{words}");
}

#[test]
fn wrong_digest_is_refused() {
    let user = User::new();
    let mut other = ARCHIVE.to_vec();
    other[0] ^= 1;
    user.server.rule(&place(&user), Rule::Bytes(other));
    let (attack, words) = user.archive_refused();
    assert_eq!(attack, "wrong_digest");
    assert!(words.contains("sha256"), "{words}");
}

#[test]
fn wrong_target_is_refused() {
    let mut user = User::new();
    let old = ARCHIVE.to_vec();
    let newer = user.repository.add("9.2.0", &vec![7; old.len()]);
    user.repository.publish();
    user.server
        .rule(&user.repository.place(&newer), Rule::Bytes(old));
    assert_eq!(user.archive_refused().0, "wrong_digest");
}

#[test]
fn extraneous_target_is_never_offered() {
    let user = User::new();
    let target = crate::repository::PLATFORM;
    let name = format!("auditgraph-9.9.9-{target}.tar.gz");
    std::fs::write(
        user.repository.directory.join("targets").join(name),
        b"unsigned",
    )
    .unwrap();
    assert_eq!(user.offered(), "9.1.0");
    let output = user.run(&["--to", "9.9.9", "--yes"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    user.untouched();
}

#[test]
fn endless_archive_is_refused() {
    let user = User::new();
    user.server.rule(&place(&user), Rule::Endless);
    assert_eq!(user.archive_refused().0, "wrong_length");
}

#[test]
fn slow_retrieval_of_an_archive_is_refused() {
    let mut user = User::new();
    let name = user.repository.add("9.2.0", &[7; 400]);
    user.repository.publish();
    user.server.rule(&user.repository.place(&name), Rule::Drip);
    assert_eq!(user.offered(), "9.2.0");
    let output = user.run(&["--yes"]);
    assert_eq!(output.status.code(), Some(5), "{output:?}");
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(words.contains("bytes arrived within"), "{words}");
    let program = user.program();
    assert!(program.is_file());
}

#[test]
fn redirect_to_plain_http_is_refused_for_metadata_and_archive() {
    let user = User::new();
    let plain = Server::plain(&user.repository.directory);
    let archive = place(&user);
    user.server.rule(
        &archive,
        Rule::Redirect(format!("{}{archive}", plain.url())),
    );
    let (attack, words) = user.archive_refused();
    assert_eq!(attack, "plain_http");
    assert!(words.contains("plain http"), "{words}");
    let timestamp = "metadata/timestamp.json";
    user.server.rule(
        timestamp,
        Rule::Redirect(format!("{}{timestamp}", plain.url())),
    );
    assert_eq!(user.refused().0, "plain_http");
    assert_eq!(plain.log(), Vec::<String>::new());
}
