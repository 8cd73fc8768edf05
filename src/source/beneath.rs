//! Opening what lies below the workspace root, and nothing else.
//!
//! A workspace may be changed by somebody else while it is read: a folder
//! that was checked can be a symbolic link a moment later. So only the root is
//! opened by an absolute path. The kernel resolves each path below from the
//! root's own descriptor and refuses symbolic links on the way: `openat2` on
//! Linux, name by name with `O_NOFOLLOW` where that is missing.

use std::ffi::CString;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use crate::foundation::durable::is_exhausted;
use crate::graph::WorkspacePath;

/// An open workspace root.
#[derive(Debug)]
pub struct Root {
    path: PathBuf,
    folder: OwnedFd,
}

impl Root {
    /// Opens the folder at `path` (which itself may be a symbolic link).
    ///
    /// # Errors
    /// When there is no such folder or it cannot be read.
    pub fn open(path: &Path) -> io::Result<Self> {
        let path = path.canonicalize()?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = rustix::fs::open(&path, flags, Mode::empty())?;
        Ok(Self { path, folder })
    }

    /// The root's canonical path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Looks for names below the root.
    #[must_use]
    pub const fn look(&self) -> Look<'_> {
        Look {
            root: self,
            last: None,
        }
    }

    /// Opens the folder at `path` below the root (empty: the root itself).
    pub(super) fn folder(&self, path: &str) -> rustix::io::Result<OwnedFd> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY;
        if path.is_empty() {
            return rustix::fs::openat(&self.folder, ".", flags | OFlags::CLOEXEC, Mode::empty());
        }
        beneath(self.folder.as_fd(), path, flags)
    }

    /// Opens the file at `path` for reading. Never waits for a FIFO's writer.
    pub(super) fn file(&self, path: &str) -> rustix::io::Result<OwnedFd> {
        beneath(self.folder.as_fd(), path, OFlags::RDONLY | OFlags::NONBLOCK)
    }
}

/// See [`Root::look`]. Keeps the last folder open: paths in order cost one
/// look for each name and one for each folder.
pub struct Look<'r> {
    root: &'r Root,
    last: Option<(String, Option<OwnedFd>)>,
}

impl Look<'_> {
    /// Whether there is anything at `path`. A symbolic link counts as what it
    /// is, and none is followed on the way.
    ///
    /// # Errors
    /// [`CannotRead`] when the machine is out of what it takes to look.
    pub fn exists(&mut self, path: &WorkspacePath) -> Result<bool, CannotRead> {
        let (parent, name) = (path.parent(), path.file_name());
        let (_, folder) = match self.last.take() {
            Some(last) if last.0 == parent => self.last.insert(last),
            _ => {
                let folder = match self.root.folder(parent) {
                    Err(errno) if is_exhausted(&errno.into()) => {
                        return Err(CannotRead::new(self.root, parent, errno));
                    }
                    folder => folder.ok(),
                };
                self.last.insert((parent.to_owned(), folder))
            }
        };
        Ok(folder.as_ref().is_some_and(|folder| {
            rustix::fs::statat(folder, name, rustix::fs::AtFlags::SYMLINK_NOFOLLOW).is_ok()
        }))
    }
}

/// The workspace, or something in it, cannot be read, and not because of what it
/// is: nothing can be said of the sources.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {}: {source}", .path.display())]
pub struct CannotRead {
    /// The file or folder.
    pub path: PathBuf,
    /// Why.
    pub source: io::Error,
}

impl CannotRead {
    pub(super) fn new(root: &Root, path: &str, errno: Errno) -> Self {
        let path = match path {
            "" => root.path().to_owned(),
            path => root.path().join(path),
        };
        let source = errno.into();
        Self { path, source }
    }
}

fn beneath(root: BorrowedFd<'_>, path: &str, flags: OFlags) -> rustix::io::Result<OwnedFd> {
    let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NOCTTY;
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::ResolveFlags;
        let resolve =
            ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
        match rustix::fs::openat2(root, path, flags, Mode::empty(), resolve) {
            // Kernels before 5.6, and sandboxes that do not know the call.
            Err(Errno::NOSYS | Errno::PERM | Errno::INVAL) => {}
            result => return result,
        }
    }
    name_by_name(root, path, flags)
}

fn name_by_name(root: BorrowedFd<'_>, path: &str, flags: OFlags) -> rustix::io::Result<OwnedFd> {
    let through = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut folder: Option<OwnedFd> = None;
    let mut names = path.split('/').peekable();
    while let Some(name) = names.next() {
        let name = CString::new(name).map_err(|_| Errno::INVAL)?;
        let flags = if names.peek().is_some() {
            through
        } else {
            flags
        };
        let base = folder.as_ref().map_or(root, AsFd::as_fd);
        folder = Some(rustix::fs::openat(base, &name, flags, Mode::empty())?);
    }
    folder.ok_or(Errno::INVAL)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn no_symbolic_link_is_followed_on_the_way() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("root");
        fs::create_dir_all(root.join("a/b")).unwrap();
        fs::create_dir(dir.path().join("out")).unwrap();
        fs::write(root.join("a/b/c.md"), "in").unwrap();
        fs::write(dir.path().join("out/secret.md"), "out").unwrap();
        symlink("../out", root.join("link")).unwrap();
        symlink("a", root.join("inner")).unwrap();
        symlink("a/b/c.md", root.join("file.md")).unwrap();
        let open = Root::open(&root).unwrap();
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        for path in ["a/b/c.md", "a/b"] {
            assert!(
                open.file(path).is_ok() && name_by_name(open.folder.as_fd(), path, flags).is_ok()
            );
        }
        for path in [
            "link/secret.md",
            "inner/b/c.md",
            "file.md",
            "link",
            "a/b/c.md/x",
        ] {
            assert!(open.file(path).is_err(), "{path}");
            assert!(
                name_by_name(open.folder.as_fd(), path, flags).is_err(),
                "{path}"
            );
        }
        assert!(open.file("../out/secret.md").is_err());
        assert!(
            open.folder("").is_ok() && open.folder("a/b").is_ok() && open.folder("link").is_err()
        );
    }
}
