//! Walks the folder named first and adds up what `stat` says of its files, as
//! `du --apparent-size` would. The folder of artifacts is left out.

use std::path::PathBuf;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let mut pending: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    let mut bytes = 0;
    while let Some(folder) = pending.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_name() == ".pkg" {
                continue;
            }
            let metadata = entry.metadata()?;
            if metadata.is_dir() {
                pending.push(entry.path());
            } else {
                bytes += metadata.len();
            }
        }
    }
    println!("{bytes}");
    Ok(())
}
