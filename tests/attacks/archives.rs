use std::io::Write;

use auditgraph::foundation::Sha256;

use crate::repository::PLATFORM;
use crate::server::{Rule, Server};
use crate::user::{ARCHIVE, User};

/// Where the archive of 9.1.0 lies on the site.
fn place(user: &User) -> String {
    user.repository.first_place()
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
    user.untouched();
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

/// What the hostile archives below hold besides their trap: the executable
/// that was signed.
const PROGRAM: &[u8] = b"#!/bin/sh\nexit 0\n";

/// One member of a tar, written raw: a library would refuse to.
fn member(path: &str, kind: u8, bytes: &[u8]) -> Vec<u8> {
    let mut header = tar::Header::new_ustar();
    header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
    header.set_entry_type(tar::EntryType::new(kind));
    header.set_size(bytes.len() as u64);
    header.set_mode(0o755);
    if kind == b'1' || kind == b'2' {
        header.set_link_name("/etc/passwd").unwrap();
    }
    header.set_cksum();
    let mut block = header.as_bytes().to_vec();
    block.extend_from_slice(bytes);
    block.resize(block.len().div_ceil(512) * 512, 0);
    block
}

/// The sentence with which an update to a validly signed archive is refused:
/// the targets key signs it, as after a break-in where archives are made.
fn refusal_of_archive(program: &[u8], trap: Vec<u8>) -> String {
    let folder = format!("auditgraph-{PLATFORM}");
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    writer
        .write_all(&member(&format!("{folder}/auditgraph"), b'0', program))
        .unwrap();
    writer.write_all(&trap).unwrap();
    drop(trap);
    writer.write_all(&[0; 1024]).unwrap();
    let mut user = User::new();
    let name = user.repository.add("9.2.0", &writer.finish().unwrap());
    let custom = user.repository.custom(&name);
    custom["executable"] = serde_json::json!({
        "path": format!("{folder}/auditgraph"),
        "sha256": Sha256::of(PROGRAM).to_string(),
        "length": PROGRAM.len(),
    });
    user.repository.publish();
    assert_eq!(user.offered(), "9.2.0");
    let output = user.run(&["--yes"]);
    assert_eq!(output.status.code(), Some(5), "{output:?}");
    user.untouched();
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn archive_bomb_is_refused() {
    let folder = format!("auditgraph-{PLATFORM}");
    let zeros = vec![0u8; 80 * 1024 * 1024];
    let words = refusal_of_archive(PROGRAM, member(&format!("{folder}/big"), b'0', &zeros));
    assert!(words.contains("unpacks to more than"), "{words}");
}

#[test]
fn archive_members_with_bad_paths_are_refused() {
    let folder = format!("auditgraph-{PLATFORM}");
    for path in [
        "../auditgraph".to_owned(),
        format!("{folder}/../../auditgraph"),
        "/tmp/auditgraph-trap".to_owned(),
    ] {
        let words = refusal_of_archive(PROGRAM, member(&path, b'0', b"trap"));
        assert!(words.contains("not in its folder"), "{path}: {words}");
    }
}

#[test]
fn link_and_device_members_are_refused() {
    let path = format!("auditgraph-{PLATFORM}/trap");
    for (kind, name) in [
        (b'1', "hard link"),
        (b'2', "symbolic link"),
        (b'3', "device"),
    ] {
        let words = refusal_of_archive(PROGRAM, member(&path, kind, b""));
        assert!(words.contains(name), "{words}");
    }
}

#[test]
fn another_executable_than_the_signed_one_is_refused() {
    let words = refusal_of_archive(b"#!/bin/sh\nexit 1\n", Vec::new());
    assert!(words.contains("sha256"), "{words}");
}
