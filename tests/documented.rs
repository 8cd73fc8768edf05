//! Every command that README and `docs/using.md` show outside of installing is
//! run, in order, in a workspace of this repository's own docs.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;
use std::process::Command;

/// The lines of the shell blocks of `page` that call the program.
fn commands(page: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
    let text = fs::read_to_string(path).unwrap();
    let blocks = text.split("```sh\n").skip(1);
    let lines = blocks.flat_map(|block| block.split("```").next().unwrap().lines());
    let ours = lines.filter(|line| line.starts_with("auditgraph "));
    ours.map(str::to_owned).collect()
}

#[test]
fn the_documented_commands_run() {
    let folder = tempfile::tempdir().unwrap();
    let notes = folder.path().join("notes");
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    fs::create_dir_all(notes.join("docs")).unwrap();
    fs::copy(repository.join("README.md"), notes.join("README.md")).unwrap();
    for entry in fs::read_dir(repository.join("docs")).unwrap() {
        let entry = entry.unwrap();
        if entry
            .path()
            .extension()
            .is_some_and(|extension| extension == "md")
        {
            fs::copy(entry.path(), notes.join("docs").join(entry.file_name())).unwrap();
        }
    }
    let binary = Path::new(env!("CARGO_BIN_EXE_auditgraph"));
    for page in ["README.md", "docs/using.md"] {
        let commands = commands(page);
        assert!(commands.len() >= 3, "{page}: {commands:?}");
        // `init` wants a folder that is no workspace yet.
        let _ = fs::remove_file(notes.join("auditgraph.toml"));
        for line in commands {
            let output = Command::new("sh")
                .args(["-c", &line])
                .current_dir(&notes)
                .env_clear()
                .env("HOME", folder.path())
                .env(
                    "PATH",
                    format!("{}:/usr/bin:/bin", binary.parent().unwrap().display()),
                )
                .output()
                .unwrap();
            assert!(output.status.success(), "{page}: {line}: {output:?}");
        }
    }
}
