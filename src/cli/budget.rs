//! The footprint budget in words and bars: every number a verdict rests on,
//! and the ways out (FR-009, FR-010).

use std::path::Path;

use serde::Serialize;

use crate::budget::{Assessment, Policy, SOURCE_FLOOR_BYTES, Verdict};
use crate::foundation::shell::quote;
use crate::foundation::size::{grouped, human};
use crate::run::gc::{self, Choice};
use crate::run::{self, RunState};
use crate::workspace::usage::{self, Usage};
use crate::workspace::{CONFIG_FILE, Layout, decimal};

use super::error::Failure;
use super::exit::Exit;
use super::output::{Output, Page};
use super::scope::Scope;
use super::style::Style;

/// An assessment as it is told: with what takes the room, largest first.
#[derive(Debug, Serialize)]
pub(crate) struct Budget {
    #[serde(flatten)]
    assessment: Assessment,
    parts: Vec<Part>,
    ways_out: Vec<String>,
    /// The best of them.
    #[serde(skip)]
    next: String,
}

/// One entry of the profile's folder.
#[derive(Debug, Serialize)]
pub(crate) struct Part {
    pub(crate) name: String,
    #[serde(flatten)]
    pub(crate) usage: usage::Part,
}

/// How to raise the limit: an absolute one hides the multiplier.
const fn raise(policy: &Policy) -> &'static str {
    match policy.max_bytes {
        Some(_) => "raise [budget] max_bytes in auditgraph.toml",
        None => "raise [budget] multiplier (or set max_bytes) in auditgraph.toml",
    }
}

const NARROW: &str =
    "narrow [sources] in auditgraph.toml; what earlier runs hold stays until gc removes them";

/// What `gc` could remove to make room.
#[derive(Debug, PartialEq, Eq)]
enum Removable {
    /// Runs before the current one, or packs that no run needs.
    Old,
    /// Nothing but a run that this version cannot read: only by its name.
    Named(String),
    /// The current run is all there is.
    Nothing,
}

impl Removable {
    /// Looks at the runs of a profile. What cannot be looked at cannot be
    /// removed either. A run that can be read is never named: it may be the only
    /// one.
    fn of(layout: &Layout) -> Self {
        if gc::plan(layout, &Choice::Keep(1)).is_ok_and(|plan| !plan.files.is_empty()) {
            return Self::Old;
        }
        let foreign = run::foreign(layout).unwrap_or_default().into_iter();
        let ours = run::list(layout).unwrap_or_default().into_iter();
        let others = ours
            .filter(|run| !run.current && !matches!(run.state, RunState::Readable { .. }))
            .map(|run| run.run.to_string());
        // Whatever else lies among the runs, gc decides which of it may go.
        let may_go = |name: &String| gc::plan(layout, &Choice::Runs(vec![name.clone()])).is_ok();
        let found = foreign.chain(others).find(may_go);
        found.map_or(Self::Nothing, Self::Named)
    }

    /// The command that shows what would go.
    fn command(&self) -> Option<String> {
        match self {
            Self::Old => Some("gc --keep 1 --dry-run".to_owned()),
            Self::Named(name) => Some(format!("gc --run {} --dry-run", quote(Path::new(name)))),
            Self::Nothing => None,
        }
    }
}

/// Whether all is well once a run of so many bytes is there, and what only the
/// run before needs is gone: that can only go then.
fn has_room_after(assessment: &Assessment, usage: &Usage) -> bool {
    let goes = usage.parts.get("cache").map_or(0, |part| part.bytes);
    let stays = assessment.used_bytes.saturating_sub(goes);
    let after = stays.saturating_add(assessment.added_bytes);
    let policy = &assessment.policy;
    assessment.added_bytes > 0
        && goes > 0
        && policy.assess(assessment.source_bytes, after, 0).verdict != Verdict::Block
}

