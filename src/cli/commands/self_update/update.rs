//! The update, from looking to the confirmed swap.

use std::path::PathBuf;

use super::agree::agrees;
use super::failures::{REPORT, no_install, swap_failure};
use super::foresee::{Foreseen, foresee, insist};
use super::look::{Look, build_of, look};
use super::report::{Document, Outcome};
use super::{Typed, explain, next};
use crate::cli::context::Context;
use crate::cli::error::Failure;
use crate::cli::exit::Exit;
use crate::upgrade::install::{Install, Kind};
use crate::upgrade::preflight::{Accept, Need, Report, Request, ask, check_space, merge, table};
use crate::upgrade::swap::{
    self, Expected, Held, Identity, Place, Plan, ProvenBinary, StagedBinary,
};
use crate::upgrade::this_build;
use crate::upgrade::trust::Release;
use crate::workspace::user;

pub(super) fn run(context: &Context, typed: &Typed, root: &'static [u8]) -> Result<Exit, Failure> {
    let install = Install::current().map_err(no_install)?;
    // Looked at before all that takes time: another update may be faster.
    let place = Place::of(&install.path);
    let look = look(context, &typed.which, typed.allow_downgrade, root)?;
    let towards =
        |release: &Release| next::towards(release, &install, &look.installed, &typed.which);
    let Some(release) = look.release(&typed.which)? else {
        let back = look.way_back();
        let next = back.and_then(towards);
        let mut document = describe(Outcome::UpToDate, &look, install, None);
        document.way_back = back.map(|release| release.version.to_string());
        document.next = next;
        context.output.report(&document)?;
        return Ok(Exit::Done);
    };
    let next = towards(&release);
    let foreseen = foresee(context, &build_of(&release));
    if typed.check {
        let mut document = describe(Outcome::Available, &look, install, Some(&release));
        document.next = next;
        document.preflight = Some(foreseen.report);
        context.output.report(&document)?;
        return Ok(Exit::UpdateAvailable);
    }
    if install.kind != Kind::Standalone {
        let failure = explain::not_ours_for(&install, &release.version, next.as_deref());
        return Err(with_table(failure, &foreseen.report));
    }
    let accept = typed.accept.into();
    insist(&foreseen.report, accept)?;
    let job = Job::new(install, place, &release)?;
    if typed.dry_run {
        let mut document = describe(Outcome::Planned, &look, job.install, Some(&release));
        document.plan = plan_text(&job.plan, &release, &job.download);
        document.preflight = Some(foreseen.report);
        context.output.report(&document)?;
        return Ok(Exit::Done);
    }
    let question = format!(
        "Update auditgraph {} to {}?",
        look.installed, release.version
    );
    if !typed.yes && !agrees(context, &question)? {
        let document = describe(Outcome::Declined, &look, job.install, Some(&release));
        context.output.report(&document)?;
        return Ok(Exit::Done);
    }
    let held = job.place.clone().hold().map_err(swap_failure)?;
    let staged = stage(context, &look, &release, &held, &job)?;
    let report = phase_two(&staged, &foreseen, accept);
    let report = match report {
        Ok(report) => report,
        Err(failure) => {
            // Stopped: the failure is what matters, and the next command
            // removes what could not be removed now.
            let _ = staged.discard();
            return Err(failure);
        }
    };
    let previous = job.place.previous(job.plan.intent.from.sha256);
    let swapped = swap::swap(&held, job.plan, staged).map_err(swap_failure)?;
    // The archive has served.
    let _ = std::fs::remove_file(&job.download);
    let mut document = describe(Outcome::Updated, &look, job.install, Some(&release));
    document.preflight = Some(report);
    document.previous = Some(previous.display().to_string());
    document.unfinished = swapped.unfinished;
    if let Some(unfinished) = &document.unfinished {
        context.output.warn(unfinished);
    }
    document.tell(&context.output, &swapped.to.version)?;
    Ok(Exit::Done)
}

