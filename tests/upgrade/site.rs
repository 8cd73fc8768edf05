//! A release site on disk, and nginx in front of it.

use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use auditgraph::foundation::Sha256;
use serde_json::json;

use crate::repository::{PLATFORM, Repository};
use crate::versions::{Version, built};

/// A release site with its web server.
pub(crate) struct Site {
    folder: tempfile::TempDir,
    pub(crate) repository: Repository,
    nginx: Child,
    port: u16,
}

impl Site {
    /// A served site without releases.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("site");
        let repository = Repository::new(&root);
        certificates(folder.path());
        // Taken and given back: nginx binds it next.
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .and_then(|listener| listener.local_addr())
            .unwrap()
            .port();
        let nginx = serve(folder.path(), port);
        let site = Self {
            folder,
            repository,
            nginx,
            port,
        };
        site.wait_until_it_answers();
        site
    }

    /// A site that offers these versions.
    pub(crate) fn with(versions: &[Version]) -> Self {
        let mut site = Self::new();
        for version in versions {
            site.publish(*version);
        }
        site
    }

    /// Publishes a version, as it was built.
    pub(crate) fn publish(&mut self, version: Version) -> String {
        let [old, compatible, incompatible] = built();
        let executable = match version.number {
            "0.1.0" => old,
            "0.2.0" => compatible,
            _ => incompatible,
        };
        let executable = fs::read(executable).unwrap();
        let name = self.repository.add(version.number, &archive(&executable));
        let custom = self.repository.custom(&name);
        custom["executable"] = described(&executable);
        custom["schema"] = json!({
            "writes": version.writes,
            "reads_since": version.reads_since,
            "features": [],
        });
        self.repository.publish();
        name
    }

    /// Where users find it.
    pub(crate) fn url(&self) -> String {
        format!("https://localhost:{}/", self.port)
    }

    /// The private authority's certificate.
    pub(crate) fn authority(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    fn wait_until_it_answers(&self) {
        let start = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_err() {
            assert!(start.elapsed() < Duration::from_secs(30), "nginx is silent");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = self.nginx.kill();
        let _ = self.nginx.wait();
    }
}

/// The signed description of an executable in such an archive.
pub(crate) fn described(executable: &[u8]) -> serde_json::Value {
    json!({
        "path": format!("auditgraph-{PLATFORM}/auditgraph"),
        "sha256": Sha256::of(executable).to_string(),
        "length": executable.len(),
    })
}

/// The archive of one executable, as a release has it.
pub(crate) fn archive(executable: &[u8]) -> Vec<u8> {
    archive_with(executable, "", tar::EntryType::Regular, b"")
}

/// The same with one more member, whose path may be anything.
pub(crate) fn archive_with(
    executable: &[u8],
    path: &str,
    kind: tar::EntryType,
    content: &[u8],
) -> Vec<u8> {
    let folder = format!("auditgraph-{PLATFORM}");
    let encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut tar = tar::Builder::new(encoder);
    let mut add = |path: &str, kind, bytes: &[u8]| {
        let mut header = tar::Header::new_ustar();
        // Written raw: the builder would refuse what an attacker writes.
        header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_entry_type(kind);
        header.set_size(bytes.len() as u64);
        header.set_mode(0o755);
        header.set_cksum();
        tar.append(&header, bytes).unwrap();
    };
    let regular = tar::EntryType::Regular;
    add(&format!("{folder}/README.md"), regular, b"read me\n");
    add(&format!("{folder}/auditgraph"), regular, executable);
    if !path.is_empty() {
        add(path, kind, content);
    }
    tar.into_inner().unwrap().finish().unwrap()
}

fn certificates(folder: &Path) {
    let ca_key = rcgen::KeyPair::generate().unwrap();
    let mut ca = rcgen::CertificateParams::new(Vec::new()).unwrap();
    ca.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority = ca.self_signed(&ca_key).unwrap();
    let issuer = rcgen::Issuer::new(ca, ca_key);
    let key = rcgen::KeyPair::generate().unwrap();
    let own = rcgen::CertificateParams::new(vec!["localhost".into()])
        .unwrap()
        .signed_by(&key, &issuer)
        .unwrap();
    fs::write(folder.join("ca.pem"), authority.pem()).unwrap();
    fs::write(folder.join("server.pem"), own.pem()).unwrap();
    fs::write(folder.join("server.key"), key.serialize_pem()).unwrap();
}

fn serve(folder: &Path, port: u16) -> Child {
    let at = folder.display();
    let user = if rustix::process::geteuid().is_root() {
        "user root;"
    } else {
        ""
    };
    let configuration = format!(
        "daemon off; master_process off; {user} pid {at}/nginx.pid; error_log {at}/error.log;
events {{}}
http {{
  access_log off;
  client_body_temp_path {at}/t1; proxy_temp_path {at}/t2; fastcgi_temp_path {at}/t3;
  uwsgi_temp_path {at}/t4; scgi_temp_path {at}/t5;
  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {at}/server.pem; ssl_certificate_key {at}/server.key;
    root {at}/site;
  }}
}}
"
    );
    let file = folder.join("nginx.conf");
    fs::write(&file, configuration).unwrap();
    Command::new("nginx")
        .arg("-e")
        .arg(folder.join("error.log"))
        .arg("-c")
        .arg(&file)
        .env("PATH", "/usr/sbin:/usr/local/sbin:/usr/bin:/bin")
        .spawn()
        .expect("nginx: apt-get install nginx-light")
}
