//! Phase two: the staged version is asked for its own preflight.

use std::time::Duration;

use super::report::{PROTOCOL, Report, Request};
use crate::foundation::json;
use crate::upgrade::child::{Call, ChildError};
use crate::upgrade::swap::ProvenBinary;

/// What `staged` says of the workspaces in `request`. It may count the exact
/// bytes of rebuilds, so it has ten minutes.
///
/// # Errors
/// [`ChildError`] when it gives no answer that this version understands.
pub fn ask(staged: &ProvenBinary, request: &Request) -> Result<Report, ChildError> {
    let protocol = PROTOCOL.to_string();
    let report: Report = crate::upgrade::child::json(&Call {
        program: staged.path(),
        arguments: &["preflight", "--protocol", &protocol, "--json"],
        input: json::canonical(request),
        most_bytes: Report::BOUNDS.bytes,
        wait: Duration::from_secs(600),
    })?;
    // What a field of another one means is not known here.
    match report.protocol {
        PROTOCOL => Ok(report),
        other => Err(ChildError::Protocol(other)),
    }
}
