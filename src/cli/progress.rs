//! Progress bars, on a terminal only.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::foundation::progress::{Phase, Progress, Unit};

/// Work that is done sooner than this draws nothing at all.
const PATIENCE: Duration = Duration::from_millis(300);

/// Draws phases on standard error.
pub(crate) struct Bars {
    enabled: bool,
    started: Instant,
    shown: AtomicBool,
    bar: Mutex<ProgressBar>,
}

impl Bars {
    /// Bars that draw on standard error when `enabled`.
    pub(crate) fn new(enabled: bool) -> Self {
        Self {
            enabled,
            started: Instant::now(),
            shown: AtomicBool::new(false),
            bar: Mutex::new(ProgressBar::hidden()),
        }
    }

    fn bar(&self) -> std::sync::MutexGuard<'_, ProgressBar> {
        self.bar.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn patience_is_over(&self) -> bool {
        self.shown.load(Ordering::Relaxed) || self.started.elapsed() >= PATIENCE
    }
}

impl Progress for Bars {
    fn begin(&self, phase: Phase) {
        if !self.enabled {
            return;
        }
        let mut bar = self.bar();
        bar.finish_and_clear();
        let target = if self.patience_is_over() {
            self.shown.store(true, Ordering::Relaxed);
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        *bar = ProgressBar::with_draw_target(phase.total, target)
            .with_style(style(phase))
            .with_message(phase.name);
        bar.tick();
    }

    fn advance(&self, amount: u64) {
        if !self.enabled {
            return;
        }
        let bar = self.bar();
        if self.patience_is_over() && !self.shown.swap(true, Ordering::Relaxed) {
            bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        bar.inc(amount);
    }

    fn finish(&self) {
        if self.enabled {
            self.bar().finish_and_clear();
        }
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        self.finish();
    }
}

fn style(phase: Phase) -> ProgressStyle {
    let template = match (phase.total, phase.unit) {
        (Some(_), Unit::Files) => "{msg:>12} [{bar:30}] {human_pos}/{human_len} {eta}",
        (Some(_), Unit::Bytes) => {
            "{msg:>12} [{bar:30}] {binary_bytes}/{binary_total_bytes} {binary_bytes_per_sec}"
        }
        (None, Unit::Files) => "{msg:>12} {spinner} {human_pos}",
        (None, Unit::Bytes) => "{msg:>12} {spinner} {binary_bytes} {binary_bytes_per_sec}",
    };
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("=> ")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_template_is_valid() {
        for unit in [Unit::Files, Unit::Bytes] {
            for total in [None, Some(7)] {
                let phase = Phase {
                    name: "testing",
                    unit,
                    total,
                };
                let bar = ProgressBar::hidden();
                bar.set_style(style(phase));
                bar.set_message(phase.name);
                bar.inc(3);
                assert_eq!(bar.position(), 3);
            }
        }
    }
}
