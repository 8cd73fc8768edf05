//! Bytes of an artifact that exist before they are written under `.pkg`: in
//! memory while small, else in an unlinked file of the user's cache
//! directory. What the budget judges is their exact length.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, Read};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::Connection;

use super::digest::Sha256;
use super::image::Image;
use super::pieces::in_pieces;

/// A named file in a scratch directory, removed when dropped. A database is
/// built in it by name; [`SpillFile::seal`] takes the name away and keeps
/// the bytes.
#[derive(Debug)]
pub struct SpillFile {
    file: File,
    path: PathBuf,
    /// Whether the file still has its name: another may have it afterwards.
    named: bool,
}

impl SpillFile {
    /// Creates an empty file, readable by its owner only, in `directory`
    /// (which is created when missing).
    ///
    /// # Errors
    /// Any I/O error.
    pub fn create(directory: &Path) -> io::Result<Self> {
        static SERIAL: AtomicU64 = AtomicU64::new(0);
        fs::create_dir_all(directory)?;
        loop {
            let path = directory.join(format!(
                "spill-{}-{}",
                std::process::id(),
                SERIAL.fetch_add(1, Ordering::Relaxed)
            ));
            match OpenOptions::new()
                .read(true)
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&path)
            {
                Ok(file) => {
                    return Ok(Self {
                        file,
                        path,
                        named: true,
                    });
                }
                // A leftover of a killed process with the same id.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Where the file is, until it is sealed.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file, open for reading and writing.
    #[must_use]
    pub const fn file(&self) -> &File {
        &self.file
    }

    /// Takes the name away now, so that not even a kill leaves the file
    /// behind; whoever has it open goes on using it.
    pub fn unlink(&mut self) {
        if std::mem::take(&mut self.named) {
            let _ = fs::remove_file(&self.path);
        }
    }

    /// The finished bytes.
    ///
    /// # Errors
    /// Any I/O error of asking for its length.
    pub fn seal(mut self) -> io::Result<Artifact> {
        self.unlink();
        let file = self.file.try_clone()?;
        let bytes = file.metadata()?.len();
        Ok(Artifact(Store::File { file, bytes }))
    }
}

impl Drop for SpillFile {
    fn drop(&mut self) {
        self.unlink();
    }
}

/// The exact bytes of one artifact, wherever they are held.
#[derive(Debug)]
pub struct Artifact(Store);

#[derive(Debug)]
enum Store {
    Memory(Vec<u8>),
    Database(Box<Image>),
    File { file: File, bytes: u64 },
}

impl From<Vec<u8>> for Artifact {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Store::Memory(bytes))
    }
}

impl Artifact {
    /// The bytes of a finished database in memory.
    ///
    /// # Errors
    /// SQLite's, when there is no room for them.
    pub fn of_database(connection: Connection) -> rusqlite::Result<Self> {
        let image = Image::of(connection)?;
        Ok(Self(Store::Database(Box::new(image))))
    }

    /// Length in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        match &self.0 {
            Store::Memory(bytes) => bytes.len() as u64,
            Store::Database(image) => image.bytes(),
            Store::File { bytes, .. } => *bytes,
        }
    }

    /// Lends the bytes where they lie, for several to read at a time.
    ///
    /// # Errors
    /// Any I/O error; not those of `to`.
    pub fn lend<T>(&self, to: impl FnOnce(Lent<'_>) -> T) -> io::Result<T> {
        match &self.0 {
            Store::Memory(bytes) => Ok(to(Lent(Place::Memory([bytes, &[]])))),
            Store::Database(image) => image
                .lend(|pieces| to(Lent(Place::Memory(pieces))))
                .map_err(io::Error::other),
            Store::File { file, .. } => Ok(to(Lent(Place::File(file)))),
        }
    }

    /// The digest of all bytes.
    ///
    /// # Errors
    /// Any I/O error.
    pub fn sha256(&self) -> io::Result<Sha256> {
        self.lend(|lent| Sha256::of_all(&mut lent.reader()))?
    }
}

/// The bytes of an [`Artifact`].
#[derive(Clone, Copy, Debug)]
pub struct Lent<'a>(Place<'a>);

#[derive(Clone, Copy, Debug)]
enum Place<'a> {
    Memory([&'a [u8]; 2]),
    File(&'a File),
}

impl<'a> Lent<'a> {
    /// A reader over all bytes, from the first.
    #[must_use]
    pub fn reader(self) -> Box<dyn BufRead + 'a> {
        match self.0 {
            Place::Memory([head, rest]) => Box::new(head.chain(rest)),
            Place::File(file) => Box::new(in_pieces(FromStart { file, at: 0 })),
        }
    }
}

/// A file from its first byte, whoever else reads it.
struct FromStart<'a> {
    file: &'a File,
    at: u64,
}

impl Read for FromStart<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read_at(buffer, self.at)?;
        self.at += count as u64;
        Ok(count)
    }
}
