//! Servers that send too much, too slowly, elsewhere, or lie of what they send.

use std::time::{Duration, Instant};

use auditgraph::upgrade::http::Http;
use auditgraph::upgrade::trust::{Attack, Source, TrustError, TrustedReleases};

use crate::repository::{first_root, root};
use crate::server::{Rule, Server};
use crate::world::{World, refused};

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

#[test]
fn endless_data_is_refused_for_every_metadata_file() {
    for name in [
        "2.root.json",
        "timestamp.json",
        "2.snapshot.json",
        "2.targets.json",
    ] {
        let mut world = World::visited();
        world.repository.publish();
        if name == "2.root.json" {
            let next = root(
                2,
                &["root-1", "root-2", "root-3"],
                "timestamp",
                &["root-1", "root-2"],
            );
            world.repository.write_json(name, &next);
        }
        world
            .server
            .rule(&format!("metadata/{name}"), Rule::Endless);
        let (attack, words) = world.refusal();
        assert_eq!(attack, Attack::EndlessData, "{name}: {words}");
    }
}

#[test]
fn slow_retrieval_is_refused() {
    let world = World::new();
    world.server.rule("metadata/timestamp.json", Rule::Drip);
    let (attack, words) = world.refusal();
    assert_eq!(attack, Attack::SlowRetrieval, "{words}");
    assert!(words.contains("timestamp.json"), "{words}");
}

#[test]
fn a_server_that_never_answers_is_not_waited_for() {
    let world = World::new();
    world.server.rule("metadata/timestamp.json", Rule::Silence);
    let outcome = world.load();
    let Err(TrustError::Unavailable { reason, .. }) = &outcome else {
        panic!("{outcome:?}");
    };
    assert!(reason.contains("no answer"), "{reason}");
}

#[test]
fn headers_without_an_end_are_not_waited_for() {
    let world = World::new();
    world
        .server
        .rule("metadata/timestamp.json", Rule::DripHeaders);
    let start = Instant::now();
    let outcome = world.load();
    assert!(outcome.is_err());
    // The server goes on for half a minute.
    assert!(start.elapsed() < Duration::from_secs(20));
    assert!(world.server.log().len() < 5);
}

#[test]
fn redirect_to_plain_http_is_refused_and_nothing_is_sent_there() {
    let world = World::new();
    let plain = Server::plain(&world.repository.directory);
    let place = world.repository.first_place();
    world
        .server
        .rule(&place, Rule::Redirect(format!("{}{place}", plain.url())));
    let (attack, words) = world.archive_refusal();
    assert_eq!(attack, Attack::PlainHttp, "{words}");
    let timestamp = "metadata/timestamp.json";
    world.server.rule(
        timestamp,
        Rule::Redirect(format!("{}{timestamp}", plain.url())),
    );
    let (attack, words) = world.refusal();
    assert_eq!(attack, Attack::PlainHttp, "{words}");
    assert_eq!(plain.log(), Vec::<String>::new());
}

#[test]
fn plain_http_is_no_source() {
    let world = World::new();
    let plain = Server::plain(&world.repository.directory);
    let outcome = world.load_from(&Source::Url(plain.url()));
    let words = outcome.unwrap_err().to_string();
    assert!(words.contains("https://"), "{words}");
    assert_eq!(plain.log(), Vec::<String>::new());
}

#[test]
fn what_the_headers_say_of_a_file_is_not_believed() {
    let world = World::visited();
    let timestamp = world.repository.read("timestamp.json");
    // A wrong type changes nothing: what counts is what was signed.
    world
        .answered("Content-Type: text/html\r\n", &timestamp)
        .unwrap();
    // Bytes are taken as they come: a bomb is not even unpacked.
    let bomb = gzipped(&vec![b' '; 32 * 1024 * 1024]);
    for (head, body) in [
        ("Content-Encoding: gzip\r\n", gzipped(&timestamp)),
        ("Content-Encoding: gzip\r\n", bomb),
        ("Content-Encoding: br\r\n", b"\x1b\x00".to_vec()),
    ] {
        let (attack, words) = refused(world.answered(head, &body));
        assert_eq!(attack, Attack::Malformed, "{words}");
        assert!(words.contains("timestamp"), "{words}");
    }
    // A length that is promised and does not come is a broken connection.
    let outcome = world.answered("Content-Length: 4000000000\r\n", &timestamp);
    assert!(
        matches!(outcome, Err(TrustError::Unavailable { .. })),
        "{outcome:?}"
    );
    assert_eq!(world.offered_by(&timestamp), "1.1.0");
}

#[test]
fn a_proxy_that_cannot_be_one_is_named_and_never_passed_by() {
    let world = World::visited();
    for (value, use_of_it) in [
        ("http://[nowhere", false),
        ("http://user:secret@:3128", false),
        ("htp://127.0.0.1:1", false),
        ("ftp://127.0.0.1:1", false),
        ("socks5://127.0.0.1:1", false),
        ("http:127.0.0.1:1", false),
        ("http://", false),
        ("http://127.0.0.1:3128", true),
        ("HTTPS://user:secret@127.0.0.1:3128", true),
        ("127.0.0.1:3128", true),
    ] {
        let mut connection = world.connection();
        connection.proxy = Some(("HTTPS_PROXY", value.to_owned()));
        let outcome = Http::new(&connection);
        assert_eq!(outcome.is_ok(), use_of_it, "{value}");
        if let Err(error) = outcome {
            let sentence = error.to_string();
            assert!(sentence.starts_with("HTTPS_PROXY does not name a proxy"));
            assert!(!sentence.contains("secret"), "{sentence}");
        }
    }
}

#[test]
fn what_is_accepted_as_a_proxy_is_used_except_for_hosts_that_need_none() {
    let world = World::visited();
    let source = Source::Url(world.server.url());
    let state = world.path("state");
    let mut connection = world.connection();
    // Nothing listens there, and what would once be passed by in silence is
    // the proxy: in any case, and with blanks around it.
    for value in ["127.0.0.1:1", "HTTP://127.0.0.1:1/", " http://127.0.0.1:1 "] {
        connection.proxy = Some(("ALL_PROXY", value.to_owned()));
        let outcome = TrustedReleases::load_with(&source, &state, &first_root(), &connection);
        assert!(
            matches!(outcome, Err(TrustError::Unavailable { .. })),
            "{value}: {outcome:?}"
        );
    }
    connection.direct = Some("127.0.0.1,localhost".to_owned());
    TrustedReleases::load_with(&source, &state, &first_root(), &connection).unwrap();
}
