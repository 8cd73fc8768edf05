#![allow(clippy::all, missing_docs)]
use auditgraph::foundation::Sha256;
use auditgraph::graph::Format;
use auditgraph::index::search::*;
use auditgraph::index::*;
use std::time::Instant;
fn walk(d: &std::path::Path, out: &mut Vec<std::path::PathBuf>) {
    for e in std::fs::read_dir(d).unwrap() {
        let p = e.unwrap().path();
        if p.is_dir() {
            walk(&p, out)
        } else if p.extension().is_some_and(|e| e == "md") {
            out.push(p)
        }
    }
}
fn main() {
    let root = std::path::PathBuf::from(std::env::args().nth(1).unwrap());
    let spill = std::env::args().nth(2).is_some_and(|a| a == "spill");
    let mut files = vec![];
    walk(&root, &mut files);
    let mut v: Vec<_> = files
        .iter()
        .filter_map(|p| {
            Some((
                p.strip_prefix(&root).unwrap().to_str()?.to_owned(),
                std::fs::read_to_string(p).ok()?,
            ))
        })
        .collect();
    v.sort();
    let total: usize = v.iter().map(|x| x.1.len()).sum();
    let t = Instant::now();
    let docs: Vec<_> = v
        .iter()
        .map(|(p, x)| {
            (
                Source {
                    path: p.parse().unwrap(),
                    sha256: Sha256::of(x.as_bytes()),
                    bytes: x.len() as u64,
                },
                auditgraph::source::extract(Format::Markdown, x),
            )
        })
        .collect();
    println!("extract+sha {:?}", t.elapsed());
    let t = Instant::now();
    let prepared: Vec<_> = docs.into_iter().map(|(s, d)| prepare(s, d)).collect();
    println!("prepare {:?}", t.elapsed());
    for _ in 0..3 {
        let scratch = if spill {
            Scratch::Spill("/tmp/spill-x".into())
        } else {
            Scratch::Memory
        };
        let t = Instant::now();
        let mut b = Builder::new(&scratch).unwrap();
        for p in &prepared {
            b.add(p).unwrap();
        }
        let added = t.elapsed();
        let built = b.finish(&Facts::default()).unwrap();
        println!(
            "build {:?} (add {added:?}) bytes {} ratio {:.3} {:?}",
            t.elapsed(),
            built.artifact.bytes(),
            built.artifact.bytes() as f64 / total as f64,
            built.counts
        );
        let mut bytes = vec![];
        std::io::Read::read_to_end(&mut built.artifact.reader().unwrap(), &mut bytes).unwrap();
        std::fs::write("/tmp/index.db", &bytes).unwrap();
    }
    for q in [
        "ownership",
        "the",
        "\"trait object\"",
        "lifetime AND (elision OR variance)",
        "impl*",
    ] {
        let t = Instant::now();
        let i = Index::open("/tmp/index.db".as_ref()).unwrap();
        let o = t.elapsed();
        let h = i.search(&Query::new(parse(q).unwrap())).unwrap();
        println!("{q}: open {o:?} total {:?} hits {}", t.elapsed(), h.len());
        for h in h.iter().take(3) {
            let p = h.place.as_ref().unwrap();
            println!("   {:.2} {}:{} {:?}", h.score, p.path, p.line, p.trail);
        }
    }
}
