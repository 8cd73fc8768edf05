#![allow(clippy::unwrap_used)]

use super::*;

const PROGRAM: &[u8] = b"#!program";

fn expected() -> Expected {
    Expected {
        folder: "tool-1".to_owned(),
        executable: "tool".to_owned(),
        length: PROGRAM.len() as u64,
        sha256: Sha256::of(PROGRAM),
    }
}

fn member(path: &str, kind: EntryType, bytes: &[u8]) -> Vec<u8> {
    let mut header = tar::Header::new_ustar();
    // Written raw: the builder would refuse what an attacker writes.
    header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
    header.set_entry_type(kind);
    header.set_size(bytes.len() as u64);
    header.set_mode(0o755);
    if matches!(kind, EntryType::Symlink | EntryType::Link) {
        header.set_link_name("/etc/passwd").unwrap();
    }
    header.set_cksum();
    let mut block = header.as_bytes().to_vec();
    block.extend_from_slice(bytes);
    block.resize(block.len().div_ceil(512) * 512, 0);
    block
}

fn gzip(members: &[Vec<u8>]) -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    for member in members {
        writer.write_all(member).unwrap();
    }
    writer.write_all(&[0; 1024]).unwrap();
    writer.finish().unwrap()
}

fn program() -> Vec<u8> {
    member("tool-1/tool", EntryType::Regular, PROGRAM)
}

fn unpack(members: &[Vec<u8>]) -> Result<Vec<u8>, ArchiveError> {
    let mut out = Vec::new();
    unpack_executable(&mut &gzip(members)[..], &expected(), &mut out).map(|()| out)
}

#[test]
fn the_executable_comes_out_whatever_lies_beside_it() {
    let members = [
        member("tool-1/", EntryType::Directory, b""),
        member("tool-1/man/tool.1", EntryType::Regular, b"other"),
        member("./tool-1/README.md", EntryType::Regular, b"other"),
        program(),
    ];
    assert_eq!(unpack(&members).unwrap(), PROGRAM);
}

#[test]
fn members_outside_the_folder_are_refused() {
    for path in [
        "../tool",
        "/tool-1/tool",
        "tool-1/../../tool",
        "tool",
        "other/tool",
        "tool-1/a/../tool",
    ] {
        let outcome = unpack(&[program(), member(path, EntryType::Regular, PROGRAM)]);
        assert!(matches!(outcome, Err(ArchiveError::Path(_))), "{path}");
    }
}

#[test]
fn symlink_hard_link_device_and_pipe_members_are_refused() {
    for (kind, name) in [
        (EntryType::Symlink, "symbolic link"),
        (EntryType::Link, "hard link"),
        (EntryType::Char, "device"),
        (EntryType::Block, "device"),
        (EntryType::Fifo, "named pipe"),
    ] {
        let error = unpack(&[member("tool-1/tool", kind, b"")]).unwrap_err();
        assert!(error.to_string().contains(name), "{error}");
    }
}

#[test]
fn an_archive_bomb_is_refused_before_it_fills_anything() {
    let big = vec![0u8; usize::try_from(MOST_OTHER_BYTES).unwrap() + 4096];
    let error = unpack(&[member("tool-1/big", EntryType::Regular, &big), program()]).unwrap_err();
    assert!(matches!(error, ArchiveError::Bomb { .. }), "{error}");
    let many: Vec<Vec<u8>> = (0..=MOST_MEMBERS)
        .map(|_| member("tool-1/a", EntryType::Regular, b""))
        .collect();
    assert!(matches!(unpack(&many), Err(ArchiveError::Members)));
}

#[test]
fn another_executable_than_the_signed_one_is_refused() {
    let longer = member("tool-1/tool", EntryType::Regular, b"#!program!");
    assert!(matches!(
        unpack(&[longer]),
        Err(ArchiveError::Length { .. })
    ));
    let other = member("tool-1/tool", EntryType::Regular, b"#!pr0gram");
    assert!(matches!(unpack(&[other]), Err(ArchiveError::Digest { .. })));
    assert!(matches!(
        unpack(&[]),
        Err(ArchiveError::Executable { found: 0, .. })
    ));
    assert!(matches!(
        unpack(&[program(), program()]),
        Err(ArchiveError::Executable { found: 2, .. })
    ));
}

#[test]
fn two_executables_in_one_archive_are_refused_however_they_are_called() {
    for name in [
        "tool-1/tool",
        "./tool-1/tool",
        "tool-1//tool",
        "tool-1/./tool",
    ] {
        let outcome = unpack(&[program(), member(name, EntryType::Regular, PROGRAM)]);
        let refused = matches!(outcome, Err(ArchiveError::Executable { found: 2, .. }));
        assert!(refused, "{name}: {outcome:?}");
    }
}

/// A name that another member gives, as GNU tar and pax do for long ones.
fn renamed(to: &str, kind: EntryType) -> Vec<u8> {
    let record = |text: &str| {
        let mut length = text.len() + 3;
        while format!("{length} {text}\n").len() != length {
            length += 1;
        }
        format!("{length} {text}\n")
    };
    let bytes = match kind {
        EntryType::XHeader => record(&format!("path={to}")),
        _ => format!("{to}\0"),
    };
    let mut members = member("././@LongLink", kind, bytes.as_bytes());
    members.extend(member("tool-1/README", EntryType::Regular, PROGRAM));
    members
}

#[test]
fn a_long_name_counts_as_the_name() {
    for kind in [EntryType::GNULongName, EntryType::XHeader] {
        for to in ["../tool", "/tmp/tool", "tool-1/../../tool"] {
            let outcome = unpack(&[program(), renamed(to, kind)]);
            let refused = matches!(&outcome, Err(ArchiveError::Path(path)) if path == to);
            assert!(refused, "{kind:?} {to}: {outcome:?}");
        }
        let outcome = unpack(&[program(), renamed("tool-1/tool", kind)]);
        let refused = matches!(outcome, Err(ArchiveError::Executable { found: 2, .. }));
        assert!(refused, "{kind:?}: {outcome:?}");
        let endless = "n".repeat(80 * 1024 * 1024);
        let outcome = unpack(&[program(), renamed(&endless, kind)]);
        assert!(
            matches!(outcome, Err(ArchiveError::Bomb { .. })),
            "{kind:?}"
        );
    }
}

#[test]
fn sparse_contiguous_and_unknown_members_are_refused() {
    let kinds = [
        EntryType::GNUSparse,
        EntryType::Continuous,
        EntryType::new(b'Z'),
    ];
    for kind in kinds {
        let outcome = unpack(&[program(), member("tool-1/a", kind, b"")]);
        assert!(outcome.is_err(), "{kind:?}: {outcome:?}");
    }
}

#[test]
fn a_truncated_or_damaged_archive_is_refused() {
    let whole = gzip(&[program()]);
    for length in 0..whole.len() {
        let mut out = Vec::new();
        let outcome = unpack_executable(&mut &whole[..length], &expected(), &mut out);
        assert!(outcome.is_err(), "{length} of {} bytes", whole.len());
    }
    // The last eight bytes are the gzip stream's checksum and length.
    let mut flipped = whole.clone();
    let at = whole.len() - 6;
    flipped[at] ^= 1;
    let outcome = unpack_executable(&mut &flipped[..], &expected(), &mut Vec::new());
    assert!(matches!(outcome, Err(ArchiveError::Damaged(_))));
}
