//! A real web server in front of a folder: nginx, over TLS, with a
//! certificate from a private authority.

use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

/// A server until it is dropped.
pub struct Nginx {
    folder: tempfile::TempDir,
    child: Child,
    port: u16,
}

impl Nginx {
    /// Serves the files below `site`.
    pub fn serve(site: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let all = fs::Permissions::from_mode(0o755);
        fs::set_permissions(folder.path(), all).unwrap();
        certificates(folder.path());
        // Taken and given back: nginx binds it next.
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .and_then(|listener| listener.local_addr())
            .unwrap()
            .port();
        let mut child = start(folder.path(), site, port);
        let start = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            assert!(child.try_wait().unwrap().is_none(), "nginx ended");
            assert!(start.elapsed() < Duration::from_secs(30), "nginx is silent");
            std::thread::sleep(Duration::from_millis(20));
        }
        Self {
            folder,
            child,
            port,
        }
    }

    /// Where it is found, without a slash at the end.
    pub fn url(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    /// The private authority's certificate.
    pub fn authority(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn certificates(folder: &Path) {
    let ca_key = rcgen::KeyPair::generate().unwrap();
    let mut ca = rcgen::CertificateParams::new(Vec::new()).unwrap();
    ca.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    // Of the server's own name, OpenSSL takes the server for its own authority.
    ca.distinguished_name
        .push(rcgen::DnType::CommonName, "Test authority");
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

fn start(folder: &Path, site: &Path, port: u16) -> Child {
    let (at, site) = (folder.display(), site.display());
    let is_root = fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
    let user = if is_root { "user root;" } else { "" };
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
    root {site};
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
