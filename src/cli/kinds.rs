//! Kinds of nodes, as typed.

use crate::graph::NodeKind;

/// Reads a kind's name.
///
/// # Errors
/// The names there are.
pub(crate) fn parse(text: &str) -> Result<NodeKind, String> {
    NodeKind::ALL
        .into_iter()
        .find(|kind| kind.name() == text)
        .ok_or_else(|| {
            let names: Vec<&str> = NodeKind::ALL.iter().map(|kind| kind.name()).collect();
            format!("the kinds are {}", names.join(", "))
        })
}
