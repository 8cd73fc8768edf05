//! Private keys: Ed25519, one file each, readable by their owner alone.

use std::fs;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use tough::schema::decoded::{Decoded, Hex};
use tough::schema::key::{Ed25519Key, Ed25519Scheme, Key};

use super::RepositoryError;
use crate::site::write_private;

/// Extension of key files: DER, PKCS#8.
const EXTENSION: &str = "pk8";

/// A key's name: sha256 of its public half, as TUF has it.
pub(super) type KeyId = Decoded<Hex>;

/// A private key.
pub(super) struct PrivateKey {
    pair: Ed25519KeyPair,
    /// Its public half.
    pub(super) public: Key,
    /// Its name.
    pub(super) id: KeyId,
}

impl std::fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PrivateKey({})", short(&self.id))
    }
}

impl PrivateKey {
    fn read(path: &Path) -> Result<Self, RepositoryError> {
        let bytes = fs::read(path).map_err(|error| RepositoryError::Read(path.into(), error))?;
        Self::parse(&bytes).ok_or_else(|| RepositoryError::Key(path.into()))
    }

    fn parse(der: &[u8]) -> Option<Self> {
        let pair = Ed25519KeyPair::from_pkcs8(der).ok()?;
        let public = Key::Ed25519 {
            keyval: Ed25519Key {
                public: pair.public_key().as_ref().to_vec().into(),
                _extra: std::collections::HashMap::new(),
            },
            scheme: Ed25519Scheme::Ed25519,
            _extra: std::collections::HashMap::new(),
        };
        let id = public.key_id().ok()?;
        Some(Self { pair, public, id })
    }

    /// Makes a key for `role`; what is returned beside it belongs into
    /// `directory`.
    fn generate(directory: &Path, role: &str) -> Result<(Self, Unsaved), RepositoryError> {
        let unfit = || RepositoryError::Unfit {
            what: "key generation".into(),
            reason: "the system gives no random numbers".into(),
        };
        let random = aws_lc_rs::rand::SystemRandom::new();
        let der = Ed25519KeyPair::generate_pkcs8(&random).map_err(|_| unfit())?;
        let key = Self::parse(der.as_ref()).ok_or_else(unfit)?;
        let path = directory.join(format!("{role}-{}.{EXTENSION}", short(&key.id)));
        let der = der.as_ref().to_vec();
        Ok((key, Unsaved { path, der }))
    }

    pub(super) fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.pair.sign(message).as_ref().to_vec()
    }
}

/// A new key that is nowhere yet.
struct Unsaved {
    path: PathBuf,
    der: Vec<u8>,
}

impl std::fmt::Debug for Unsaved {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Unsaved({})", self.path.display())
    }
}

impl Unsaved {
    /// Writes it, for its owner alone; makes its directory if missing.
    fn write(&self) -> Result<(), RepositoryError> {
        let failed = |error| RepositoryError::Write(self.path.clone(), error);
        let directory = self.path.parent().unwrap_or(Path::new("."));
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)
            .map_err(failed)?;
        // Whole or not there: half a key would bar every command that reads the
        // directory.
        write_private(&self.path, &self.der).map_err(failed)
    }
}

/// The keys at hand.
#[derive(Debug, Default)]
pub(crate) struct Keyring {
    keys: Vec<PrivateKey>,
    unsaved: Vec<Unsaved>,
}

impl Keyring {
    /// Reads every key in `directories`.
    ///
    /// # Errors
    /// [`RepositoryError`] for a directory or key that cannot be read.
    pub(crate) fn read(directories: &[PathBuf]) -> Result<Self, RepositoryError> {
        let mut ring = Self::default();
        for directory in directories {
            let read = |error| RepositoryError::Read(directory.clone(), error);
            let mut files = Vec::new();
            for entry in fs::read_dir(directory).map_err(read)? {
                files.push(entry.map_err(read)?.path());
            }
            files.sort();
            for path in files {
                if path.extension().is_some_and(|found| found == EXTENSION) {
                    ring.add(PrivateKey::read(&path)?);
                }
            }
        }
        Ok(ring)
    }

    /// Reads the keys in those of `directories` that exist.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub(super) fn read_if_there(&mut self, directories: &[&Path]) -> Result<(), RepositoryError> {
        for directory in directories.iter().filter(|directory| directory.is_dir()) {
            let found = Self::read(&[directory.to_path_buf()])?;
            found.keys.into_iter().for_each(|key| self.add(key));
        }
        Ok(())
    }

    /// Makes a key for `role`, to be written into `directory` by [`Self::save`].
    pub(super) fn make(
        &mut self,
        directory: &Path,
        role: &str,
    ) -> Result<(KeyId, Key), RepositoryError> {
        let (key, unsaved) = PrivateKey::generate(directory, role)?;
        let names = (key.id.clone(), key.public.clone());
        self.add(key);
        self.unsaved.push(unsaved);
        Ok(names)
    }

    /// Writes the keys that were made, then lets `write` write what they sign.
    /// Where the file that names them, `root`, is not there after all, they go
    /// again: keys of nothing must not lie among those that matter.
    ///
    /// # Errors
    /// [`RepositoryError::Write`], or that of `write`.
    pub(super) fn save(
        &mut self,
        root: &Path,
        write: impl FnOnce() -> Result<(), RepositoryError>,
    ) -> Result<(), RepositoryError> {
        let made = std::mem::take(&mut self.unsaved);
        let outcome = made.iter().try_for_each(Unsaved::write);
        let outcome = outcome.and_then(|()| write());
        if outcome.is_err() && matches!(root.try_exists(), Ok(false)) {
            for key in &made {
                // The first error is the one to tell.
                let _ = fs::remove_file(&key.path);
            }
        }
        outcome
    }

    /// Adds a key.
    fn add(&mut self, key: PrivateKey) {
        if !self.keys.iter().any(|known| known.id == key.id) {
            self.keys.push(key);
        }
    }

    /// Those whose ids are in `ids`.
    pub(super) fn among<'a>(&'a self, ids: &'a [KeyId]) -> impl Iterator<Item = &'a PrivateKey> {
        self.keys.iter().filter(|key| ids.contains(&key.id))
    }
}

/// A key's id in hexadecimal digits.
pub(super) fn hex(id: &KeyId) -> String {
    let bytes: &[u8] = id;
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The first eight digits of a key's id: enough for people and file names.
pub(super) fn short(id: &KeyId) -> String {
    hex(id).chars().take(8).collect()
}
