//! The product's own trust module behind the command-line protocol of the
//! TUF client conformance suite (`CLIENT-CLI.md` of
//! theupdateframework/tuf-conformance):
//!
//! ```text
//! tuf_client --metadata-dir DIR init ROOT
//! tuf_client --metadata-dir DIR --metadata-url URL refresh
//! tuf_client --metadata-dir DIR --metadata-url URL --target-name NAME... \
//!     --target-base-url URL --target-dir DIR download
//! ```
//!
//! Everything that is verified is verified by the product. What differs is
//! the origin: the suite serves plain http on the loopback address, which the
//! product never speaks, so this file has its own few lines of it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use async_trait::async_trait;
use auditgraph::foundation::progress::Silent;
use auditgraph::upgrade::trust::{
    Body, Chunks, FetchError, Origin, Store, TrustedMetadata, fetch_target,
};
use clap::{Parser, Subcommand};
use url::Url;

type Failure = Box<dyn std::error::Error>;

/// What `init` was given: the root that is compiled into the product.
const TRUSTED_ROOT: &str = "trusted-root";

#[derive(Parser)]
struct Cli {
    #[arg(long)]
    metadata_dir: PathBuf,
    #[arg(long)]
    metadata_url: Option<Url>,
    #[arg(long)]
    target_name: Vec<String>,
    #[arg(long)]
    target_base_url: Option<Url>,
    #[arg(long)]
    target_dir: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Init { trusted_root: PathBuf },
    Refresh,
    Download,
}

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli) -> Result<(), Failure> {
    if let Command::Init { trusted_root } = &cli.command {
        let root = std::fs::read(trusted_root)?;
        std::fs::write(cli.metadata_dir.join(TRUSTED_ROOT), &root)?;
        std::fs::write(cli.metadata_dir.join("root.json"), root)?;
        return Ok(());
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(online(cli))
}

async fn online(cli: &Cli) -> Result<(), Failure> {
    let origin: Arc<dyn Origin> = Arc::new(LoopbackHttp(reqwest_client()?));
    let root = std::fs::read(cli.metadata_dir.join(TRUSTED_ROOT))?;
    let metadata_base = cli.metadata_url.as_ref().ok_or("no --metadata-url")?;
    let targets_base = cli.target_base_url.as_ref().unwrap_or(metadata_base);
    let store = Store::open(&cli.metadata_dir)?;
    let metadata =
        TrustedMetadata::refresh(&root, metadata_base, targets_base, &origin, &store).await?;
    if matches!(cli.command, Command::Refresh) {
        return Ok(());
    }
    let folder = cli.target_dir.as_deref().ok_or("no --target-dir")?;
    for name in &cli.target_name {
        let target = metadata.target(name)?;
        // One file per target name, whatever characters it has.
        let file = folder.join(name.replace('%', "%25").replace('/', "%2F"));
        if !is_cached(&file, target.sha256)? {
            fetch_target(origin.as_ref(), &target, &file, false, &Silent).await?;
        }
    }
    Ok(())
}

fn is_cached(file: &Path, wanted: auditgraph::foundation::Sha256) -> Result<bool, Failure> {
    match std::fs::read(file) {
        Ok(bytes) => Ok(auditgraph::foundation::Sha256::of(&bytes) == wanted),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// A client that never speaks TLS, so needs no certificate authorities.
fn reqwest_client() -> Result<reqwest::Client, Failure> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    Ok(reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .build()?)
}

#[derive(Debug)]
struct LoopbackHttp(reqwest::Client);

#[async_trait]
impl Origin for LoopbackHttp {
    async fn open(&self, url: &Url, _from: u64) -> Result<Body, FetchError> {
        let network = |error: reqwest::Error| FetchError::Network(error.to_string());
        let response = self.0.get(url.clone()).send().await.map_err(network)?;
        match response.status().as_u16() {
            200 => Ok(Body {
                starts_at: 0,
                chunks: Box::new(Answer(response)),
            }),
            403 | 404 => Err(FetchError::NotFound),
            status => Err(FetchError::Status(status)),
        }
    }
}

struct Answer(reqwest::Response);

#[async_trait]
impl Chunks for Answer {
    async fn next(&mut self) -> Result<Option<tough::Bytes>, FetchError> {
        let chunk = self.0.chunk().await;
        chunk.map_err(|error| FetchError::Network(error.to_string()))
    }
}
