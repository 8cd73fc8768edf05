//! Reads what a profile's current run says of itself in its manifest, and
//! opens no pack or index. It is no obstacle that *this* version cannot read
//! the run: two versions are going to be asked that.

use std::fs;

use serde::Deserialize;
use serde_json::Value;

use super::facts::CurrentRun;
use crate::foundation::{durable, json};
use crate::run::{MANIFEST_BOUNDS, RunId, Standing, index_file, manifest_file};
use crate::schema::{Reason, SchemaBlock};
use crate::workspace::Layout;

#[derive(Deserialize)]
struct Pack {
    bytes: u64,
    schema: SchemaBlock,
}

/// What the profile at `layout` has for a current run.
#[must_use]
pub fn current_run(layout: &Layout) -> CurrentRun {
    let run = match Standing::judge(layout) {
        Ok(Standing::Empty) => return CurrentRun::None,
        Ok(Standing::Ready(manifest)) => manifest.run,
        // Which versions can read it is asked of each of them.
        Ok(Standing::RebuildRequired {
            run: Some(run),
            reason: Reason::TooOld { .. } | Reason::TooNew { .. } | Reason::UnknownFeature { .. },
        }) => run,
        Ok(Standing::RebuildRequired { reason, .. }) => return CurrentRun::Broken(reason),
        Err(error) => {
            return CurrentRun::Broken(unreadable("the profile", &error.to_string()));
        }
    };
    described(layout, &run).unwrap_or_else(CurrentRun::Broken)
}

fn unreadable(artifact: &str, detail: &str) -> Reason {
    Reason::Unreadable {
        artifact: artifact.to_owned(),
        detail: detail.to_owned(),
    }
}

/// What the manifest of `run` says.
fn described(layout: &Layout, run: &RunId) -> Result<CurrentRun, Reason> {
    let artifact = format!("runs/{}", manifest_file(run));
    let path = layout.runs().join(manifest_file(run));
    let bytes = durable::read_bounded(&path, MANIFEST_BOUNDS.bytes as u64)
        .map_err(|error| unreadable(&artifact, &error.to_string()))?;
    let manifest: Value = json::parse(&bytes, MANIFEST_BOUNDS)
        .map_err(|error| unreadable(&artifact, &error.to_string()))?;
    if manifest["schema"]["written"].as_u64().is_none() {
        return Err(Reason::MissingVersion { artifact });
    }
    let block: SchemaBlock = serde_json::from_value(manifest["schema"].clone())
        .map_err(|error| unreadable(&artifact, &error.to_string()))?;
    // A manifest of another schema may be laid out differently: then its own
    // block is all that is known, and it decides.
    let packs: Vec<Pack> = serde_json::from_value(manifest["packs"].clone()).unwrap_or_default();
    let index = layout.cache().join(index_file(run));
    let index_bytes = fs::symlink_metadata(index).map_or(0, |metadata| metadata.len());
    let packs_bytes = packs.iter().map(|pack| pack.bytes);
    // Anybody may have written these numbers.
    let rebuild_bytes = packs_bytes
        .chain([index_bytes, bytes.len() as u64])
        .fold(0, u64::saturating_add);
    Ok(CurrentRun::Run {
        id: run.to_string(),
        blocks: std::iter::once(block)
            .chain(packs.into_iter().map(|pack| pack.schema))
            .collect(),
        source_bytes: manifest["source_bytes"].as_u64(),
        rebuild_bytes,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::workspace::{ProfileName, Workspace};

    #[test]
    fn packs_of_any_said_length_are_added_up() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("auditgraph.toml"), "").unwrap();
        let workspace = Workspace::discover(Some(folder.path())).unwrap();
        let layout = workspace.layout(&ProfileName::default());
        fs::create_dir_all(layout.runs()).unwrap();
        let run: RunId = "r0001-000000000000".parse().unwrap();
        let block = r#"{"written":1,"readable_since":1,"requires":[]}"#;
        let pack = format!(r#"{{"bytes":{},"schema":{block}}}"#, u64::MAX);
        let manifest = format!(r#"{{"schema":{block},"packs":[{pack},{pack}]}}"#);
        fs::write(layout.runs().join(manifest_file(&run)), manifest).unwrap();
        let Ok(CurrentRun::Run { rebuild_bytes, .. }) = described(&layout, &run) else {
            panic!("not described");
        };
        assert_eq!(rebuild_bytes, u64::MAX);
    }
}