/// Every way out that leads somewhere, and which to take first; `room_after` as
/// [`has_room_after`].
fn ways_out(
    removable: &Removable,
    policy: &Policy,
    room_after: bool,
    scope: &Scope,
) -> (Vec<String>, String) {
    let remove = removable.command().map(|it| scope.command(it));
    let raise = raise(policy).to_owned();
    let mut ways = vec![match room_after {
        true => format!(
            "{raise}, for one run: {} removes after it what it does not need",
            scope.command("gc --keep 1")
        ),
        false => raise.clone(),
    }];
    ways.extend(remove.iter().map(|it| format!("remove old runs: {it}")));
    ways.push(NARROW.to_owned());
    (ways, remove.unwrap_or(raise))
}

impl Budget {
    /// The verdict on the profile at `layout`, where the command works.
    pub(crate) fn new(
        assessment: Assessment,
        usage: &Usage,
        layout: &Layout,
        scope: &Scope,
    ) -> Self {
        let (ways_out, next) = match assessment.verdict {
            Verdict::Ok => (Vec::new(), String::new()),
            Verdict::Warn | Verdict::Block => {
                let room_after = has_room_after(&assessment, usage);
                ways_out(
                    &Removable::of(layout),
                    &assessment.policy,
                    room_after,
                    scope,
                )
            }
        };
        let parts = usage.largest().into_iter().map(|(name, part)| Part {
            name: name.to_owned(),
            usage: part,
        });
        Self {
            assessment,
            parts: parts.collect(),
            ways_out,
            next,
        }
    }

    pub(crate) const fn assessment(&self) -> &Assessment {
        &self.assessment
    }

    pub(crate) fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The colour of the verdict.
    pub(crate) const fn style(&self) -> Style {
        match self.assessment.verdict {
            Verdict::Ok => Style::Good,
            Verdict::Warn => Style::Warning,
            Verdict::Block => Style::Bad,
        }
    }

    /// Warns on standard error from the warn threshold on.
    pub(crate) fn warn(&self, output: &Output) {
        if self.assessment.verdict == Verdict::Ok {
            return;
        }
        output.warn(self.headline());
        output.more(self.lines());
    }

    /// The failure of a command that the budget does not allow.
    pub(crate) fn into_failure(self) -> Failure {
        Failure::new(Exit::OverBudget, "over_budget", self.headline())
            .lines(self.lines())
            .why("nothing was written")
            .hint(&self.next)
            .detail("budget", &self)
    }

    /// One line: how full, of what.
    pub(crate) fn summary(&self, page: &Page<'_>) -> String {
        let it = &self.assessment;
        format!(
            "{} of {}",
            page.paint(self.style(), percent(it.ratio_ppm)),
            human(it.limit_bytes)
        )
    }

    fn headline(&self) -> String {
        let it = &self.assessment;
        let share = percent(it.ratio_ppm);
        let limit = human(it.limit_bytes);
        match it.verdict {
            Verdict::Ok => format!("the footprint budget is used to {share} of {limit}"),
            Verdict::Warn => format!("the footprint budget is nearly used up: {share} of {limit}"),
            Verdict::Block if it.added_bytes == 0 => {
                format!("the footprint budget is used up: {share} of {limit}")
            }
            Verdict::Block => format!("this would exceed the footprint budget: {share} of {limit}"),
        }
    }

    /// Usage, limit, thresholds, the largest parts, the ways out.
    fn lines(&self) -> Vec<String> {
        let it = &self.assessment;
        let mut lines = vec![
            format!(
                "usage       {} bytes now + {} to add = {}",
                grouped(it.used_bytes),
                grouped(it.added_bytes),
                grouped(it.projected_bytes)
            ),
            format!(
                "limit       {} bytes: {}",
                grouped(it.limit_bytes),
                rule(&it.policy, it.source_bytes)
            ),
            format!(
                "thresholds  warns from {}, blocks from {}",
                percent(it.policy.warn_ppm),
                percent(it.policy.block_ppm)
            ),
        ];
        let largest: Vec<String> = self
            .parts
            .iter()
            .take(3)
            .map(|part| format!("{} {}", part.name, human(part.usage.bytes)))
            .collect();
        if !largest.is_empty() {
            lines.push(format!("largest     {}", largest.join(", ")));
        }
        for (position, way) in self.ways_out.iter().enumerate() {
            let label = if position == 0 { "ways out" } else { "" };
            lines.push(format!("{label:<10}  {way}"));
        }
        lines
    }
}

