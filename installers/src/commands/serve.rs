//! `serve`: the site on the loopback address.

use std::path::PathBuf;
use std::process::ExitCode;

use super::{Outcome, shown};
use crate::serve::Server;

/// Arguments of `serve`.
#[derive(Debug, clap::Args)]
#[command(after_help = concat!(
    "Examples:\n",
    "  ", env!("CARGO_BIN_NAME"), " serve site\n",
    "  ", env!("CARGO_BIN_NAME"), " serve site --port 8000"
))]
pub(crate) struct Args {
    /// The release site
    #[arg(default_value = "site")]
    site: PathBuf,
    /// Port on 127.0.0.1; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Print `{"format": 1, "url": ...}` instead of text once it listens
    #[arg(long)]
    json: bool,
}

/// Serves until it is ended from outside.
pub(crate) fn run(args: &Args) -> Outcome {
    let server = Server::bind(&args.site, args.port)?;
    let url = server.url();
    if args.json {
        println!("{}", serde_json::json!({ "format": 1, "url": url }));
    } else {
        println!("{url}");
        eprintln!("serving {}; stop with Ctrl-C", shown(&args.site));
    }
    server.run()?;
    Ok(ExitCode::SUCCESS)
}
