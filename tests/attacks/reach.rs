//! Mirror, proxy, private authority, local copy: the ways to a release that
//! must work, and are verified like any other.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use crate::user::User;

/// A proxy that answers `CONNECT` for any host with a tunnel to `port` here,
/// for a few connections. Gives its own port and the hosts it was asked for.
fn proxy(port: u16) -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let own = listener.local_addr().unwrap().port();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&asked);
    std::thread::spawn(move || {
        for client in listener.incoming().take(16).flatten() {
            let log = Arc::clone(&log);
            std::thread::spawn(move || tunnel(client, port, &log));
        }
    });
    (own, asked)
}

fn tunnel(client: TcpStream, port: u16, log: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut reader = BufReader::new(client.try_clone()?);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    log.lock().unwrap().push(first.trim().to_owned());
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line.trim().is_empty() {
            break;
        }
    }
    let mut client = client;
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
    let mut server = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    let (mut back_from, mut back_to) = (server.try_clone()?, client.try_clone()?);
    let back = std::thread::spawn(move || {
        let outcome = std::io::copy(&mut back_from, &mut back_to);
        let _ = back_to.shutdown(std::net::Shutdown::Write);
        outcome
    });
    std::io::copy(&mut client, &mut server)?;
    let _ = server.shutdown(std::net::Shutdown::Write);
    back.join()
        .map(|_| ())
        .map_err(|_| std::io::Error::other("proxy"))
}

#[test]
fn behind_a_proxy_a_host_that_only_the_proxy_knows_is_reached() {
    let mut user = User::new();
    let (port, asked) = proxy(user.server.port());
    user.mirror("https://releases.test/");
    let unreachable = user.run(&["--check"]);
    assert_eq!(unreachable.status.code(), Some(1), "{unreachable:?}");
    user.environment
        .push(("HTTPS_PROXY".into(), format!("http://127.0.0.1:{port}")));
    assert_eq!(user.offered(), "9.1.0");
    let asked = asked.lock().unwrap();
    assert!(!asked.is_empty());
    assert!(
        asked
            .iter()
            .all(|line| line.starts_with("CONNECT releases.test:443 ")),
        "{asked:?}"
    );
}

#[test]
fn a_private_authority_is_believed_only_where_it_is_named() {
    let mut user = User::new();
    assert_eq!(user.offered(), "9.1.0");
    let other = crate::server::Authority::new();
    std::fs::write(user.home().join("ca.pem"), other.pem).unwrap();
    let output = user.run(&["--check"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(words.contains("certificate"), "{words}");
    user.environment
        .push(("SSL_CERT_FILE".into(), "/nonexistent.pem".into()));
    let output = user.run(&["--check"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(words.contains("SSL_CERT_FILE=/nonexistent.pem"), "{words}");
}

/// Of macOS the system is asked, which knows no such variable.
#[cfg(target_os = "linux")]
#[test]
fn folders_without_certificates_are_told() {
    let user = User::new();
    let output = std::process::Command::new(user.program())
        .args(["self-update", "--check"])
        .env_clear()
        .env("HOME", user.home())
        .env("SSL_CERT_DIR", "/nonexistent")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(words.contains("SSL_CERT_DIR=/nonexistent"), "{words}");
}

#[test]
fn a_local_copy_says_how_long_it_is_accepted_and_is_verified() {
    let mut user = User::new();
    let stick = user.home().join("stick");
    user.repository.copy_to(&stick);
    let from = stick.to_str().unwrap().to_owned();
    let output = user.run(&["--check", "--from", &from]);
    assert_eq!(output.status.code(), Some(10), "{output:?}");
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(words.contains("accepted until"), "{words}");
    assert_eq!(user.server.log(), Vec::<String>::new());
    // What is printed goes on from the stick.
    let output = user.run(&["--check", "--from", &from, "--to", "9.1.0"]);
    let words = String::from_utf8_lossy(&output.stdout).into_owned();
    let command = format!("Upgrade: auditgraph self-update --to 9.1.0 --from {from}");
    assert!(words.contains(&command), "{words}");
    // A newer state seen elsewhere makes the stick old.
    user.repository.add("9.2.0", b"newer");
    user.repository.publish();
    assert_eq!(user.offered(), "9.2.0");
    let output = user.run(&["--check", "--from", &from]);
    assert_eq!(output.status.code(), Some(5), "{output:?}");
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        words.contains("older than what this machine has seen") && !words.contains("maintainers"),
        "{words}"
    );
    user.untouched();
}

#[test]
fn a_plain_http_mirror_is_refused_before_anything_is_sent() {
    let user = User::new();
    let plain = crate::server::Server::plain(&user.repository.directory);
    user.mirror(&plain.url());
    let output = user.run(&["--check"]);
    assert!(!output.status.success(), "{output:?}");
    assert_eq!(plain.log(), Vec::<String>::new());
}

#[test]
fn a_yanked_or_unsafe_version_is_told_by_check_and_by_every_update() {
    let mut user = User::new();
    let installed = env!("CARGO_PKG_VERSION");
    let own = user.repository.add(installed, b"the installed one");
    user.repository.custom(&own)["yanked"] = true.into();
    user.repository.custom(&own)["yanked_reason"] = "loses links".into();
    user.repository.publish();
    for arguments in [&["--check"][..], &["--yes"], &["--dry-run"]] {
        let output = user.run(arguments);
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            words.contains("withdrawn: loses links"),
            "{arguments:?}: {words}"
        );
    }
    let name = user.repository.add("9.3.0", b"a security fix");
    user.repository.custom(&name)["minimum_safe_version"] = "9.3.0".into();
    user.repository.publish();
    let output = user.run(&["--check"]);
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(words.contains("unsafe to run: update to 9.3.0"), "{words}");
    user.untouched();
}

#[test]
fn a_release_that_only_a_later_version_can_read_is_told() {
    let mut user = User::new();
    let future = user
        .repository
        .add("9.5.0", b"described in a future format");
    user.repository.custom(&future)["format"] = 2.into();
    user.repository.publish();
    let output = user.run(&["--check"]);
    assert_eq!(output.status.code(), Some(10), "{output:?}");
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        words.contains("9.5.0") && words.contains("install.sh"),
        "{words}"
    );
    assert_eq!(user.offered(), "9.1.0");
}
