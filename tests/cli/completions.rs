use crate::support::Sandbox;

#[test]
fn completions_know_every_command_in_every_shell() {
    let sandbox = Sandbox::empty();
    for shell in ["bash", "zsh", "fish"] {
        let outcome = sandbox.run(&["completions", shell]).done();
        for command in auditgraph::cli::command().get_subcommands() {
            assert!(
                outcome.stdout.contains(command.get_name()),
                "{shell}: {}",
                command.get_name()
            );
        }
        let document = sandbox
            .run(&["completions", shell, "--json"])
            .document("completions");
        assert_eq!(document["script"], outcome.stdout);
    }
}

#[test]
fn an_unknown_shell_is_a_usage_error() {
    Sandbox::empty()
        .run(&["completions", "tcsh"])
        .exits(2)
        .says("possible values: bash, zsh, fish");
}
