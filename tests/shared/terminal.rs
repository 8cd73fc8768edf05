//! A terminal for the program under test: what a person sees there, and what
//! they type.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::process::{Child, Command};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

/// A program that runs on a terminal of its own.
pub struct Session {
    child: Child,
    /// The person's side of the terminal.
    person: File,
    shown: String,
}

impl Session {
    /// Starts `command` on a new terminal.
    pub fn start(mut command: Command) -> Self {
        let person = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&person).unwrap();
        unlockpt(&person).unwrap();
        let name = ptsname(&person, Vec::new()).unwrap();
        let path = PathBuf::from(OsStr::from_bytes(name.as_bytes()));
        let open = || File::options().read(true).write(true).open(&path).unwrap();
        command.stdin(open()).stdout(open()).stderr(open());
        let child = loop {
            match command.spawn() {
                // A copy that another test's child, between fork and exec,
                // still has open for writing.
                Err(error) if error.kind() == ErrorKind::ExecutableFileBusy => {
                    std::thread::yield_now();
                }
                child => break child.unwrap(),
            }
        };
        // The command holds the program's side open: it would never end.
        drop(command);
        Self {
            child,
            person: person.into(),
            shown: String::new(),
        }
    }

    /// Waits until `text` is shown.
    pub fn expect(&mut self, text: &str) -> &mut Self {
        while !self.shown.contains(text) {
            assert!(self.read(), "ended without {text:?}: {}", self.shown);
        }
        self
    }

    /// Types `keys`; a line ends with `\n`.
    pub fn types(&mut self, keys: &str) -> &mut Self {
        self.person.write_all(keys.as_bytes()).unwrap();
        self
    }

    /// Waits for the program to end: its exit code, and all that was shown.
    pub fn end(mut self) -> (Option<i32>, String) {
        while self.read() {}
        (self.child.wait().unwrap().code(), self.shown)
    }

    /// False once nobody has the program's side open any more.
    fn read(&mut self) -> bool {
        let mut bytes = [0; 4096];
        // Linux then says EIO, others the end of the file.
        let count = self.person.read(&mut bytes).unwrap_or(0);
        self.shown
            .push_str(&String::from_utf8_lossy(&bytes[..count]));
        count > 0
    }
}
