//! The `.tar.gz` of one platform, the same bytes for the same contents.
//!
//! One folder named as the archive, as dist's installer expects: the
//! executable, the files `release.toml` lists, `completions/`, `man/`. Members
//! are sorted; owner, mode and time are fixed; the compressor (libdeflate, at its
//! best) comes in a pinned version and weighs in integers, the same everywhere.
//! It writes the smallest of what every gzip reads: 3 % less than zlib's best.

use libdeflater::{CompressionLvl, Compressor};

use super::BuildError;
use super::describe::Said;
use crate::facts::{Facts, Target};

/// Where the completions for `shell` stand in the archive.
pub(crate) fn completion_path(binary: &str, shell: &str) -> String {
    match shell {
        // zsh finds a completion by this file name only.
        "zsh" => format!("completions/_{binary}"),
        other => format!("completions/{binary}.{other}"),
    }
}

/// Folder of the man pages in the archive.
pub(crate) const MAN_FOLDER: &str = "man";

/// Where the man page in file `name` stands in the archive.
pub(crate) fn man_path(name: &str) -> String {
    format!("{MAN_FOLDER}/{name}")
}

/// A member of an archive.
pub(crate) struct Member {
    /// Path below the archive's folder.
    pub(crate) path: String,
    /// Contents.
    pub(crate) bytes: Vec<u8>,
    /// Whether it can be run.
    pub(crate) executable: bool,
}

impl Member {
    /// One that is only read.
    pub(crate) fn plain(path: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self {
            path: path.into(),
            bytes: bytes.into(),
            executable: false,
        }
    }

    /// Permissions, as every reader gives them back.
    pub(crate) fn mode(&self) -> u32 {
        if self.executable { 0o755 } else { 0o644 }
    }
}

/// Packs the archive for `target` around its executable and what that said.
pub(super) fn pack(
    facts: &Facts,
    target: &Target,
    executable: &[u8],
    said: Said,
) -> Result<Vec<u8>, BuildError> {
    let said = said.completions.into_iter().chain(said.man_pages);
    let mut members: Vec<Member> = said
        .map(|(path, bytes)| Member::plain(path, bytes))
        .collect();
    members.push(Member {
        path: facts.package.binary.clone(),
        bytes: executable.to_vec(),
        executable: true,
    });
    for name in &facts.release.archive.include {
        let path = facts.root.join(name);
        let bytes = std::fs::read(&path).map_err(|error| BuildError::Read(path, error))?;
        members.push(Member::plain(name.as_str(), bytes));
    }
    tar_gz(&facts.archive_stem(target), members, facts.commit.time)
        .map_err(|error| BuildError::Write(facts.archive_name(target).into(), error))
}

/// A gzipped tar of `members` below `folder`, every one with time `time`.
pub(crate) fn tar_gz(
    folder: &str,
    mut members: Vec<Member>,
    time: u64,
) -> std::io::Result<Vec<u8>> {
    members.sort_by(|a, b| a.path.cmp(&b.path));
    let mut tar = tar::Builder::new(Vec::new());
    for member in &members {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Regular);
        header.set_size(member.bytes.len() as u64);
        header.set_mode(member.mode());
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(time);
        let path = format!("{folder}/{}", member.path);
        tar.append_data(&mut header, path, member.bytes.as_slice())?;
    }
    gzip(&tar.into_inner()?)
}

/// `bytes` as a gzip stream that names no time and no file.
fn gzip(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut compressor = Compressor::new(CompressionLvl::best());
    let mut packed = vec![0; compressor.gzip_compress_bound(bytes.len())];
    let length = compressor
        .gzip_compress(bytes, &mut packed)
        .map_err(std::io::Error::other)?;
    packed.truncate(length);
    Ok(packed)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn member(path: &str, executable: bool) -> Member {
        Member {
            path: path.into(),
            bytes: path.as_bytes().to_vec(),
            executable,
        }
    }

    #[test]
    fn order_of_members_does_not_matter() {
        let one = tar_gz("x", vec![member("b", true), member("a/c", false)], 9).unwrap();
        let two = tar_gz("x", vec![member("a/c", false), member("b", true)], 9).unwrap();
        assert_eq!(one, two);
        let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(one.as_slice()));
        let seen: Vec<_> = tar
            .entries()
            .unwrap()
            .map(|entry| {
                let entry = entry.unwrap();
                let header = entry.header();
                let path = entry.path().unwrap().display().to_string();
                (path, header.mode().unwrap(), header.mtime().unwrap())
            })
            .collect();
        assert_eq!(seen, [("x/a/c".into(), 0o644, 9), ("x/b".into(), 0o755, 9)]);
    }
}