fn describe(
    outcome: Outcome,
    look: &Look,
    install: Install,
    release: Option<&Release>,
) -> Document {
    let mut document = Document::new(outcome, &look.installed.to_string(), install);
    document.version = release.map(|release| release.version.to_string());
    document.channel = Some(look.channel.to_string());
    document.standing = Some(look.standing.clone());
    document.valid_until = Some(look.validity.until.clone());
    document.release = release.or(look.newest.as_ref()).cloned();
    document
}

fn with_table(failure: Failure, report: &Report) -> Failure {
    let failure = failure.detail("preflight", report);
    if report.worsens() {
        failure.lines(table(report).lines().map(str::to_owned))
    } else {
        failure
    }
}

/// Everything that is known before the first byte is written.
struct Job {
    install: Install,
    place: Place,
    plan: Plan,
    download: PathBuf,
}

impl Job {
    fn new(install: Install, place: Place, release: &Release) -> Result<Self, Failure> {
        place.check_writable().map_err(swap_failure)?;
        let from =
            Identity::read(place.target(), env!("CARGO_PKG_VERSION")).map_err(swap_failure)?;
        let to = Identity {
            version: release.version.to_string(),
            sha256: release.executable_sha256,
            bytes: release.executable_length,
        };
        let cache = user::cache_dir().ok_or_else(|| {
            Failure::new(
                Exit::Failed,
                "no_home",
                "HOME is not set, so there is no place for the download",
            )
            .hint("set HOME or XDG_CACHE_HOME to an absolute path")
        })?;
        let downloads = cache.join("downloads");
        let need = |what, directory: &std::path::Path, bytes| Need {
            what,
            directory: directory.to_owned(),
            bytes,
        };
        let needs = [
            need("the download", &downloads, release.length),
            need("the staged executable", place.directory(), to.bytes),
            need("the backup", place.directory(), from.bytes),
        ];
        check_space(&needs)
            .map_err(|error| Failure::new(Exit::Failed, "io", error))?
            .map_err(|shortage| {
                Failure::new(Exit::Failed, "no_space", &shortage)
                    .path(shortage.directory.display())
                    .hint("make room there, then run the command again")
            })?;
        Ok(Self {
            plan: Plan::update(&place, from, to, install.receipt.as_ref()),
            download: downloads.join(&release.archive),
            install,
            place,
        })
    }
}

fn plan_text(plan: &Plan, release: &Release, download: &std::path::Path) -> Vec<String> {
    let download = format!(
        "download {} ({}), verify its length and digest, write {}",
        release.archive,
        crate::foundation::size::human(release.length),
        download.display()
    );
    std::iter::once(download)
        .chain(plan.steps().map(ToString::to_string))
        .collect()
}

/// Downloads, verifies, unpacks beside the target, runs once.
fn stage(
    context: &Context,
    look: &Look,
    release: &Release,
    held: &Held,
    job: &Job,
) -> Result<ProvenBinary, Failure> {
    if let Some(folder) = job.download.parent() {
        std::fs::create_dir_all(folder)
            .map_err(|error| Failure::io("make the folder", folder, &error))?;
    }
    let progress = context.progress();
    let mut archive = look
        .releases
        .fetch_archive(release, &job.download, &progress, true)
        .map_err(|error| look.failure(error))?;
    StagedBinary::unpack(held, &mut archive, release)
        .and_then(|staged| staged.prove(Expected::of(release)))
        .map_err(swap_failure)
}

/// Asks the staged version for its own preflight, and insists again.
fn phase_two(
    staged: &ProvenBinary,
    foreseen: &Foreseen,
    accept: Accept,
) -> Result<Report, Failure> {
    let roots = foreseen.facts.iter().map(|facts| facts.root.as_path());
    let request = Request::of(this_build(), roots);
    let answer = ask(staged, &request).map_err(|error| {
        Failure::new(
            Exit::Failed,
            "preflight",
            format_args!("the new version did not answer its preflight: {error}"),
        )
        .why("nothing was changed: it could not say what it would do to the workspaces")
        .hint(REPORT)
    })?;
    let report = merge(&foreseen.report, &answer, &foreseen.facts);
    insist(&report, accept)?;
    Ok(report)
}
