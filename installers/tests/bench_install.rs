//! How long an installation takes, and whether it always works: through the
//! script and through pip from loopback, and how fast what pip installed starts.
#![allow(clippy::unwrap_used)]

mod support;

use std::process::Command;
use std::time::{Duration, Instant};

use support::python::Environment;
use support::{Served, bare, product, remove};

/// Installations through each door (SC-001).
const INSTALLS: usize = 100;
/// Starts of each executable.
const STARTS: usize = 200;
/// No installation may take longer than this: seconds, not minutes.
const SLOWEST: Duration = Duration::from_secs(60);
/// A start through pip's executable may take this much longer than one of the
/// bare binary. They are the same bytes: anything beyond noise is a mistake.
const RATIO: f64 = 1.5;
/// A start this much slower is noise, whatever the ratio.
const NOISE: Duration = Duration::from_millis(3);

/// Runs `command` and says how long it took, or `None` where it failed.
fn timed(command: &mut Command) -> Option<Duration> {
    let started = Instant::now();
    let output = command.output().ok()?;
    output.status.success().then(|| started.elapsed())
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// Prints one line and insists on what is promised.
fn report(door: &str, times: &mut [Duration]) {
    assert_eq!(times.len(), INSTALLS, "{door}: every installation succeeds");
    let (middle, worst) = (median(times), times[times.len() - 1]);
    println!(
        "{door}: {INSTALLS} of {INSTALLS} succeeded, median {:.2} s, worst {:.2} s",
        middle.as_secs_f64(),
        worst.as_secs_f64()
    );
    assert!(worst < SLOWEST, "{door}: seconds, not minutes");
}

#[test]
fn a_hundred_installations_through_the_script_and_through_pip() {
    let (_folder, scratch) = support::scratch();
    let shipped = product();
    let served = Served::new(&shipped.site);
    let archive = std::fs::metadata(shipped.file("gnu.tar.gz")).unwrap().len();
    println!("archive: {archive} bytes (5,000,000 allowed)");
    assert!(archive < 5_000_000);
    let mut tar = Command::new("tar");
    print!(
        "{}",
        support::done(tar.arg("-tvf").arg(shipped.file("gnu.tar.gz")))
    );

    let home = scratch.join("home");
    let mut times: Vec<Duration> = (0..INSTALLS)
        .filter_map(|_| {
            remove(&home);
            std::fs::create_dir(&home).unwrap();
            timed(&mut served.script(&home))
        })
        .collect();
    report("script", &mut times);

    let Some(python) = Environment::new("3.12", &scratch.join("python")) else {
        return;
    };
    let index = served.index();
    let arguments = [
        "install",
        "--no-cache-dir",
        "--force-reinstall",
        "--index-url",
        &index,
    ];
    let mut times: Vec<Duration> = (0..INSTALLS)
        .filter_map(|_| timed(python.pip(&arguments).arg("auditgraph")))
        .collect();
    report("pip", &mut times);

    let bare_binary = home.join(".local/bin/auditgraph");
    let (mut one, mut two) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        // In turn, so that whatever else the machine does meets both.
        one.push(timed(bare(&bare_binary, &home).arg("version")).unwrap());
        two.push(timed(python.command("auditgraph").arg("version")).unwrap());
    }
    let (one, two) = (median(&mut one), median(&mut two));
    let ratio = two.as_secs_f64() / one.as_secs_f64();
    println!(
        "`auditgraph version`: bare {:.2} ms, through pip {:.2} ms, ratio {ratio:.2}",
        one.as_secs_f64() * 1e3,
        two.as_secs_f64() * 1e3
    );
    assert!(
        ratio < RATIO || two < one + NOISE,
        "pip's executable is the binary itself"
    );
}
