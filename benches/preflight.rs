//! Schema and budget of 100 workspaces with 1,000 runs in total, judged for
//! an update: promised in under 100 ms, everything read from disk.

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use auditgraph::upgrade::preflight::{Accept, Decision, decide, gather, judge};
use auditgraph::upgrade::this_build;

#[path = "../tests/shared/trees.rs"]
mod trees;
#[path = "shared/workspaces.rs"]
mod workspaces;

const WORKSPACES: usize = 100;
const RUNS: usize = 10;
const ROUNDS: usize = 21;
const PROMISE: Duration = Duration::from_millis(100);

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let roots = workspaces::make(folder.path(), WORKSPACES, RUNS)?;
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| judged(&roots))
        .collect::<Result<_, _>>()?;
    times.sort();
    let (median, worst) = (times[ROUNDS / 2], times[ROUNDS - 1]);
    println!(
        "preflight of {WORKSPACES} workspaces with {} runs: median {:.1} ms, worst {:.1} ms of {ROUNDS} (promised: median under {} ms)",
        WORKSPACES * RUNS,
        median.as_secs_f64() * 1e3,
        worst.as_secs_f64() * 1e3,
        PROMISE.as_millis(),
    );
    Ok(if median < PROMISE {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn judged(roots: &[PathBuf]) -> Result<Duration, Box<dyn Error>> {
    let roots = roots.to_vec();
    let start = Instant::now();
    let facts = gather(roots, Duration::from_secs(60));
    let build = this_build();
    let report = judge(&facts, &build, &build, &mut |_, _| None);
    let decision = decide(&report, Accept::default());
    let time = start.elapsed();
    let profiles = report.profiles().count();
    if decision != Decision::Proceed || report.worsens() || profiles != WORKSPACES {
        return Err(format!("{profiles} profiles, {decision:?}").into());
    }
    Ok(time)
}
