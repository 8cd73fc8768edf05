//! The signed files: reading the newest of each, signing and writing the next.

use std::collections::{BTreeSet, HashMap};
use std::num::NonZeroU64;
use std::path::PathBuf;

use jiff::Timestamp as Time;
use olpc_cjson::CanonicalFormatter;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tough::schema::decoded::Decoded;
use tough::schema::{
    Hashes, Metafile, Role, Root, Signature, Signed, Snapshot, Targets, Timestamp,
};

use super::RepositoryError;
use super::keys::{Keyring, short};
use crate::site::{Site, sha256_hex};

/// The version of the TUF specification that is followed.
pub(super) const SPEC: &str = "1.0.0";
/// Folder of the metadata, below the site.
pub(super) const METADATA: &str = "metadata";
/// Folder of the archives, below the site.
pub(super) const TARGETS: &str = "targets";

/// The newest file of each role, each verified by the newest root, and each the
/// one that the next names.
#[derive(Debug)]
pub(super) struct Roles {
    pub(super) root: Signed<Root>,
    pub(super) targets: Signed<Targets>,
    pub(super) snapshot: Signed<Snapshot>,
    pub(super) timestamp: Signed<Timestamp>,
}

impl Roles {
    /// What the site holds if `root` is the root.
    pub(super) fn of(root: Signed<Root>, site: &Site) -> Result<Self, RepositoryError> {
        let bytes = read(site, "timestamp.json")?;
        let timestamp: Signed<Timestamp> = verified(site, "timestamp.json", &bytes, &root.signed)?;
        let meta = &timestamp.signed.meta;
        let snapshot: Signed<Snapshot> = named(site, meta, "snapshot.json", &root.signed)?;
        let meta = &snapshot.signed.meta;
        let targets = named(site, meta, "targets.json", &root.signed)?;
        Ok(Self {
            root,
            targets,
            snapshot,
            timestamp,
        })
    }
}

/// The file of a root.
pub(super) fn root_name(version: u64) -> String {
    format!("{version}.root.json")
}

/// The version of the root whose file is called `name`.
pub(super) fn root_version(name: &str) -> Option<u64> {
    let version = name.strip_suffix(".root.json")?.parse().ok()?;
    (root_name(version) == name).then_some(version)
}

/// Where the metadata file `name` is.
pub(super) fn path(site: &Site, name: &str) -> PathBuf {
    site.path(METADATA).join(name)
}

/// What is called a file in the folder of the metadata; nothing where there is
/// no such folder.
pub(super) fn names(site: &Site) -> Result<BTreeSet<String>, RepositoryError> {
    let folder = site.path(METADATA);
    let read = |error| RepositoryError::Read(folder.clone(), error);
    let entries = match std::fs::read_dir(&folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
        entries => entries.map_err(read)?,
    };
    let name = |entry: std::fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
    entries.map(|entry| entry.map(name).map_err(read)).collect()
}

/// What is wrong with the metadata file `name`.
pub(super) fn invalid(site: &Site, name: &str, reason: &str) -> RepositoryError {
    RepositoryError::Invalid {
        path: path(site, name),
        reason: reason.into(),
    }
}

fn read(site: &Site, name: &str) -> Result<Vec<u8>, RepositoryError> {
    Ok(site.read(&format!("{METADATA}/{name}"))?)
}

/// The metadata file `name`, of which these are the bytes; not verified.
pub(super) fn parse<T: DeserializeOwned>(
    site: &Site,
    name: &str,
    bytes: &[u8],
) -> Result<T, RepositoryError> {
    serde_json::from_slice(bytes).map_err(|error| invalid(site, name, &error.to_string()))
}

fn verified<T>(
    site: &Site,
    name: &str,
    bytes: &[u8],
    root: &Root,
) -> Result<Signed<T>, RepositoryError>
where
    T: Role + Serialize + DeserializeOwned,
{
    let signed: Signed<T> = parse(site, name, bytes)?;
    root.verify_role(&signed)
        .map_err(|error| invalid(site, name, &error.to_string()))?;
    Ok(signed)
}

