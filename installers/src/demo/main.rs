//! `cargo demo`: the product's main job, on this repository's own docs.
//!
//! The demo is a script, `installers/demo.toml`: sources for a workspace and
//! steps to type ([`script`]). The product is built in the quickest way, then
//! every step is shown as a user would type it, with what it prints
//! ([`stage`]). The demo fails with the first step that does not keep its
//! promise. The workspace stays, so that one can go on by hand.

#[allow(dead_code, reason = "only the tool asks for tests")]
#[path = "../project.rs"]
mod project;
mod script;
mod stage;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;

use project::Project;
use script::{Part, Script, Step};
use stage::Stage;

/// Show the product's main job on this repository's own docs
#[derive(Debug, Parser)]
#[command(
    name = "cargo demo",
    after_help = "\
Examples:
  cargo demo                  show the product at work, then release, install and update it
  cargo demo --quick          only show it at work
  cargo demo --list           print the steps, run nothing"
)]
struct Args {
    /// End before the release is made: the first answer is all that is wanted
    #[arg(long)]
    quick: bool,
    /// Print the steps as a shell script, and run nothing
    #[arg(long)]
    list: bool,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let shown = Project::find().map_err(Into::into);
    shown
        .and_then(|project| run(&project, &args))
        .unwrap_or_else(|error| {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        })
}

/// Plays the demo; exit 1 when a step fails.
fn run(project: &Project, args: &Args) -> Result<ExitCode, Box<dyn Error>> {
    let mut script = Script::read(&project.root.join("installers/demo.toml"))?;
    if args.quick {
        script.steps.retain(|step| step.part != Part::Release);
    }
    if args.list {
        for step in &script.steps {
            println!("# {}\n{}\n", step.say, step.run);
        }
        return Ok(ExitCode::SUCCESS);
    }
    let clock = Clock(Instant::now());
    let mut stage = Stage::new(project)?;
    clock.tell(&format!(
        "Build {}: a development build without optional features.",
        project.binary
    ));
    let Some(built) = build(project)? else {
        eprintln!("The product does not build: see above.");
        return Ok(ExitCode::FAILURE);
    };
    stage.bring(&built)?;
    let sources: Vec<_> = script
        .sources
        .iter()
        .map(|it| it.to_string_lossy())
        .collect();
    clock.tell(&format!(
        "Copy this repository's own documents to {}: {}.",
        stage.workspace.display(),
        sources.join(", ")
    ));
    stage.copy_sources(&script.sources)?;
    let mut cited = false;
    for step in &script.steps {
        clock.tell(&step.say);
        if let Some(program) = stage.missing(&step.needs) {
            println!("  (left out: {program} is not installed here)");
            continue;
        }
        if let Some(problem) = play(&mut stage, step)? {
            eprintln!("\nThe demo failed: `{}`: {problem}", step.run);
            eprintln!(
                "The workspace is as it was then: {}",
                stage.workspace.display()
            );
            return Ok(ExitCode::FAILURE);
        }
        if step.citation && !cited {
            cited = true;
            let seconds = clock.seconds();
            println!("  (the first answer with a citation, {seconds:.0} s after the start)");
        }
    }
    clock.tell("Done. Go on by hand:");
    for folder in stage.programs() {
        println!("  export PATH=\"{}:$PATH\"", folder.display());
    }
    println!("  cd \"{}\"", stage.workspace.display());
    Ok(ExitCode::SUCCESS)
}

/// The product, unless it does not build. In a place of its own: tests may be
/// using the one with all its features.
fn build(project: &Project) -> Result<Option<PathBuf>, Box<dyn Error>> {
    let folder = project.target.join("demo");
    let mut build = project.cargo();
    build.args(["build", "--locked", "--no-default-features"]);
    build.args(["--package", &project.package, "--bin", &project.binary]);
    build.arg("--target-dir").arg(&folder);
    // What it is made of is where everything is compiled.
    build.env("CARGO_BUILD_BUILD_DIR", &project.target);
    let built = build.status()?.success();
    Ok(built.then(|| folder.join("debug").join(&project.binary)))
}

fn play(stage: &mut Stage, step: &Step) -> Result<Option<String>, Box<dyn Error>> {
    println!("  $ {}", step.run.replace('\n', "\n    "));
    let shown = stage.play(step)?;
    Ok(step.problem(shown.exit, &shown.output, |path| stage.lines_of(path)))
}

/// Says what happens next, and when.
struct Clock(Instant);

impl Clock {
    fn seconds(&self) -> f64 {
        self.0.elapsed().as_secs_f64()
    }

    fn tell(&self, what: &str) {
        println!("\n[{:5.1} s] {what}", self.seconds());
    }
}
