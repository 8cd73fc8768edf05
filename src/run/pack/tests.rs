//! Packs keep what they are given, and refuse what they were not.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::foundation::sqlite::tests::pages_that_repeat;
use rusqlite::Connection;
use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;

fn bytes_of(artifact: &Artifact) -> Vec<u8> {
    let mut bytes = Vec::new();
    let read = artifact.lend(|lent| lent.reader().read_to_end(&mut bytes));
    read.unwrap().unwrap();
    bytes
}

fn objects() -> Vec<Vec<u8>> {
    let small = (0..2_000u32).map(|n| format!("object {n} {}", "text ".repeat(n as usize % 90)));
    let mut all: Vec<Vec<u8>> = small.map(String::into_bytes).collect();
    all.push(b"x".repeat(3 * BLOCK_BYTES));
    all
}

fn build(scratch: &Scratch, flush_every: usize) -> Vec<u8> {
    let mut writer = PackWriter::create(scratch).unwrap();
    for (position, object) in objects().iter().enumerate() {
        writer.append(Sha256::of(object), object);
        writer.append(Sha256::of(object), object);
        if position % flush_every == 0 {
            writer.flush().unwrap();
        }
    }
    bytes_of(&writer.finish().unwrap().unwrap())
}

#[test]
fn a_pack_gives_back_every_object() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a pack?.db");
    fs::write(&path, build(&Scratch::Memory, 100)).unwrap();
    let mut pack = Pack::open(&path).unwrap();
    for object in objects() {
        assert_eq!(
            pack.read(Sha256::of(&object), MAX_OBJECT_BYTES)
                .unwrap()
                .unwrap(),
            object
        );
    }
    assert!(
        pack.holds_any(|id| id == Sha256::of(&objects()[7]))
            .unwrap()
    );
    assert!(!pack.holds_any(|_| false).unwrap());
    assert!(
        pack.read(Sha256::of(b"absent"), MAX_OBJECT_BYTES)
            .unwrap()
            .is_none()
    );
}

#[test]
fn a_pack_has_the_same_bytes_wherever_and_however_it_is_built() {
    let folder = tempfile::tempdir().unwrap();
    let spill = Scratch::Spill(folder.path().join("spill"));
    let memory = build(&Scratch::Memory, 100);
    assert!(memory == build(&Scratch::Memory, 7));
    assert!(memory == build(&spill, 100));
    assert_eq!(
        fs::read_dir(folder.path().join("spill")).unwrap().count(),
        0
    );
}

#[test]
fn an_empty_pack_is_no_pack() {
    let writer = PackWriter::create(&Scratch::Memory).unwrap();
    assert!(writer.finish().unwrap().is_none());
}

fn hostile(sql: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pack.db");
    fs::write(&path, build(&Scratch::Memory, 100)).unwrap();
    let connection = Connection::open(&path).unwrap();
    connection.execute_batch(sql).unwrap();
    drop(connection);
    (folder, path)
}

#[test]
fn a_pack_with_a_trigger_or_view_is_refused() {
    for sql in [
        "CREATE TRIGGER t AFTER INSERT ON meta BEGIN DELETE FROM object; END",
        "CREATE VIEW v AS SELECT 1",
        "ALTER TABLE object RENAME TO o; CREATE VIEW object AS SELECT * FROM o",
        "DROP TABLE object",
    ] {
        let (_folder, path) = hostile(sql);
        assert!(
            matches!(Pack::open(&path), Err(PackError::Damaged { .. })),
            "{sql}"
        );
    }
}

#[test]
fn a_decompression_bomb_is_bounded() {
    let (_folder, path) = hostile("UPDATE block SET bytes = 1 << 40");
    let object = &objects()[5];
    let error = Pack::open(&path)
        .unwrap()
        .read(Sha256::of(object), MAX_OBJECT_BYTES)
        .unwrap_err();
    assert!(error.to_string().contains("claims"), "{error}");
    let (_folder, path) = hostile("UPDATE block SET bytes = 1");
    let error = Pack::open(&path)
        .unwrap()
        .read(Sha256::of(object), MAX_OBJECT_BYTES)
        .unwrap_err();
    assert!(error.to_string().contains("damaged"), "{error}");
}

#[test]
fn nothing_larger_than_expected_is_unpacked() {
    let (_folder, path) = hostile("UPDATE object SET bytes = 1 << 28 WHERE bytes > 1 << 21");
    let huge = Sha256::of(objects().last().unwrap());
    let told = |id, most| {
        let error = Pack::open(&path).unwrap().read(id, most).unwrap_err();
        error.to_string()
    };
    assert!(told(huge, usize::MAX).contains("claims"));
    let object = &objects()[5];
    assert!(told(Sha256::of(object), object.len() - 1).contains("claims"));
    // A block of more than is gathered has one object.
    let (_folder, path) = hostile("UPDATE block SET bytes = 1 << 23");
    let error = Pack::open(&path)
        .unwrap()
        .read(Sha256::of(object), MAX_OBJECT_BYTES)
        .unwrap_err();
    assert!(error.to_string().contains("block 0 claims"), "{error}");
}

#[test]
fn an_object_with_other_bytes_is_refused() {
    let (_folder, path) = hostile("UPDATE object SET start = start + 1 WHERE start > 0");
    let mut pack = Pack::open(&path).unwrap();
    let error = pack
        .read(Sha256::of(&objects()[5]), MAX_OBJECT_BYTES)
        .unwrap_err();
    assert!(error.to_string().contains("has the bytes of"), "{error}");
}

#[test]
fn a_pack_of_another_schema_is_refused() {
    let (_folder, path) =
        hostile(r#"UPDATE meta SET value = '{"written":99,"readable_since":99,"requires":[]}'"#);
    let error = Pack::open(&path).err().unwrap();
    assert!(error.to_string().contains("too new"), "{error}");
}

#[test]
fn a_pack_that_describes_more_objects_than_it_holds_is_refused() {
    let (_folder, path) = hostile("");
    let connection = Connection::open(&path).unwrap();
    let sql = "SELECT rootpage FROM sqlite_schema WHERE name = 'object'";
    let root = connection.query_row(sql, [], |row| row.get(0)).unwrap();
    drop(connection);
    let mut bytes = fs::read(&path).unwrap();
    // A record of four columns: an id, and three zeros that take no bytes.
    let id = Sha256::of(b"repeated");
    let row = [&[37, 5, 76, 8, 8, 8][..], id.as_bytes()].concat();
    pages_that_repeat(&mut bytes, root, 8, &row, true);
    fs::write(&path, bytes).unwrap();
    let pack = Pack::open(&path).unwrap();
    let error = pack.objects().unwrap_err();
    assert!(error.to_string().contains("more objects"), "{error}");
    assert!(pack.holds_any(|_| false).is_err());
    assert!(pack.holds_any(|found| found == id).unwrap());
}

#[test]
fn a_pack_that_cannot_be_read_is_not_called_damaged() {
    let (folder, path) = hostile("");
    let io = |kind: io::ErrorKind| PackError::of_file(&path, kind.into());
    for kind in [io::ErrorKind::PermissionDenied, io::ErrorKind::Other] {
        assert!(matches!(io(kind), PackError::Io { .. }), "{kind}");
    }
    assert!(matches!(
        Pack::open(&folder.path().join("absent.db")),
        Err(PackError::Damaged { .. })
    ));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    // Root reads what nobody may.
    if fs::File::open(&path).is_err() {
        assert!(matches!(Pack::open(&path), Err(PackError::Io { .. })));
    }
}
