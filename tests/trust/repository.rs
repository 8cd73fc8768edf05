//! A release site whose maker can do everything wrong on purpose.
//!
//! Metadata is plain JSON signed by keys that anyone can compute, so that a
//! test can publish what no honest tool would. The keys are for tests alone;
//! no build that users get trusts them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use auditgraph::foundation::Sha256;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};

use crate::trees::copy_tree;

/// The platform of the releases in these tests.
pub const PLATFORM: &str = "x86_64-unknown-linux-gnu";

/// A key, computed from its name.
pub struct TestKey {
    pair: Ed25519KeyPair,
    pub id: String,
    public: Value,
}

pub fn key(name: &str) -> TestKey {
    let seed = Sha256::of(format!("test key {name}").as_bytes());
    let pair = Ed25519KeyPair::from_seed_unchecked(seed.as_bytes()).unwrap();
    let public = json!({
        "keytype": "ed25519",
        "scheme": "ed25519",
        "keyval": { "public": hex(pair.public_key().as_ref()) },
    });
    let id = Sha256::of(&canonical(&public)).to_string();
    TestKey { pair, id, public }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Canonical JSON (OLPC): sorted keys, no white space. Strings in these tests
/// are plain ASCII, for which it agrees with compact JSON.
fn canonical(value: &Value) -> Vec<u8> {
    match value {
        Value::Object(map) => {
            let sorted: BTreeMap<&String, &Value> = map.iter().collect();
            let members: Vec<String> = sorted
                .iter()
                .map(|(name, value)| {
                    let value = String::from_utf8(canonical(value)).unwrap();
                    format!("{}:{value}", json!(name))
                })
                .collect();
            format!("{{{}}}", members.join(",")).into_bytes()
        }
        Value::Array(items) => {
            let items: Vec<String> = items
                .iter()
                .map(|item| String::from_utf8(canonical(item)).unwrap())
                .collect();
            format!("[{}]", items.join(",")).into_bytes()
        }
        plain => plain.to_string().into_bytes(),
    }
}

/// `signed` with the signatures of the keys called `names`.
pub fn sign(signed: &Value, names: &[&str]) -> Value {
    let message = canonical(signed);
    let signatures: Vec<Value> = names
        .iter()
        .map(|name| {
            let key = key(name);
            json!({ "keyid": key.id, "sig": hex(key.pair.sign(&message).as_ref()) })
        })
        .collect();
    json!({ "signed": signed, "signatures": signatures })
}

fn bytes(value: &Value) -> Vec<u8> {
    serde_json::to_vec_pretty(value).unwrap()
}

/// RFC 3339 of a time `days` from now.
pub fn days_from_now(days: i64) -> String {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs();
    rfc3339(i64::try_from(now).unwrap() + days * 86_400)
}

/// Days to civil date (Howard Hinnant's algorithm).
fn rfc3339(seconds: i64) -> String {
    let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let (day, month) = (
        doy - (153 * mp + 2) / 5 + 1,
        if mp < 10 { mp + 3 } else { mp - 9 },
    );
    let year = yoe + era * 400 + i64::from(month <= 2);
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// The first root: two of three root keys, one key each for the others. The
/// same bytes on every machine, so that a binary can be built with it.
pub fn first_root() -> Vec<u8> {
    bytes(&root(
        1,
        &["root-1", "root-2", "root-3"],
        "timestamp",
        &["root-1", "root-2"],
    ))
}

/// A root of `version` with these root keys and this timestamp key.
pub fn root(version: u64, roots: &[&str], timestamp: &str, signers: &[&str]) -> Value {
    let role = |names: &[&str], threshold: u64| {
        let ids: Vec<String> = names.iter().map(|name| key(name).id).collect();
        json!({ "keyids": ids, "threshold": threshold })
    };
    let keys: BTreeMap<String, Value> = roots
        .iter()
        .chain(&["targets", "snapshot", timestamp])
        .map(|name| key(name))
        .map(|key| (key.id, key.public))
        .collect();
    let signed = json!({
        "_type": "root",
        "spec_version": "1.0.0",
        "version": version,
        "expires": "2126-01-01T00:00:00Z",
        "consistent_snapshot": true,
        "keys": keys,
        "roles": {
            "root": role(roots, 2),
            "targets": role(&["targets"], 1),
            "snapshot": role(&["snapshot"], 1),
            "timestamp": role(&[timestamp], 1),
        },
    });
    sign(&signed, signers)
}

/// A release site in a directory.
pub struct Repository {
    pub directory: PathBuf,
    /// Next version of targets, snapshot and timestamp.
    pub version: u64,
    pub targets: BTreeMap<String, Value>,
    /// When the timestamp expires.
    pub timestamp_expires: String,
    /// Who signs it.
    pub timestamp_key: String,
    /// Who signs the targets.
    pub targets_key: String,
}

impl Repository {
    /// A site with the first root and no release yet; nothing published.
    pub fn new(directory: &Path) -> Self {
        std::fs::create_dir_all(directory.join("metadata")).unwrap();
        std::fs::create_dir_all(directory.join("targets")).unwrap();
        std::fs::write(directory.join("metadata/1.root.json"), first_root()).unwrap();
        Self {
            directory: directory.to_path_buf(),
            version: 1,
            targets: BTreeMap::new(),
            timestamp_expires: days_from_now(30),
            timestamp_key: "timestamp".into(),
            targets_key: "targets".into(),
        }
    }

    /// Adds a release with these bytes as its archive; published by the next
    /// [`publish`](Self::publish).
    pub fn add(&mut self, version: &str, archive: &[u8]) -> String {
        let name = format!("auditgraph-{version}-{PLATFORM}.tar.gz");
        let sha256 = Sha256::of(archive).to_string();
        let path = self.directory.join(format!("targets/{sha256}.{name}"));
        std::fs::write(path, archive).unwrap();
        let target = json!({
            "length": archive.len(),
            "hashes": { "sha256": sha256 },
            "custom": {
                "format": 1,
                "version": version,
                "platform": PLATFORM,
                "channel": "stable",
                "schema": { "writes": 1, "reads_since": 1, "features": [] },
                "executable": { "sha256": sha256, "length": archive.len() },
                "yanked": false,
            },
        });
        self.targets.insert(name.clone(), target);
        name
    }

    /// The signed description of a release, to be changed before publishing.
    pub fn custom(&mut self, name: &str) -> &mut Value {
        &mut self.targets.get_mut(name).unwrap()["custom"]
    }

    /// Where the archive of a target lies, below the site.
    pub fn place(&self, name: &str) -> String {
        let sha256 = self.targets[name]["hashes"]["sha256"].as_str().unwrap();
        format!("targets/{sha256}.{name}")
    }

    /// The same of the first target by name.
    pub fn first_place(&self) -> String {
        self.place(self.targets.keys().next().unwrap())
    }

    /// Publishes targets, snapshot and timestamp, each as the next version.
    pub fn publish(&mut self) {
        let version = self.version;
        let targets = bytes(&self.signed_targets());
        let snapshot = bytes(&self.signed_snapshot(&targets));
        let timestamp = bytes(&self.signed_timestamp(&snapshot));
        self.write(&format!("{version}.targets.json"), &targets);
        self.write(&format!("{version}.snapshot.json"), &snapshot);
        self.write("timestamp.json", &timestamp);
        self.version += 1;
    }

    pub fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.metadata(name), bytes).unwrap();
    }

    pub fn write_json(&self, name: &str, value: &Value) {
        self.write(name, &bytes(value));
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.metadata(name)).unwrap()
    }

    fn metadata(&self, name: &str) -> PathBuf {
        self.directory.join("metadata").join(name)
    }

    fn signed_targets(&self) -> Value {
        let signed = json!({
            "_type": "targets",
            "spec_version": "1.0.0",
            "version": self.version,
            "expires": days_from_now(300),
            "targets": self.targets,
        });
        sign(&signed, &[&self.targets_key])
    }

    fn signed_snapshot(&self, targets: &[u8]) -> Value {
        let signed = json!({
            "_type": "snapshot",
            "spec_version": "1.0.0",
            "version": self.version,
            "expires": days_from_now(60),
            "meta": { "targets.json": metafile(targets, self.version) },
        });
        sign(&signed, &["snapshot"])
    }

    /// A timestamp for `snapshot`, of the current version.
    pub fn signed_timestamp(&self, snapshot: &[u8]) -> Value {
        let signed = json!({
            "_type": "timestamp",
            "spec_version": "1.0.0",
            "version": self.version,
            "expires": self.timestamp_expires,
            "meta": { "snapshot.json": metafile(snapshot, self.version) },
        });
        sign(&signed, &[&self.timestamp_key])
    }

    /// Everything that is published now.
    pub fn copy_to(&self, to: &Path) {
        copy_tree(&self.directory, to);
    }

    /// Puts back what [`copy_to`](Self::copy_to) saved.
    pub fn restore(&self, from: &Path) {
        std::fs::remove_dir_all(&self.directory).unwrap();
        copy_tree(from, &self.directory);
    }
}

fn metafile(bytes: &[u8], version: u64) -> Value {
    json!({
        "version": version,
        "length": bytes.len(),
        "hashes": { "sha256": Sha256::of(bytes).to_string() },
    })
}
