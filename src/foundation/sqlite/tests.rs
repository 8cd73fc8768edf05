//! What an untrusted database may make a reader do is bounded by its size.

#![allow(clippy::unwrap_used)]

use super::*;
use std::fs;

const PAGE: usize = 1024;

/// A page of a b-tree whose cells are all `cell`, as many as fit: `header`
/// begins with the kind of page, and ends with its right child if it has one.
fn page(kind: u8, cell: &[u8], child: Option<u32>) -> Vec<u8> {
    let header = if child.is_some() { 12 } else { 8 };
    let cells = (PAGE - header) / (cell.len() + 2);
    let begin = PAGE - cells * cell.len();
    let number = |n: usize| u16::try_from(n).unwrap().to_be_bytes();
    let mut page = vec![0; PAGE];
    page[0] = kind;
    page[3..5].copy_from_slice(&number(cells));
    page[5..7].copy_from_slice(&number(begin));
    if let Some(child) = child {
        page[8..12].copy_from_slice(&child.to_be_bytes());
    }
    for at in 0..cells {
        let start = begin + at * cell.len();
        page[header + 2 * at..][..2].copy_from_slice(&number(start));
        page[start..start + cell.len()].copy_from_slice(cell);
    }
    page
}

/// Turns the table or index of the database `bytes`, with pages of [`PAGE`]
/// bytes, whose b-tree begins on page `root` into one of `levels` levels with
/// one page each, to which every cell of the page above leads. Its rows all
/// are `row`: a record, with its length and rowid before it in a table.
pub(crate) fn pages_that_repeat(
    bytes: &mut Vec<u8>,
    root: usize,
    levels: usize,
    row: &[u8],
    is_index: bool,
) {
    let (inner, leaf) = if is_index { (2, 10) } else { (5, 13) };
    let first = bytes.len() / PAGE + 1;
    let above = |child: usize| {
        let child = u32::try_from(child).unwrap();
        let key = if is_index { row } else { &[1] };
        page(inner, &[&child.to_be_bytes(), key].concat(), Some(child))
    };
    bytes[(root - 1) * PAGE..root * PAGE].copy_from_slice(&above(first));
    for level in 1..levels {
        bytes.extend(above(first + level));
    }
    bytes.extend(page(leaf, row, None));
    let pages = u32::try_from(bytes.len() / PAGE).unwrap();
    bytes[28..32].copy_from_slice(&pages.to_be_bytes());
}

/// A file of a few pages with a table `t` of as many rows as `levels` of
/// repeated pages stand for.
fn repeating(levels: usize) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.db");
    let connection = Connection::open(&path).unwrap();
    let made = format!("PRAGMA page_size={PAGE}; CREATE TABLE t(x)");
    connection.execute_batch(&made).unwrap();
    drop(connection);
    let mut bytes = fs::read(&path).unwrap();
    // The length of the record, its rowid, its header of two bytes, the 1.
    pages_that_repeat(&mut bytes, 2, levels, &[2, 1, 2, 9], false);
    fs::write(&path, bytes).unwrap();
    (folder, path)
}

fn rows(connection: &Connection) -> Result<u64, SqliteError> {
    let read = || {
        let mut statement = connection.prepare("SELECT x FROM t")?;
        let mut rows = statement.query([])?;
        let mut read = 0;
        while rows.next()?.is_some() {
            read += 1;
        }
        Ok(read)
    };
    read().map_err(SqliteError::of_reading)
}

#[test]
fn pages_that_repeat_are_read_until_it_is_too_much() {
    let (_folder, path) = repeating(1);
    let connection = connect_untrusted(&path, 1 << 20).unwrap();
    assert!(rows(&connection).unwrap() > 10_000);

    let (_folder, path) = repeating(7);
    let bytes = fs::read(&path).unwrap();
    assert!(bytes.len() < 20 * PAGE);
    let length = bytes.len() as u64;
    for connection in [
        connect_untrusted(&path, 1 << 20),
        copy_untrusted(&mut &bytes[..], length, 1 << 20),
    ] {
        let error = rows(&connection.unwrap()).unwrap_err();
        let SqliteError::Damaged(told) = error else {
            panic!("{error}");
        };
        assert_eq!(told, "it describes more rows than it can hold");
    }
}

#[test]
fn a_file_below_a_path_too_long_for_sqlite_is_read_all_the_same() {
    let (folder, path) = repeating(1);
    let read = |path: &Path| rows(&connect_untrusted(path, 1 << 20)?);
    let expected = read(&path).unwrap();
    let below = |bytes: usize| {
        let mut folder = folder.path().to_owned();
        while folder.as_os_str().len() + "/t.db".len() < bytes {
            let missing = bytes - "/t.db".len() - folder.as_os_str().len() - 1;
            folder.push("f".repeat(missing.clamp(1, 200)));
        }
        fs::create_dir_all(&folder).unwrap();
        folder.join("t.db")
    };
    for bytes in [LONGEST_PATH - 2, LONGEST_PATH, LONGEST_PATH + 2, 2_000] {
        let long = below(bytes);
        fs::copy(&path, &long).unwrap();
        assert_eq!(read(&long).unwrap(), expected, "{bytes}");
    }
    let long = below(2_000);
    let file = fs::OpenOptions::new().write(true).open(&long).unwrap();
    file.set_len(MOST_COPIED + 1).unwrap();
    assert!(matches!(read(&long), Err(SqliteError::Io(_))));
}

#[test]
fn what_the_machine_refuses_is_no_damage() {
    let failed = |code| {
        let error = rusqlite::ffi::Error::new(code);
        SqliteError::of_reading(rusqlite::Error::SqliteFailure(error, None))
    };
    for code in [
        rusqlite::ffi::SQLITE_CANTOPEN,
        rusqlite::ffi::SQLITE_IOERR,
        rusqlite::ffi::SQLITE_NOMEM,
        rusqlite::ffi::SQLITE_PERM,
    ] {
        assert!(matches!(failed(code), SqliteError::Io(_)), "{code}");
    }
    for code in [
        rusqlite::ffi::SQLITE_CORRUPT,
        rusqlite::ffi::SQLITE_NOTADB,
        rusqlite::ffi::SQLITE_INTERRUPT,
    ] {
        assert!(matches!(failed(code), SqliteError::Damaged(_)), "{code}");
    }
}
