//! Tells the program for which target it is compiled, which targets are
//! supported, and whose signature its updates need. Reads nothing that
//! differs between two builds of one commit with the same inputs.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

/// The only list of supported targets.
const SHIPPED: &str = "dist-workspace.toml";

fn main() -> ExitCode {
    println!("cargo::rerun-if-changed=build.rs");
    match supported_targets().and_then(|()| trusted_root()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            println!("cargo::error={reason}");
            ExitCode::FAILURE
        }
    }
}

fn supported_targets() -> Result<(), String> {
    println!("cargo::rerun-if-changed={SHIPPED}");
    let target = std::env::var("TARGET").unwrap_or_default();
    println!("cargo::rustc-env=AUDITGRAPH_TARGET={target}");
    let targets = fs::read_to_string(SHIPPED)
        .ok()
        .and_then(|text| targets(&text))
        .ok_or_else(|| format!("{SHIPPED} has no line `targets = [\"…\"]`"))?;
    println!("cargo::rustc-env=AUDITGRAPH_SUPPORTED_TARGETS={targets}");
    Ok(())
}

/// The strings of `targets = ["…", "…"]`, separated by spaces. A TOML parser
/// would have to be compiled twice for this one list of plain names; a test
/// compares the result with what a real parser reads.
fn targets(text: &str) -> Option<String> {
    let (_, list) = text.split_once("\ntargets = [")?;
    let (list, _) = list.split_once(']')?;
    let names: Vec<&str> = list.split('"').skip(1).step_by(2).collect();
    Some(names.join(" "))
}

/// `AUDITGRAPH_ROOT` names the `root.json` whose keys may sign releases of
/// this program. Without it the program has no self-update.
fn trusted_root() -> Result<(), String> {
    println!("cargo::rustc-check-cfg=cfg(trusted_root)");
    println!("cargo::rerun-if-env-changed=AUDITGRAPH_ROOT");
    let Some(path) = std::env::var_os("AUDITGRAPH_ROOT").filter(|path| !path.is_empty()) else {
        return Ok(());
    };
    let path = Path::new(&path);
    println!("cargo::rerun-if-changed={}", path.display());
    let bad = |reason: &str| format!("AUDITGRAPH_ROOT={}: {reason}", path.display());
    let root = fs::read(path).map_err(|error| bad(&error.to_string()))?;
    let text = String::from_utf8_lossy(&root).replace(char::is_whitespace, "");
    if !text.contains("\"_type\":\"root\"") {
        return Err(bad("not the root metadata of an update repository"));
    }
    let out = std::env::var_os("OUT_DIR").unwrap_or_default();
    fs::write(Path::new(&out).join("root.json"), root)
        .map_err(|error| bad(&format!("cannot be copied: {error}")))?;
    println!("cargo::rustc-cfg=trusted_root");
    Ok(())
}
