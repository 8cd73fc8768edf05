//! One of a few values, typed by its name, so that help, completions and errors
//! all know them.

use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::graph::NodeKind;

/// Reads the name of one of `values`.
pub(crate) fn one_of<T: Copy + Send + Sync + 'static>(
    values: Vec<(&'static str, T)>,
) -> impl TypedValueParser<Value = T> {
    let names: Vec<&'static str> = values.iter().map(|(name, _)| *name).collect();
    PossibleValuesParser::new(names).try_map(move |typed| {
        let found = values.iter().find(|(name, _)| *name == typed);
        found
            .map(|(_, value)| *value)
            .ok_or_else(|| format!("there is no {typed}"))
    })
}

/// Every kind of node with its name.
pub(crate) fn nodes() -> Vec<(&'static str, NodeKind)> {
    NodeKind::ALL.map(|kind| (kind.name(), kind)).to_vec()
}
