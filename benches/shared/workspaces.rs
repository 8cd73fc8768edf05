//! Workspaces for benches: small, and many.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use auditgraph::foundation::progress::Silent;
use auditgraph::run::{self, Mode, Planned};
use auditgraph::workspace::Workspace;

use crate::trees::copy_tree;

/// Makes `count` workspaces with `runs` runs each below `folder`.
pub(crate) fn make(
    folder: &Path,
    count: usize,
    runs: usize,
) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let first = folder.join("w000");
    fs::create_dir(&first)?;
    fs::write(first.join("auditgraph.toml"), "")?;
    for number in 0..runs {
        fs::write(first.join("a.md"), format!("# Note {number}\n"))?;
        let workspace = Workspace::discover(Some(&first))?;
        let profile = Default::default();
        match run::plan(&workspace, &profile, Mode::Ingest, false, &Silent)? {
            Planned::Run(plan) => drop(plan.approve()?.publish(&Silent)?),
            Planned::Unchanged(_) => return Err("an edit made no run".into()),
        }
    }
    let mut roots = vec![first.clone()];
    for number in 1..count {
        let root = folder.join(format!("w{number:03}"));
        copy_tree(&first, &root);
        roots.push(root);
    }
    Ok(roots)
}
