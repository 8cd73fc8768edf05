//! Tells the program for which target it is compiled and which targets are
//! supported. Reads nothing that differs between two builds of one commit.

use std::fs;
use std::process::ExitCode;

/// The only list of supported targets.
const SHIPPED: &str = "dist-workspace.toml";

fn main() -> ExitCode {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={SHIPPED}");
    let target = std::env::var("TARGET").unwrap_or_default();
    println!("cargo::rustc-env=AUDITGRAPH_TARGET={target}");
    let targets = fs::read_to_string(SHIPPED)
        .ok()
        .and_then(|text| targets(&text));
    let Some(targets) = targets else {
        println!("cargo::error={SHIPPED} has no line `targets = [\"…\"]`");
        return ExitCode::FAILURE;
    };
    println!("cargo::rustc-env=AUDITGRAPH_SUPPORTED_TARGETS={targets}");
    ExitCode::SUCCESS
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
