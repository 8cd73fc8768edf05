//! The one way this program writes files that must survive a crash: stage,
//! write, fsync, rename, fsync the directory. Nothing else opens a file for
//! writing under `.pkg`, but for the lock, which stays empty, and the journal,
//! which nobody needs.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::fs::{self, File, Metadata, OpenOptions, Permissions};
use std::io::{self, BufRead, Read, Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{OFlags, SeekFrom, seek};
use rustix::io::Errno;

use super::digest::Sha256;
use super::meter::Meter;
use super::pieces::{each_piece, in_pieces};

/// Creates `path` (which must not exist), copies `content` into it through
/// `meter`, and fsyncs it. Does not fsync the directory.
///
/// # Errors
/// Any I/O error; [`OverAllowance`](super::meter::OverAllowance) when the meter
/// refuses. A partial file is removed before the error is returned.
pub fn stage(path: &Path, content: &mut dyn BufRead, meter: &Meter) -> io::Result<()> {
    write(path, content, meter)?.sync()
}

/// The first half of [`stage`]: the file is written, and not yet durable.
///
/// # Errors
/// As [`stage`].
pub fn write(path: &Path, content: &mut dyn BufRead, meter: &Meter) -> io::Result<Written> {
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o644)
        .open(path)?;
    let mut written = Written {
        file,
        path: path.to_owned(),
        bytes: 0,
    };
    written.bytes = written.or_removed(copy(&written.file, content, meter))?;
    Ok(written)
}

/// A file that is written and may be lost in a power cut.
#[derive(Debug)]
pub struct Written {
    file: File,
    path: PathBuf,
    bytes: u64,
}

impl Written {
    /// How long it is.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Makes it durable: the second half of [`stage`].
    ///
    /// # Errors
    /// As [`stage`].
    pub fn sync(&self) -> io::Result<()> {
        self.or_removed(self.file.sync_all())
    }

    fn or_removed<T>(&self, outcome: io::Result<T>) -> io::Result<T> {
        // The caller learns of the first error; a leftover is named in the
        // intent and removed by the next writer.
        outcome.inspect_err(|_| drop(fs::remove_file(&self.path)))
    }
}

fn copy(mut file: &File, content: &mut dyn BufRead, meter: &Meter) -> io::Result<u64> {
    let mut bytes = 0;
    each_piece(content, |piece| {
        bytes += piece.len() as u64;
        meter.account(piece.len() as u64)?;
        file.write_all(piece)
    })?;
    Ok(bytes)
}

/// Makes the entries of `directory` durable.
///
/// # Errors
/// Any I/O error of opening or fsyncing it.
pub fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// What was found; `None` where nothing is there.
///
/// # Errors
/// Any other I/O error.
pub fn if_there<T>(found: io::Result<T>) -> io::Result<Option<T>> {
    match found {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        found => found.map(Some),
    }
}

/// Removes the file at `path`, which may be gone already.
///
/// # Errors
/// Any other I/O error.
pub fn remove(path: &Path) -> io::Result<()> {
    if_there(fs::remove_file(path)).map(drop)
}

/// Replaces `path` by `bytes` in one step: a reader sees the old file or the
/// new one, also after a power cut. For files that one process at a time writes,
/// under a lock: what a killed one has left half written is taken over.
///
/// # Errors
/// Any I/O error; the old file is then still there, but where the folder alone
/// could not be synced.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace_all(&[(path.to_owned(), bytes)])
}

/// Replaces each file in one step, in this order, as [`replace`] does; each
/// folder is fsynced once, after the last of its files.
///
/// # Errors
/// Any I/O error; each file is then the old one or the new one.
pub fn replace_all(files: &[(PathBuf, &[u8])]) -> io::Result<()> {
    let mut directories = BTreeSet::new();
    for (path, bytes) in files {
        let directory = folder_of(path);
        let staged = staged_in(directory, path, "new");
        let _ = fs::remove_file(&staged);
        stage(&staged, &mut &bytes[..], &Meter::new(u64::MAX))?;
        fs::rename(&staged, path).inspect_err(|_| {
            let _ = fs::remove_file(&staged);
        })?;
        directories.insert(directory);
    }
    directories.into_iter().try_for_each(sync_directory)
}

/// Whether the machine, or this process, is out of something: another moment
/// the same file can be opened.
#[must_use]
pub fn is_exhausted(error: &io::Error) -> bool {
    let errno = Errno::from_io_error(error);
    matches!(errno, Some(Errno::MFILE | Errno::NFILE | Errno::NOMEM))
}

/// The folder that `path` names a file of: the working one for a bare name.
#[must_use]
pub fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

/// The name that the new content of `path` has until it is complete: as much
/// of its own name as fits beside `mark`, since a name has 255 bytes.
fn staged_in(directory: &Path, path: &Path, mark: impl Display) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let name = &name[..name.floor_char_boundary(200)];
    directory.join(format!(".{name}.{mark}"))
}

/// As [`replace`], for content that is written as it is made, and for files that
/// several processes may write at once; returns what `write` returns. Memory does
/// not grow with the content. A file keeps its permissions; a symbolic link is
/// replaced itself, for it may be a stranger's and lead anywhere.
///
/// # Errors
/// What `write` reports, or any I/O error; the old file is then still there, but
/// where the folder alone could not be synced.
pub fn replace_with<T, E: From<io::Error>>(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> Result<T, E>,
) -> Result<T, E> {
    let directory = folder_of(path);
    let staged = staged_in(directory, path, std::process::id());
    let _ = fs::remove_file(&staged);
    let old = fs::symlink_metadata(path).ok().filter(Metadata::is_file);
    let mode = old.map(|old| old.permissions().mode() & 0o777);
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode.unwrap_or(0o644))
        .open(&staged)?;
    let outcome = (|| {
        if let Some(mode) = mode {
            // What the process masks, too.
            file.set_permissions(Permissions::from_mode(mode))?;
        }
        let mut buffered = io::BufWriter::with_capacity(256 * 1024, &mut file);
        let value = write(&mut buffered)?;
        buffered.flush()?;
        drop(buffered);
        file.sync_all()?;
        fs::rename(&staged, path)?;
        sync_directory(directory)?;
        Ok(value)
    })();
    if outcome.is_err() {
        let _ = fs::remove_file(&staged);
    }
    outcome
}

