//! Later releases of the product, which differ from the tree at hand in their
//! version and schema window, and are compiled without optimisation, in a
//! quarter of the time. The patch is made here; nothing in the product knows of
//! it.

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use super::products::{Shipped, later_product, product};

/// The release after this one, which writes another schema and reads what this
/// one wrote.
pub(crate) fn next_product() -> &'static Shipped {
    static NEXT: OnceLock<Shipped> = OnceLock::new();
    NEXT.get_or_init(|| {
        later_product("next", product(), |project| {
            patch(project, "100.1.0", |writes, reads_since| {
                [writes + 1, reads_since]
            });
        })
    })
}

/// The release after that, which reads nothing older than itself.
pub(crate) fn last_product() -> &'static Shipped {
    static LAST: OnceLock<Shipped> = OnceLock::new();
    LAST.get_or_init(|| {
        later_product("last", next_product(), |project| {
            patch(project, "100.2.0", |writes, _| [writes + 2, writes + 2]);
        })
    })
}

/// Changes version and schema window of `project`: the new window follows from
/// what it writes and since when it reads.
fn patch(project: &Path, number: &str, window: impl Fn(u64, u64) -> [u64; 2]) {
    let (name, own) = (product().name(), product().version());
    let [writes, since] = product().window();
    let [writes, since] = window(writes, since);
    let named = format!("name = \"{name}\"\n");
    let locked = |version: &str| format!("{named}version = \"{version}\"\n");
    change(project, "Cargo.lock", |text| {
        assert_eq!(text.matches(&locked(&own)).count(), 1);
        text.replace(&locked(&own), &locked(number))
    });
    set(
        project,
        "Cargo.toml",
        "version = ",
        &format!("\"{number}\""),
    );
    let profile = format!("[profile.release.package.{name}]");
    change(project, "Cargo.toml", |text| {
        let (before, own) = text.split_once(&profile).unwrap();
        let (options, after) = own.split_once("opt-level = 2").unwrap();
        assert!(!options.contains('['), "`opt-level` in {profile}");
        format!("{before}{profile}{options}opt-level = 0{after}")
    });
    set(
        project,
        "CHANGELOG.md",
        &format!("## {own}"),
        &format!("\n\n## {number}"),
    );
    let settings = "installers/release.toml";
    set(project, settings, "writes = ", &writes.to_string());
    set(project, settings, "reads_since = ", &since.to_string());
    for (constant, value) in [
        ("WRITES", writes),
        ("READS_SINCE", since),
        // An older reader reads none of it.
        ("READABLE_SINCE", writes),
    ] {
        let start = format!("pub const {constant}: u32 = ");
        set(project, "src/schema/mod.rs", &start, &format!("{value};"));
    }
}

/// Puts `value` behind `start` in the only line of `file` that starts so.
fn set(project: &Path, file: &str, start: &str, value: &str) {
    change(project, file, |text| {
        let starting = text.lines().filter(|line| line.starts_with(start));
        assert_eq!(starting.count(), 1, "`{start}` in {file}");
        let lines = text.lines().map(|line| match line.starts_with(start) {
            true => format!("{start}{value}\n"),
            false => format!("{line}\n"),
        });
        lines.collect()
    });
}

fn change(project: &Path, file: &str, change: impl FnOnce(&str) -> String) {
    let path = project.join(file);
    let text = fs::read_to_string(&path).unwrap();
    fs::write(path, change(&text)).unwrap();
}