/// The file that signed metadata names `name`: it must be that very file.
fn named<T>(
    site: &Site,
    meta: &HashMap<String, Metafile>,
    name: &str,
    root: &Root,
) -> Result<Signed<T>, RepositoryError>
where
    T: Role + Serialize + DeserializeOwned,
{
    let file = meta
        .get(name)
        .ok_or_else(|| invalid(site, name, "no signed metadata names it"))?;
    let place = format!("{}.{name}", file.version);
    let bytes = read(site, &place)?;
    let is = metafile(&bytes, file.version)?;
    let same_length = file.length.is_none() || file.length == is.length;
    if !same_length || (file.hashes.is_some() && file.hashes != is.hashes) {
        return Err(invalid(site, &place, "not the file that was signed"));
    }
    let signed: Signed<T> = verified(site, &place, &bytes, root)?;
    if signed.signed.version() != file.version {
        let reason = format!("it is version {}", signed.signed.version());
        return Err(invalid(site, &place, &reason));
    }
    Ok(signed)
}

/// Signs `role` with every key of its role that is at hand.
///
/// # Errors
/// [`RepositoryError::Keys`] where they are fewer than `root` asks for.
pub(super) fn sign<T>(role: T, root: &Root, keys: &Keyring) -> Result<Signed<T>, RepositoryError>
where
    T: Role + Serialize,
{
    let name = T::TYPE.to_string();
    let wanted = root
        .roles
        .get(&T::TYPE)
        .ok_or_else(|| RepositoryError::Settings(format!("the root names no {name} keys")))?;
    let signatures = signatures(&role, keys, &wanted.keyids)?;
    if (signatures.len() as u64) < wanted.threshold.get() {
        return Err(RepositoryError::Keys {
            role: name,
            needed: wanted.threshold.get(),
            found: signatures.len() as u64,
            keys: wanted
                .keyids
                .iter()
                .map(short)
                .collect::<Vec<_>>()
                .join(", "),
        });
    }
    Ok(Signed {
        signed: role,
        signatures,
    })
}

/// Signatures over `role` by those of `ids` that are at hand.
pub(super) fn signatures<T: Serialize>(
    role: &T,
    keys: &Keyring,
    ids: &[super::keys::KeyId],
) -> Result<Vec<Signature>, RepositoryError> {
    let mut message = Vec::new();
    let mut serializer =
        serde_json::Serializer::with_formatter(&mut message, CanonicalFormatter::new());
    role.serialize(&mut serializer)
        .map_err(|error| RepositoryError::Settings(error.to_string()))?;
    Ok(keys
        .among(ids)
        .map(|key| Signature {
            keyid: key.id.clone(),
            sig: key.sign(&message).into(),
        })
        .collect())
}

/// The file's bytes: indented, keys sorted, so that the same content is the
/// same file.
pub(super) fn bytes<T: Serialize>(signed: &Signed<T>) -> Result<Vec<u8>, RepositoryError> {
    let settle = |error: serde_json::Error| RepositoryError::Settings(error.to_string());
    let value = sorted(serde_json::to_value(signed).map_err(settle)?);
    let mut bytes = serde_json::to_vec_pretty(&value).map_err(settle)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Sorts keys at every level, whichever map serde_json was built with.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<(String, Value)> = map.into_iter().collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(
                entries
                    .into_iter()
                    .map(|(key, value)| (key, sorted(value)))
                    .collect(),
            )
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        plain => plain,
    }
}

/// Writes a metadata file.
pub(super) fn write(site: &Site, name: &str, bytes: &[u8]) -> Result<(), RepositoryError> {
    Ok(site.write(&format!("{METADATA}/{name}"), bytes)?)
}

/// How one metadata file is named in another.
pub(super) fn metafile(bytes: &[u8], version: NonZeroU64) -> Result<Metafile, RepositoryError> {
    Ok(Metafile {
        length: Some(bytes.len() as u64),
        hashes: Some(Hashes {
            sha256: digest(&sha256_hex(bytes))?,
            _extra: HashMap::new(),
        }),
        version,
        _extra: HashMap::new(),
    })
}

/// A digest from its hex digits.
pub(super) fn digest(hex: &str) -> Result<Decoded<tough::schema::decoded::Hex>, RepositoryError> {
    serde_json::from_value(Value::String(hex.into()))
        .map_err(|error| RepositoryError::Settings(format!("`{hex}` is no digest: {error}")))
}

/// `days` from now, in whole seconds: the Python client rejects fractions.
pub(super) fn expires(days: u32) -> Result<Time, RepositoryError> {
    let seconds = Time::now().as_second() + i64::from(days) * 86_400;
    Time::from_second(seconds).map_err(|error| RepositoryError::Settings(error.to_string()))
}

/// The version after `version`.
pub(super) fn next(version: NonZeroU64) -> NonZeroU64 {
    version.saturating_add(1)
}