/// Where a limit comes from.
pub(crate) fn rule(policy: &Policy, source_bytes: u64) -> String {
    if policy.max_bytes.is_some() {
        return format!("max_bytes in {CONFIG_FILE}");
    }
    let factor = decimal::show(policy.multiplier_thousandths, 3);
    if source_bytes < SOURCE_FLOOR_BYTES {
        format!(
            "{factor} x 1 MiB (the sources are {} bytes and count as 1 MiB)",
            grouped(source_bytes)
        )
    } else {
        format!("{factor} x {} bytes of sources", grouped(source_bytes))
    }
}

/// Parts per million as per cent, rounded down to a tenth: what is below a
/// threshold never looks as if it had reached it.
pub(crate) fn percent(ppm: u64) -> String {
    let tenths = ppm / 1_000;
    match tenths % 10 {
        0 => format!("{} %", tenths / 10),
        tenth => format!("{}.{tenth} %", tenths / 10),
    }
}

/// A bar of `width` characters that is full at the limit.
pub(crate) fn bar(ratio_ppm: u64, width: usize) -> String {
    let columns = u64::try_from(width).unwrap_or(u64::MAX);
    let filled = (ratio_ppm.min(1_000_000) * columns).div_ceil(1_000_000);
    let filled = usize::try_from(filled).unwrap_or(width).min(width);
    format!("[{}{}]", "#".repeat(filled), "-".repeat(width - filled))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_naturally_and_never_flatter() {
        assert_eq!(percent(0), "0 %");
        assert_eq!(percent(799_999), "79.9 %");
        assert_eq!(percent(800_000), "80 %");
        assert_eq!(percent(999_999), "99.9 %");
        assert_eq!(percent(12_345_678), "1234.5 %");
        assert_eq!(bar(0, 4), "[----]");
        assert_eq!(bar(1, 4), "[#---]");
        assert_eq!(bar(500_000, 4), "[##--]");
        assert_eq!(bar(u64::MAX, 4), "[####]");
    }

    #[test]
    fn only_what_can_be_removed_is_a_way_out() {
        let scope = Scope::default();
        let relative = Policy::default();
        let (ways, next) = ways_out(&Removable::Old, &relative, false, &scope);
        assert_eq!(ways.len(), 3);
        assert_eq!(next, "auditgraph gc --keep 1 --dry-run");
        let named = Removable::Named("old one".to_owned());
        let (_, next) = ways_out(&named, &relative, false, &scope);
        assert_eq!(next, "auditgraph gc --run 'old one' --dry-run");
        let absolute = Policy {
            max_bytes: Some(1),
            ..relative.clone()
        };
        for (policy, names) in [(relative, "multiplier"), (absolute, "max_bytes in")] {
            for room_after in [false, true] {
                let (ways, next) = ways_out(&Removable::Nothing, &policy, room_after, &scope);
                assert_eq!(ways.len(), 2);
                assert!(
                    ways[0].starts_with(&next) && next.contains(names),
                    "{ways:?}"
                );
                assert_eq!(ways[0].contains("gc --keep 1"), room_after, "{ways:?}");
            }
        }
    }

    #[test]
    fn there_is_room_after_a_run_if_what_stays_and_what_comes_fit() {
        let part = |bytes| usage::Part {
            bytes,
            ..Default::default()
        };
        let mut usage = Usage::default();
        usage.parts.insert("cache".to_owned(), part(60));
        usage.parts.insert("packs".to_owned(), part(30));
        let policy = Policy {
            max_bytes: Some(100),
            ..Policy::default()
        };
        let fits = |added| has_room_after(&policy.assess(0, 90, added), &usage);
        assert!(fits(69) && !fits(70) && !fits(0));
        usage.parts.clear();
        assert!(!has_room_after(&policy.assess(0, 90, 10), &usage));
    }
}
