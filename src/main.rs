//! The `auditgraph` command: everything is in [`auditgraph::cli`].

fn main() -> std::process::ExitCode {
    auditgraph::cli::main()
}
