//! A manifest says who can read it, and notices a flipped bit.

#![allow(clippy::unwrap_used)]

use super::*;

pub(in crate::run) fn example() -> Manifest {
    let (tree, config) = (Sha256::of(b"tree"), Sha256::of(b"config"));
    let digest = Manifest::run_digest(tree, config, 1);
    let run = RunId::new(3, digest);
    let sha256 = Sha256::of(b"pack");
    Manifest {
        format: 1,
        schema: SchemaBlock::current(),
        run: run.clone(),
        digest,
        parent: None,
        command: Mode::Ingest,
        tool: Tool::this(),
        config,
        tree,
        counts: BTreeMap::from([("documents".to_owned(), 2)]),
        packs: vec![PackRef {
            file: PackName::new(&run, sha256),
            sha256,
            bytes: 4096,
            schema: SchemaBlock::current(),
        }],
        index: IndexRef {
            logical: Sha256::of(b"rows"),
            schema: SchemaBlock::current(),
        },
        source_bytes: 10,
        bytes_added: 4096,
        budget: Policy::default(),
        checksum: None,
    }
}

fn edited(edit: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut value: Value = serde_json::from_slice(&example().to_bytes()).unwrap();
    edit(&mut value);
    json::pretty(&value)
}

fn reason(bytes: &[u8]) -> &'static str {
    Manifest::read(bytes, "r.json").unwrap_err().name()
}

#[test]
fn a_manifest_reads_back() {
    let bytes = example().to_bytes();
    let mut read = Manifest::read(&bytes, "r.json").unwrap();
    assert!(read.checksum.take().is_some());
    assert_eq!(read, example());
    assert_eq!(Manifest::check(&bytes), Ok(()));
}

#[test]
fn what_is_wrong_is_quoted_in_part() {
    for edit in [
        |value: &mut Value| value["schema"]["written"] = "x".repeat(1 << 20).into(),
        |value: &mut Value| value["run"] = "x".repeat(1 << 20).into(),
    ] {
        let reason = Manifest::read(&edited(edit), "r.json").unwrap_err();
        let Reason::Unreadable { detail, .. } = reason else {
            panic!("{}", reason.name());
        };
        assert!(detail.len() < 400 && detail.contains("xxx"), "{detail}");
    }
}

#[test]
fn every_single_bit_flip_is_noticed() {
    let bytes = example().to_bytes();
    for at in 0..bytes.len() - 1 {
        for bit in 0..8 {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << bit;
            assert!(Manifest::check(&flipped).is_err(), "bit {bit} of byte {at}");
        }
    }
}

#[test]
fn each_incompatible_manifest_names_its_reason() {
    assert_eq!(reason(b"{"), "unreadable");
    assert_eq!(reason(b"[]"), "missing_version");
    assert_eq!(reason(&b"[".repeat(50 * 1024 * 1024)), "unreadable");
    assert_eq!(reason(&b"[".repeat(1024)), "unreadable");
    assert_eq!(
        reason(&edited(|v| v["schema"] = Value::Null)),
        "missing_version"
    );
    assert_eq!(
        reason(&edited(|v| v["schema"]["written"] = Value::Null)),
        "missing_version"
    );
    assert_eq!(
        reason(&edited(|v| v["schema"]["written"] = "1".into())),
        "unreadable"
    );
    assert_eq!(
        reason(&edited(|v| v["schema"]["written"] = 0.into())),
        "too_old"
    );
    let newer = |since: u32| {
        edited(|v| {
            v["schema"]["written"] = 99.into();
            v["schema"]["readable_since"] = since.into();
            v["something_new"] = 1.into();
        })
    };
    assert_eq!(reason(&newer(99)), "too_new");
    assert!(Manifest::read(&newer(1), "r.json").is_ok());
    let feature = edited(|v| v["schema"]["requires"] = vec!["sharding"].into());
    assert_eq!(reason(&feature), "unknown_feature");
    assert_eq!(reason(&edited(|v| v["format"] = 2.into())), "unreadable");
    let pack = edited(|v| v["packs"][0]["schema"]["written"] = 0.into());
    assert_eq!(reason(&pack), "too_old");
}

#[test]
fn a_pack_is_named_once() {
    let twice = edited(|v| {
        let packs = v["packs"].as_array_mut().unwrap();
        packs.push(packs[0].clone());
    });
    assert_eq!(reason(&twice), "unreadable");
}

#[test]
fn a_pack_outside_its_folder_is_refused() {
    for name in [
        "../../etc/passwd",
        "r0001-000000000000-000000000000.db/..",
        ".db",
        "x-000000000000.db",
    ] {
        assert_eq!(
            reason(&edited(|v| v["packs"][0]["file"] = name.into())),
            "unreadable"
        );
    }
    let other = "r0001-000000000000-000000000000.db";
    assert_eq!(
        reason(&edited(|v| v["packs"][0]["file"] = other.into())),
        "unreadable"
    );
}
