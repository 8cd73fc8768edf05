//! Archives: members, modes, licences, completions, man pages.

use std::io::{Read, copy, sink};

use super::{Checker, odd_path};
use crate::build::{completion_path, man_path};
use crate::facts::Target;
use crate::site::Artifact;

/// No archive may unpack to more than this.
pub(super) const LIMIT: u64 = 256 * 1024 * 1024;

/// A member as it stands in the archive.
pub(super) struct Found {
    pub(super) path: String,
    pub(super) mode: u32,
    pub(super) bytes: Vec<u8>,
}

impl Checker<'_> {
    /// Judges an archive and gives back its executable.
    pub(super) fn archive(
        &mut self,
        artifact: &Artifact,
        bytes: &[u8],
        target: &Target,
    ) -> Option<Vec<u8>> {
        let file = artifact.path.as_str();
        let expected = self.facts.archive_name(target);
        self.equal(
            file,
            "file name",
            Some(artifact.file_name()),
            &expected,
            "Cargo.toml",
        );
        let most = self.facts.release.archive.max_bytes;
        if bytes.len() as u64 > most {
            let problem = format!("{}, release.toml allows {most}", bytes.len());
            self.find(file, "bytes", problem);
        }
        let members = self.members(file, bytes, &self.facts.archive_stem(target));
        let binary = self.facts.package.binary.clone();
        let archive = &self.facts.release.archive;
        let mut wanted: Vec<String> = archive.include.clone();
        wanted.extend(archive.licenses.iter().cloned());
        let shells = self.facts.release.shells();
        let script = |shell: &String| completion_path(&binary, shell);
        let scripts: Vec<String> = shells.iter().map(script).collect();
        wanted.extend_from_slice(&scripts);
        if self.facts.release.binary.man.is_some() {
            wanted.push(man_path(&format!("{binary}.1")));
        }
        wanted.push(binary.clone());
        for path in &wanted {
            if !members.iter().any(|member| member.path == *path) {
                let what = if archive.licenses.contains(path) {
                    "licence missing"
                } else {
                    "missing"
                };
                self.find(file, path, what);
            }
        }
        for member in &members {
            self.member(file, member, &wanted, &scripts);
        }
        let found = members.into_iter().find(|member| member.path == binary)?;
        Some(found.bytes)
    }

    /// Judges a member of an archive: `wanted` are those it must have, `scripts`
    /// the completions among them.
    fn member(&mut self, file: &str, member: &Found, wanted: &[String], scripts: &[String]) {
        let (binary, release) = (&self.facts.package.binary, &self.facts.release);
        let page = release.binary.man.is_some() && member.path.starts_with(&man_path(""));
        if !page && !wanted.contains(&member.path) {
            self.find(file, &member.path, "is no part of a release");
        }
        // Nothing is executed here: what it would print now is not known.
        let text = || String::from_utf8_lossy(&member.bytes);
        if page && !text().lines().any(is_title) {
            self.find(file, &member.path, "is no man page: it has no title");
        }
        if scripts.contains(&member.path) && !text().contains(binary) {
            let problem = format!("does not complete {binary}");
            self.find(file, &member.path, problem);
        }
        let right = if member.path == *binary { 0o755 } else { 0o644 };
        if member.mode != right {
            let problem = format!("is {:o}, should be {right:o}", member.mode);
            self.find(file, &format!("mode of {}", member.path), problem);
        }
        if release.archive.include.contains(&member.path) {
            let own = std::fs::read(self.facts.root.join(&member.path));
            if own.ok().as_ref() != Some(&member.bytes) {
                self.find(file, &member.path, "differs from the project's own");
            }
        }
        if member.path == release.archive.changelog {
            self.changelog(&format!("{file}: {}", member.path), &text());
        }
    }

    /// Members of a `.tar.gz` below `folder`, each with an ordinary path.
    pub(super) fn members(&mut self, file: &str, bytes: &[u8], folder: &str) -> Vec<Found> {
        let mut members: Vec<Found> = Vec::new();
        let (entries, problem) = unpacked(bytes, LIMIT);
        for entry in entries {
            let Entry {
                path,
                kind,
                mode,
                bytes,
            } = entry;
            if let Some(odd) = odd_path(&path) {
                self.find(file, &format!("member `{}`", path.escape_debug()), odd);
                continue;
            }
            if !kind.is_file() {
                self.find(file, &format!("member `{path}`"), "not an ordinary file");
                continue;
            }
            let Some(inside) = path.strip_prefix(&format!("{folder}/")) else {
                self.find(
                    file,
                    &format!("member `{path}`"),
                    format!("not below {folder}/"),
                );
                continue;
            };
            if members.iter().any(|member| member.path == inside) {
                self.find(file, &format!("member `{path}`"), "twice");
            }
            members.push(Found {
                path: inside.to_owned(),
                mode: mode & 0o7777,
                bytes,
            });
        }
        if let Some(problem) = problem {
            self.find(file, "archive", problem);
        }
        members
    }
}

