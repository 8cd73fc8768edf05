//! How long work tells of itself without knowing who listens.
//!
//! The library never prints: it takes a [`Progress`] and reports phases to
//! it. `cli::progress` draws them on a terminal; everything else passes
//! [`Silent`]. Reports carry no meaning for the result and cost an atomic
//! addition at most.

/// What a phase counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Files, runs, objects: things.
    Files,
    /// Bytes.
    Bytes,
}

/// One stretch of work of the same kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Phase {
    /// What is being done, as a verb in its `-ing` form: `scanning`.
    pub name: &'static str,
    /// What is counted.
    pub unit: Unit,
    /// How much there is in all; `None` where only doing it tells.
    pub total: Option<u64>,
}

impl Phase {
    /// A phase over `total` things.
    #[must_use]
    pub const fn files(name: &'static str, total: Option<u64>) -> Self {
        Self {
            name,
            unit: Unit::Files,
            total,
        }
    }

    /// A phase over `total` bytes.
    #[must_use]
    pub const fn bytes(name: &'static str, total: Option<u64>) -> Self {
        Self {
            name,
            unit: Unit::Bytes,
            total,
        }
    }
}

/// Listens to long work. Every method may be called from any thread and does
/// nothing unless overridden.
pub trait Progress: Sync {
    /// A phase starts; the one before it is over.
    fn begin(&self, _phase: Phase) {}

    /// `amount` more of the phase's unit is done.
    fn advance(&self, _amount: u64) {}

    /// The last phase is over: nothing is drawn from here on.
    fn finish(&self) {}
}

/// Listens to nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {}