/// Reads a regular file of at most `limit` bytes. A longer one is an error,
/// so that a hostile file cannot exhaust memory; a symbolic link, FIFO or
/// device is one too, so that it cannot lead elsewhere or block.
///
/// # Errors
/// Any I/O error; [`io::ErrorKind::FileTooLarge`] for a longer file.
pub fn read_bounded(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let file = open_regular(path)?;
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("larger than the {limit} bytes allowed"),
        ));
    }
    Ok(bytes)
}

/// The file that `path` leads to, for a file that is the user's own: who
/// keeps such files elsewhere has links in their places.
///
/// # Errors
/// Any I/O error; [`io::ErrorKind::NotFound`] only where nothing is there,
/// not where a link leads nowhere.
pub fn own_file(path: &Path) -> io::Result<PathBuf> {
    match path.canonicalize() {
        Err(error) if error.kind() == io::ErrorKind::NotFound && path.is_symlink() => {
            Err(not_regular("it is a symbolic link that leads nowhere"))
        }
        found => found,
    }
}

/// Options that never follow a symbolic link as the last part of a path and
/// never block on a FIFO.
#[must_use]
pub fn wary_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    options.custom_flags(flags.bits().cast_signed());
    options
}

/// Opens a regular file for reading, with [`wary_options`].
///
/// # Errors
/// Any I/O error; [`io::ErrorKind::InvalidInput`] for what is no regular file.
pub fn open_regular(path: &Path) -> io::Result<File> {
    open_regular_with(wary_options().read(true), path)
}

/// Opens a regular file with `options`, which are wary ones.
///
/// # Errors
/// As [`open_regular`].
pub fn open_regular_with(options: &OpenOptions, path: &Path) -> io::Result<File> {
    let file = options
        .open(path)
        .map_err(|error| match Errno::from_io_error(&error) {
            Some(Errno::LOOP) => not_regular("it is a symbolic link"),
            _ => error,
        })?;
    if !file.metadata()?.is_file() {
        return Err(not_regular("it is not a regular file"));
    }
    Ok(file)
}

/// The SHA-256 of a regular file.
///
/// # Errors
/// Any I/O error; [`io::ErrorKind::FileTooLarge`] as of [`check_dense`].
pub fn file_digest(path: &Path) -> io::Result<Sha256> {
    let file = open_regular(path)?;
    check_dense(&file)?;
    Sha256::of_all(&mut in_pieces(file))
}

/// Whether a file is as long as it takes room, or nearly so, as far as its file
/// system tells. One that is mostly holes costs a stranger nothing, and to read
/// it may take for ever. Compression saves less than what is asked for here.
///
/// # Errors
/// [`io::ErrorKind::FileTooLarge`] where it is mostly holes; any I/O error.
pub fn check_dense(mut file: &File) -> io::Result<()> {
    const SMALL: u64 = 64 << 20;
    const MOST_TIMES: u64 = 64;
    let metadata = file.metadata()?;
    let (length, room) = (metadata.len(), metadata.blocks().saturating_mul(512));
    if length <= SMALL {
        return Ok(());
    }
    let hollow = match room {
        // Some file systems never tell of room, and those tell of no holes.
        0 => seek(file, SeekFrom::Data(0)) == Err(Errno::NXIO),
        room => length / room >= MOST_TIMES,
    };
    file.rewind()?;
    if hollow {
        let text = format!("it is {length} bytes long and holds {room}");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, text));
    }
    Ok(())
}

fn not_regular(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, why)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_mostly_holes_is_not_hashed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hollow");
        for content in [&[7; 8192][..], &[]] {
            fs::write(&path, content).unwrap();
            let file = OpenOptions::new().write(true).open(&path).unwrap();
            file.set_len(1 << 40).unwrap();
            file.sync_all().unwrap();
            let error = file_digest(&path).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::FileTooLarge, "{error}");
            file.set_len(1 << 20).unwrap();
            assert!(file_digest(&path).is_ok());
        }
    }

    #[test]
    fn a_bare_name_is_of_the_working_folder() {
        assert_eq!(folder_of(Path::new("a")), Path::new("."));
        assert_eq!(folder_of(Path::new("b/a")), Path::new("b"));
        assert_eq!(folder_of(Path::new("/a")), Path::new("/"));
    }

    #[test]
    fn a_replaced_file_keeps_its_permissions_and_a_link_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let replace = |name: &str| {
            let write = |out: &mut dyn Write| out.write_all(b"new");
            replace_with::<(), io::Error>(&at(name), write).unwrap();
            fs::symlink_metadata(at(name)).unwrap().permissions().mode() & 0o777
        };
        for mode in [0o600, 0o666] {
            fs::write(at("own"), "old").unwrap();
            fs::set_permissions(at("own"), Permissions::from_mode(mode)).unwrap();
            assert_eq!(replace("own"), mode);
        }
        std::os::unix::fs::symlink(at("elsewhere"), at("link")).unwrap();
        fs::write(at("elsewhere"), "old").unwrap();
        replace("link");
        assert_eq!(fs::read(at("elsewhere")).unwrap(), b"old");
        assert_eq!(fs::read(at("link")).unwrap(), b"new");
    }
}
