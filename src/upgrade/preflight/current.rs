//! Reads what a profile's current run says of itself, without opening an
//! artifact and without asking whether *this* version can read it: two
//! versions are going to be asked that.

use std::fs;
use std::io;

use serde::Deserialize;
use serde_json::Value;

use super::facts::CurrentRun;
use crate::foundation::{durable, json};
use crate::run::RunId;
use crate::schema::{Reason, SchemaBlock};
use crate::workspace::Layout;

const CURRENT: json::Bounds = json::Bounds {
    bytes: 64 * 1024,
    depth: 4,
};
const MANIFEST: json::Bounds = json::Bounds {
    bytes: 4 * 1024 * 1024,
    depth: 16,
};

#[derive(Deserialize)]
struct Current {
    run: String,
}

#[derive(Deserialize)]
struct Pack {
    bytes: u64,
    schema: SchemaBlock,
}

/// What the profile at `layout` has for a current run.
#[must_use]
pub fn current_run(layout: &Layout) -> CurrentRun {
    let outcome = layout
        .check()
        .map_err(|error| unreadable("the profile", &error.to_string()))
        .and_then(|()| named(layout))
        .and_then(|run| run.map(|run| described(layout, &run)).transpose());
    match outcome {
        Ok(Some(run)) => run,
        Ok(None) => CurrentRun::None,
        Err(reason) => CurrentRun::Broken(reason),
    }
}

fn unreadable(artifact: &str, detail: &str) -> Reason {
    Reason::Unreadable {
        artifact: artifact.to_owned(),
        detail: detail.to_owned(),
    }
}

/// The run that `current` names; `None` in a profile without runs.
fn named(layout: &Layout) -> Result<Option<RunId>, Reason> {
    let bytes = match durable::read_bounded(&layout.current(), CURRENT.bytes as u64) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return without_current(layout).map_or(Ok(None), Err);
        }
        Err(error) => return Err(unreadable("current", &error.to_string())),
    };
    let current: Current =
        json::parse(&bytes, CURRENT).map_err(|error| unreadable("current", &error.to_string()))?;
    current
        .run
        .parse()
        .map(Some)
        .map_err(|_| unreadable("current", "it names no run"))
}

/// Why a profile without `current` is not an empty one.
fn without_current(layout: &Layout) -> Option<Reason> {
    let runs = fs::read_dir(layout.runs()).ok()?;
    let mut lost = None;
    for entry in runs.filter_map(Result::ok) {
        let name = entry.file_name().to_string_lossy().into_owned();
        let ours = name
            .strip_suffix(".json")
            .is_some_and(|run| run.parse::<RunId>().is_ok());
        if !ours {
            return Some(Reason::ForeignLayout {
                detail: format!("found runs/{name}"),
            });
        }
        lost = Some(unreadable("current", "it is missing, and there are runs"));
    }
    lost
}

/// What the manifest of `run` says.
fn described(layout: &Layout, run: &RunId) -> Result<CurrentRun, Reason> {
    let artifact = format!("runs/{run}.json");
    let path = layout.runs().join(format!("{run}.json"));
    let bytes = durable::read_bounded(&path, MANIFEST.bytes as u64)
        .map_err(|error| unreadable(&artifact, &error.to_string()))?;
    let manifest: Value =
        json::parse(&bytes, MANIFEST).map_err(|error| unreadable(&artifact, &error.to_string()))?;
    if manifest["schema"]["written"].as_u64().is_none() {
        return Err(Reason::MissingVersion { artifact });
    }
    let block: SchemaBlock = serde_json::from_value(manifest["schema"].clone())
        .map_err(|error| unreadable(&artifact, &error.to_string()))?;
    // A manifest of another schema may be laid out differently: then its own
    // block is all that is known, and it decides.
    let packs: Vec<Pack> = serde_json::from_value(manifest["packs"].clone()).unwrap_or_default();
    let index = layout.cache().join(format!("index-{run}.db"));
    let index_bytes = fs::symlink_metadata(index).map_or(0, |metadata| metadata.len());
    let pack_bytes: u64 = packs.iter().map(|pack| pack.bytes).sum();
    Ok(CurrentRun::Run {
        id: run.to_string(),
        blocks: std::iter::once(block)
            .chain(packs.into_iter().map(|pack| pack.schema))
            .collect(),
        source_bytes: manifest["source_bytes"].as_u64(),
        rebuild_bytes: pack_bytes
            .saturating_add(index_bytes)
            .saturating_add(bytes.len() as u64),
    })
}
