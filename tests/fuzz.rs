//! The fuzz targets on stable Rust: every seed of `fuzz/corpus`, then
//! mutations of the seeds. The mutations are the same in every run, so that a
//! failure can be had again. `FUZZ_CASES` says how many a target gets; plain
//! `cargo test` is content with few, `cargo verify` asks for many.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

#[path = "../fuzz/src/lib.rs"]
#[allow(missing_docs, unreachable_pub)]
mod targets;

/// Mutations a target gets unless `FUZZ_CASES` says otherwise.
const FEW: u64 = 300;
/// No input grows larger than this many bytes.
const LARGEST: usize = 64 * 1024;
/// An input of that size which takes longer shows a cost that is not linear.
/// Generous: the machine may be busy with other tests.
const TOO_LONG: Duration = Duration::from_secs(20);

#[test]
fn any_bytes_as_configuration_are_accepted_or_refused_with_a_place() {
    fuzz(
        "config",
        targets::config,
        &[
            b"[", b"]", b"{", b"= 1", b"\"\"\"", b"a.", b"\n", b"#", b"1e9", b"\\u0000",
        ],
    );
}

#[test]
fn any_bytes_as_markdown_are_a_document_whose_evidence_stands_in_them() {
    let words: [&[u8]; 30] = [
        b"# ",
        b"\n",
        b"\n\n",
        b"\r\n",
        b"---\n",
        b"+++\n",
        b"```",
        b"`",
        b"[",
        b"]",
        b"[[",
        b"]]",
        b"(",
        b")",
        b"![",
        b"<a id=\"x\">",
        b"<!--",
        b"> ",
        b"- ",
        b"|",
        b"|-|\n",
        b"*",
        b"_",
        b"#tag ",
        b"tags: [a]\n",
        b"[x]: y\n",
        b"[^1]",
        b"https://a.b/",
        b"\xc3\xa9",
        b"\0",
    ];
    fuzz("markdown", targets::markdown, &words);
}

#[test]
fn any_bytes_as_text_are_a_document_whose_evidence_stands_in_them() {
    let words: [&[u8]; 16] = [
        b"\n",
        b"\n\n",
        b"===",
        b"---",
        b"~~~",
        b"`",
        b"``",
        b"`a <b>`_",
        b".. _a: b\n",
        b".. code-block:: c\n\n",
        b"::\n\n",
        b"   ",
        b":doc:`x`",
        b"|a|",
        b"\xef\xbb\xbf",
        b"\0",
    ];
    fuzz("text", targets::text, &words);
}

#[test]
fn any_bytes_as_manifest_are_read_or_refused_with_a_reason() {
    let words: [&[u8]; 14] = [
        b"{",
        b"}",
        b"[",
        b"]",
        b"[[[[",
        b",",
        b":",
        b"null",
        b"1",
        b"99999999999",
        b"\"schema\":",
        b"\"written\":2",
        b"\\u0000",
        b"r0001-aaaaaaaaaaaa",
    ];
    fuzz("manifest", targets::manifest, &words);
}

#[test]
fn the_seed_of_a_good_manifest_is_read() {
    let seed = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/manifest/good.json");
    let read = auditgraph::run::Manifest::read(&fs::read(seed).unwrap(), "good.json");
    assert_eq!(read.unwrap().packs.len(), 1);
}

/// libFuzzer and this harness run the same targets.
#[test]
fn every_fuzz_target_is_declared_and_has_seeds() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let manifest = fs::read_to_string(fuzz.join("Cargo.toml")).unwrap();
    let harness = include_str!("fuzz.rs");
    let targets = seeds(&fuzz.join("fuzz_targets"));
    assert_eq!(targets.len(), 4);
    for (path, source) in targets {
        let name = Path::new(&path).file_stem().unwrap().to_str().unwrap();
        let source = String::from_utf8(source).unwrap();
        assert!(
            source.contains(&format!("auditgraph_fuzz::{name}(data)")),
            "{path}"
        );
        assert!(
            manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")),
            "{name}"
        );
        assert!(harness.contains(&format!("targets::{name},")), "{name}");
        assert!(!seeds(&fuzz.join("corpus").join(name)).is_empty(), "{name}");
    }
}

/// Runs `target` over its seeds and their mutations. `words` are bytes that
/// mean something to it.
fn fuzz(name: &str, target: fn(&[u8]), words: &[&[u8]]) {
    let cases = std::env::var("FUZZ_CASES").map_or(FEW, |text| text.parse().expect("a number"));
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let seeds = seeds(&root.join("fuzz/corpus").join(name));
    assert!(!seeds.is_empty(), "fuzz/corpus/{name} holds no seed");
    let try_one = |input: &[u8], what: &str| {
        let started = Instant::now();
        let outcome = catch_unwind(AssertUnwindSafe(|| target(input)));
        let took = started.elapsed();
        if outcome.is_err() || took > TOO_LONG {
            let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("fuzz-{name}"));
            fs::write(&path, input).unwrap();
            panic!(
                "{what} failed after {took:?}; the input is in {}",
                path.display()
            );
        }
    };
    for (path, seed) in &seeds {
        try_one(seed, path);
    }
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for case in 0..cases {
        let input = mutated(&mut random, &seeds, words);
        try_one(&input, &format!("case {case}"));
    }
}

/// Every file of the folder, sorted by name.
fn seeds(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let mut seeds: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.display().to_string(), fs::read(&path).unwrap()))
        .collect();
    seeds.sort();
    seeds
}

/// One to six changes to one of the seeds.
fn mutated(random: &mut Random, seeds: &[(String, Vec<u8>)], words: &[&[u8]]) -> Vec<u8> {
    let mut bytes = random.one(seeds).1.clone();
    for _ in 0..=random.below(6) {
        let at = random.below(bytes.len() + 1);
        let end = at + random.below((bytes.len() - at).min(64) + 1);
        match random.below(8) {
            0 => bytes.insert(at, random.next().to_le_bytes()[0]),
            1 => drop(bytes.drain(at..end)),
            2 => drop(bytes.splice(at..at, random.one(words).iter().copied())),
            3 => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << random.below(8);
                }
            }
            4 => bytes.truncate(at),
            5 => {
                let other = &random.one(seeds).1;
                let from = random.below(other.len() + 1);
                bytes.truncate(at);
                bytes.extend_from_slice(&other[from..]);
            }
            // What is repeated often shows recursion and quadratic cost.
            6 => {
                let count = random.below(2000);
                let word = random.one(words).repeat(count);
                drop(bytes.splice(at..at, word));
            }
            _ => {
                let part = bytes[at..end].to_vec();
                drop(bytes.splice(at..at, part));
            }
        }
        bytes.truncate(LARGEST);
    }
    bytes
}

/// xorshift64*: the same numbers everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound.max(1) as u64).unwrap()
    }

    fn one<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }
}
