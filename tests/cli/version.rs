use crate::support::Sandbox;

#[test]
fn version_says_what_installers_and_package_tests_ask() {
    let sandbox = Sandbox::empty();
    let version = env!("CARGO_PKG_VERSION");
    let outcome = sandbox.run(&["version"]).done();
    assert_eq!(
        outcome.stdout.lines().next(),
        Some(format!("auditgraph {version}").as_str())
    );
    assert_eq!(outcome.stderr, "");
    // The parser's own flag agrees.
    let flag = sandbox.run(&["--version"]).done();
    assert_eq!(flag.stdout, format!("auditgraph {version}\n"));
}

#[test]
fn version_document_names_target_schema_and_installation() {
    let sandbox = Sandbox::empty();
    let document = sandbox
        .run(&["version", "--json"])
        .done()
        .document("version");
    assert_eq!(document["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(document["schema"]["writes"], auditgraph::schema::WRITES);
    assert_eq!(document["install"]["kind"], "unknown");
    let path = document["install"]["path"].as_str().unwrap();
    assert!(path.ends_with("auditgraph"), "{path}");
}

/// The build script reads the list of targets without a TOML parser.
#[test]
fn supported_targets_are_those_that_are_shipped() {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/dist-workspace.toml"));
    let shipped: toml::Table = text.unwrap().parse().unwrap();
    let shipped: Vec<&str> = shipped["dist"]["targets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|target| target.as_str().unwrap())
        .collect();
    let document = Sandbox::empty()
        .run(&["version", "--json"])
        .document("version");
    let told: Vec<&str> = document["supported_targets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|target| target.as_str().unwrap())
        .collect();
    assert_eq!(told, shipped);
}
