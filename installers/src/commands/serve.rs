//! `serve`: the site on the loopback address.

use std::path::PathBuf;
use std::process::ExitCode;

use super::{Outcome, shown};
use crate::serve::Server;
use crate::shell::variable;
use crate::site::{Marker, Site};

/// Arguments of `serve`.
#[derive(Debug, clap::Args)]
#[command(after_help = concat!(
    "Prints its address, and the commands that install from it.\n\n",
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
    /// Print `{"format": 1, "url": ..., "install": [...]}` instead of text once it listens
    #[arg(long)]
    json: bool,
}

/// Serves until it is ended from outside.
pub(crate) fn run(args: &Args) -> Outcome {
    let server = Server::bind(&args.site, args.port)?;
    let url = server.url();
    let install = install(&Site::new(&args.site), &url)?;
    if args.json {
        say!(
            "{}",
            serde_json::json!({ "format": 1, "url": url, "install": install })
        )?;
    } else {
        say!("{url}")?;
        for command in &install {
            say!("  {command}")?;
        }
        eprintln!("serving {}; stop with Ctrl-C", shown(&args.site));
    }
    server.run()?;
    Ok(ExitCode::SUCCESS)
}

/// What a user types to install the newest release from `site`, as it is served
/// at `url`; nothing where the folder is no release site.
fn install(site: &Site, url: &str) -> Result<Vec<String>, Box<dyn std::error::Error>> {
    let mut commands = Vec::new();
    let Some(marker) = Marker::read(site)? else {
        return Ok(commands);
    };
    if let Some(release) = marker.newest()
        && site.path("install.sh").is_file()
    {
        // dist's script asks for it: otherwise it downloads from the real host.
        let variable = variable(&marker.name);
        let tag = &release.tag;
        commands.push(format!(
            "curl -LsSf {url}/install.sh | {variable}_DOWNLOAD_URL={url}/{tag} sh"
        ));
    }
    let index = site.read("simple/index.json").unwrap_or_default();
    let index: serde_json::Value = serde_json::from_slice(&index).unwrap_or_default();
    let packages = index["projects"].as_array().into_iter().flatten();
    commands.extend(packages.filter_map(|package| {
        let name = package["name"].as_str()?;
        Some(format!("pip install --index-url {url}/simple/ {name}"))
    }));
    Ok(commands)
}