/// Whether `line` is the title of a man page, in either of the two languages.
fn is_title(line: &str) -> bool {
    line.starts_with(".TH ") || line.starts_with(".Dt ")
}

/// A header and what follows it, whatever they are.
struct Entry {
    path: String,
    kind: tar::EntryType,
    mode: u32,
    bytes: Vec<u8>,
}

/// What a `.tar.gz` holds, up to what cannot be read, which is told in words.
fn unpacked(bytes: &[u8], most: u64) -> (Vec<Entry>, Option<String>) {
    let mut found = Vec::new();
    let mut tar = tar::Archive::new(flate2::bufread::GzDecoder::new(bytes).take(most + 1));
    let read = read_entries(&mut tar, &mut found);
    let mut rest = tar.into_inner();
    // To the end, as a user's tar does: it fails for what is wrong there.
    let read = read.and_then(|()| copy(&mut rest, &mut sink()));
    // A reader that was cut off looks like an archive that was.
    let problem = if rest.limit() == 0 {
        Some(format!("it unpacks to more than {most} bytes"))
    } else if let Err(error) = read {
        Some(error.to_string())
    } else {
        let after = rest.into_inner().into_inner().len();
        (after > 0).then(|| format!("{after} bytes follow its end"))
    };
    (found, problem)
}

fn read_entries<R: Read>(tar: &mut tar::Archive<R>, found: &mut Vec<Entry>) -> std::io::Result<()> {
    for entry in tar.entries()? {
        let mut entry = entry?;
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let (kind, mode) = (entry.header().entry_type(), entry.header().mode()?);
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes)?;
        found.push(Entry {
            path,
            kind,
            mode,
            bytes,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_archive_that_unpacks_to_too_much_is_told_from_one_that_is_cut_off() {
        let gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        let mut tar = tar::Builder::new(gz);
        let mut header = tar::Header::new_gnu();
        header.set_size(4096);
        header.set_mode(0o644);
        tar.append_data(&mut header, "a/b", [7; 4096].as_slice())
            .unwrap();
        let archive = tar.into_inner().unwrap().finish().unwrap();

        let (entries, problem) = unpacked(&archive, LIMIT);
        assert_eq!((entries.len(), problem), (1, None));
        // In the middle of the file, and where it ends.
        for most in [2048, 512 + 4096 - 1] {
            let (_, problem) = unpacked(&archive, most);
            assert_eq!(
                problem.unwrap(),
                format!("it unpacks to more than {most} bytes")
            );
        }
        // Cut off in the middle, and in the digest at its end.
        for left in [archive.len() / 2, archive.len() - 1] {
            let (_, problem) = unpacked(&archive[..left], LIMIT);
            assert!(!problem.unwrap().contains("more than"));
        }
        let (_, problem) = unpacked(&[&archive, b"more".as_slice()].concat(), LIMIT);
        assert_eq!(problem.unwrap(), "4 bytes follow its end");
    }
}
