//! The bytes of one target: as long as signed, of the digest that was
//! signed, or not there.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use url::Url;

use super::error::{Attack, TrustError};
use super::origin::{FetchError, Origin, shown};
use crate::foundation::durable::{open_regular_with, wary_options};
use crate::foundation::progress::{Phase, Progress};
use crate::foundation::{Sha256, Sha256Hasher};

/// A target as signed metadata describes it, and where an origin has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetFile {
    /// Its name.
    pub name: String,
    /// Where it is fetched from.
    pub url: Url,
    /// Its length in bytes.
    pub length: u64,
    /// Its digest.
    pub sha256: Sha256,
}

/// An archive whose length and digest are the signed ones. Only
/// [`fetch_target`] makes one.
#[derive(Debug)]
pub struct VerifiedArchive {
    file: File,
    path: PathBuf,
}

impl VerifiedArchive {
    /// The archive's bytes, from the start, through the descriptor that was
    /// verified: what another process does to the path changes nothing.
    ///
    /// # Errors
    /// Any I/O error.
    pub fn reader(&mut self) -> io::Result<&mut File> {
        self.file.seek(SeekFrom::Start(0))?;
        Ok(&mut self.file)
    }

    /// Where it was written.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Fetches `target` into `dest`, a file. With `resume`, what an earlier
/// attempt left in `dest` is continued; the digest is taken over all of it
/// either way. A download that breaks off leaves what it has for the next
/// attempt; one that is refused leaves nothing.
///
/// # Errors
/// [`TrustError`].
pub async fn fetch_target(
    origin: &dyn Origin,
    target: &TargetFile,
    dest: &Path,
    resume: bool,
    progress: &dyn Progress,
) -> Result<VerifiedArchive, TrustError> {
    let write = |error| TrustError::Write {
        path: dest.to_path_buf(),
        error,
    };
    // Nothing is followed and nobody else's file is written to.
    let mut options = wary_options();
    options.read(true).write(true).create(true);
    options.truncate(!resume).mode(0o600);
    let mut file = open_regular_with(&options, dest).map_err(write)?;
    progress.begin(Phase::bytes("downloading", Some(target.length)));
    let outcome = receive(origin, target, &mut file, progress, &write).await;
    let outcome = match outcome {
        // What was kept of an earlier attempt may be of another file.
        Err(error) if resume && error.attack() == Some(Attack::WrongDigest) => {
            progress.begin(Phase::bytes("downloading", Some(target.length)));
            file.set_len(0).map_err(write)?;
            receive(origin, target, &mut file, progress, &write).await
        }
        outcome => outcome,
    };
    progress.finish();
    match outcome {
        Ok(()) => Ok(VerifiedArchive {
            file,
            path: dest.to_path_buf(),
        }),
        Err(error) => {
            if error
                .attack()
                .is_some_and(|attack| attack != Attack::SlowRetrieval)
            {
                // The refusal is what the caller must learn of.
                let _ = std::fs::remove_file(dest);
            }
            Err(error)
        }
    }
}

async fn receive(
    origin: &dyn Origin,
    target: &TargetFile,
    file: &mut File,
    progress: &dyn Progress,
    write: &dyn Fn(io::Error) -> TrustError,
) -> Result<(), TrustError> {
    let refused = |error: &FetchError| match error {
        FetchError::Range => short(target, 0),
        error => TrustError::fetch(&target.url, error, true),
    };
    let (mut hasher, mut have) = prefix(file, target.length).map_err(write)?;
    if have < target.length {
        let mut body = match origin.open(&target.url, have).await {
            // The file there is no longer than what is here, so it is not
            // the one that was signed; whether ours is, the digest tells.
            Err(FetchError::Range) if have > 0 => origin.open(&target.url, 0).await,
            body => body,
        }
        .map_err(|error| refused(&error))?;
        if body.starts_at != have {
            file.set_len(0).map_err(write)?;
            file.rewind().map_err(write)?;
            (hasher, have) = (Sha256Hasher::default(), 0);
        }
        progress.advance(have);
        while let Some(chunk) = body.chunks.next().await.map_err(|error| refused(&error))? {
            have += chunk.len() as u64;
            if have > target.length {
                return Err(TrustError::refused(
                    Attack::WrongLength,
                    format!(
                        "{} is longer than the {} bytes that were signed",
                        shown(&target.url),
                        target.length
                    ),
                ));
            }
            hasher.update(&chunk);
            file.write_all(&chunk).map_err(write)?;
            progress.advance(chunk.len() as u64);
        }
        if have < target.length {
            return Err(short(target, have));
        }
    }
    let digest = hasher.finish();
    if digest != target.sha256 {
        return Err(TrustError::refused(
            Attack::WrongDigest,
            format!(
                "{} has sha256 {digest}, signed was {}",
                shown(&target.url),
                target.sha256
            ),
        ));
    }
    // Not fsynced: what is found here later is verified again.
    Ok(())
}

fn short(target: &TargetFile, have: u64) -> TrustError {
    TrustError::refused(
        Attack::WrongLength,
        format!(
            "{} ended after {have} bytes, signed were {}",
            shown(&target.url),
            target.length
        ),
    )
}

/// The digest so far of what `file` already holds, and how much that is; the
/// file stands at its end. More than `most` bytes count as none.
fn prefix(file: &mut File, most: u64) -> io::Result<(Sha256Hasher, u64)> {
    let mut hasher = Sha256Hasher::default();
    if file.metadata()?.len() > most {
        file.set_len(0)?;
    }
    file.rewind()?;
    let have = io::copy(file, &mut hasher)?;
    Ok((hasher, have))
}
