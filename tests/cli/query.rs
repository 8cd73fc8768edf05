use crate::support::{NOTES, Outcome, Sandbox};

#[test]
fn a_hit_shows_where_it_stands_and_what_matched() {
    let sandbox = Sandbox::ingested();
    let outcome = sandbox.run(&["query", "lantern"]).done();
    assert_eq!(outcome.stderr, "");
    let outcome = outcome
        .shows("log.md:8  Log › Day one  (")
        .shows("**lantern**");
    assert_eq!(outcome.stdout.lines().count(), 2);
    let document = sandbox
        .run(&["query", "lantern", "--json"])
        .done()
        .document("query");
    let hit = &document["hits"][0];
    assert_eq!(hit["path"], "log.md");
    assert_eq!(hit["line"], 8);
    assert_eq!(hit["trail"], serde_json::json!(["Log", "Day one"]));
    assert_eq!(hit["changed"], false);
    let text = hit["snippet"]["text"].as_str().unwrap();
    let range = &hit["snippet"]["matches"][0];
    let range = range[0].as_u64().unwrap() as usize..range[1].as_u64().unwrap() as usize;
    assert_eq!(&text[range], "lantern");
}

#[test]
fn words_phrases_prefixes_and_booleans_select() {
    let sandbox = Sandbox::ingested();
    let paths = |arguments: &[&str]| {
        let mut all = vec!["query", "--json"];
        all.extend(arguments);
        let document = sandbox.run(&all).done().document("query");
        let mut paths: Vec<String> = document["hits"]
            .as_array()
            .unwrap()
            .iter()
            .map(|hit| hit["path"].as_str().unwrap().to_owned())
            .collect();
        paths.sort();
        paths
    };
    assert_eq!(paths(&["beacon"]), ["deep/er.txt", "plan.md"]);
    assert_eq!(paths(&["\"beacon is\""]), ["plan.md"]);
    assert_eq!(paths(&["lant*"]), ["log.md"]);
    assert_eq!(paths(&["beacon NOT dawn"]), ["deep/er.txt"]);
    assert_eq!(paths(&["lantern OR markup"]), ["deep/er.txt", "log.md"]);
    assert_eq!(paths(&["beacon", "--path", "deep"]), ["deep/er.txt"]);
    assert_eq!(paths(&["beacon", "--tag", "release"]), ["plan.md"]);
    assert_eq!(paths(&["beacon", "-n", "1"]).len(), 1);
    assert_eq!(paths(&["--", "beacon", "dawn"]), ["plan.md"]);
}

#[test]
fn a_tag_that_looks_equal_is_meant() {
    let sandbox = Sandbox::with(&[
        ("a.md", "coffee #caf\u{e9}\n"),
        ("b.md", "tea #cafe\u{301}\n"),
    ]);
    sandbox.run(&["ingest"]).done();
    for tag in ["caf\u{e9}", "#Cafe\u{301}"] {
        let scoped = ["query", "coffee OR tea", "--tag", tag];
        sandbox.run(&scoped).done().shows("a.md:1").shows("b.md:1");
        let listed = ["list", "--where", &format!("tag={tag}")];
        sandbox
            .run(&listed)
            .done()
            .shows("document:a.md")
            .shows("document:b.md");
    }
}

#[test]
fn a_note_without_text_is_found_by_its_title_and_its_name() {
    let sandbox = Sandbox::with(&[
        ("quetzal.md", ""),
        ("plan.md", "---\ntitle: Lighthouse\ntags: [coast]\n---\n"),
    ]);
    sandbox.run(&["ingest"]).done();
    for (word, place) in [
        ("quetzal", "quetzal.md:1"),
        ("lighthouse", "plan.md:2"),
        ("coast", "plan.md:3"),
    ] {
        sandbox.run(&["query", word]).done().shows(place);
        sandbox.run(&["show", place]).done();
    }
    // Written, it is found by what it says.
    sandbox.write("quetzal.md", "A bird.\n");
    sandbox.run(&["ingest"]).done();
    sandbox.run(&["query", "bird"]).done().shows("quetzal.md:1");
    sandbox.run(&["verify"]).done();
}

#[test]
fn a_query_that_is_none_is_refused_with_its_place() {
    let sandbox = Sandbox::ingested();
    sandbox
        .run(&["query", "beacon AND"])
        .exits(2)
        .says("at character ")
        .says("next: ");
    let document = sandbox
        .run(&["query", "(beacon", "--json"])
        .exits(2)
        .document("error");
    assert_eq!(document["error"]["kind"], "usage");
    assert!(document["error"]["details"]["column"].is_u64());
    sandbox
        .run(&["query", "beacon", "--type", "person"])
        .exits(2)
        .says("possible values: document, section, chunk");
    sandbox
        .run(&["list", "--type", "documents"])
        .exits(2)
        .says("a similar value exists: 'document'");
}

#[test]
fn a_scope_without_documents_is_told() {
    let sandbox = Sandbox::ingested();
    sandbox
        .run(&["query", "beacon", "--path", "nowhere", "--tag", "nobody"])
        .done()
        .says("no hits")
        .says("no document has path nowhere")
        .says("no document has tag nobody: auditgraph list --type tag")
        .says("shows all");
}

#[test]
fn what_keeps_a_query_from_hits_is_told() {
    let sandbox = Sandbox::with(&[("a.md", "# Soil\n\nRakes.\n\n# Trees\n\nPears, rarely.\n")]);
    sandbox.run(&["ingest"]).done();
    let together = "each is there, but no place has all: with OR between them, any will do";
    let zebra = "nothing searched has `zebra`";
    let rake = "no word searched is `rake`; `rake*` finds those that begin with it";
    let cases: &[(&str, &[&str], &[&str])] = &[
        ("rakes pears", &[], &[together]),
        ("rake pears", &[], &[rake]),
        ("zebra zebra rake", &[], &[zebra, rake]),
        ("\"pears rarely\" rakes NOT soil", &[], &[together]),
        ("\"pears rar\"", &[], &["nothing searched has `pears rar`"]),
        ("pears NOT rarely", &[], &[]),
        ("pears rarely NOT trees", &[], &[]),
        ("pears rarely (zebra OR rakes)", &[], &[]),
        ("zebra OR \"rakes pears\"", &[], &[]),
        (
            "rakes",
            &["--type", "tag"],
            &["nothing searched has `rakes`"],
        ),
    ];
    for (query, options, reasons) in cases {
        let outcome = sandbox.run(&[&["query", query], *options].concat()).done();
        let notes: String = reasons.iter().map(|it| format!("note: {it}\n")).collect();
        assert_eq!(outcome.stderr, format!("note: no hits\n{notes}"), "{query}");
    }
}

#[test]
fn a_source_that_was_deleted_since_the_run_is_told() {
    let sandbox = Sandbox::ingested();
    std::fs::remove_file(sandbox.root().join("plan.md")).unwrap();
    for arguments in [&["query", "dawn"][..], &["show", "plan.md:3"]] {
        let outcome = sandbox.run(arguments).done();
        outcome.shows("deleted since this run").shows("dawn");
    }
    let document = sandbox.run(&["query", "dawn", "--json"]).done();
    let hit = document.document("query")["hits"][0].clone();
    assert_eq!(
        (&hit["changed"], &hit["gone"]),
        (&true.into(), &true.into())
    );
    let shown = sandbox.run(&["show", "plan.md", "--json"]).done();
    assert_eq!(shown.document("show")["gone"], true);
    // What is there now is no source.
    std::fs::create_dir(sandbox.root().join("plan.md")).unwrap();
    let shown = sandbox.run(&["show", "plan.md", "--json"]).done();
    assert_eq!(shown.document("show")["gone"], true);
}

#[test]
fn nodes_of_several_kinds_at_one_place_are_told_apart() {
    let sandbox = Sandbox::ingested();
    let query = ["query", "dawn", "--type", "section,document"];
    let outcome = sandbox.run(&query).done();
    outcome
        .shows("plan.md:3  document  Plan  (")
        .shows("plan.md:3  section  Plan  (");
    let one = sandbox.run(&query[..2]).done();
    one.shows("plan.md:3  Plan  (");
}

#[test]
fn a_source_that_changed_since_the_run_is_marked() {
    let sandbox = Sandbox::ingested();
    sandbox.write("plan.md", "# Plan\n\nThe beacon is out.\n");
    sandbox
        .run(&["query", "beacon", "--path", "plan.md"])
        .done()
        .shows("[changed since this run]");
    sandbox.run(&["query", "beacon", "--path", "deep"]).done();
    let document = sandbox
        .run(&["query", "beacon", "--json"])
        .done()
        .document("query");
    for hit in document["hits"].as_array().unwrap() {
        assert_eq!(hit["changed"], hit["path"] == "plan.md");
        assert_eq!(hit["gone"], false);
    }
}

#[test]
fn a_terminal_sees_colours_and_no_escape_of_a_note() {
    let sandbox = Sandbox::with(&[(
        "x.md",
        "# Bell \u{1b}[2J\n\nbell \u{1b}]0;owned\u{7} rings\n",
    )]);
    sandbox.run(&["ingest"]).done();
    let plain = sandbox.run(&["query", "rings"]).done();
    assert!(!plain.stdout.contains('\u{1b}'), "{:?}", plain.stdout);
    let mut command = sandbox.command(&["query", "rings", "--color", "always"]);
    let coloured = Outcome::of(&mut command).done();
    assert!(coloured.stdout.contains("\u{1b}[1;31mrings\u{1b}[0m"));
    assert!(!coloured.stdout.contains("\u{1b}]"));
    assert!(!coloured.stdout.contains("\u{1b}[2J"));
}

#[test]
fn a_name_is_cited_where_it_is_used_first_in_what_was_searched() {
    let sandbox = Sandbox::with(NOTES);
    sandbox.write(
        "later.md",
        "# Later\n\nThe `lantern` again, in a #release.\n",
    );
    sandbox.run(&["ingest"]).done();
    // An edit gives its document's rows new places in the index.
    sandbox.write("log.md", "---\ntags: [journal]\n---\n# Log\n\n## Day one\n\nNew.\n\nWe built a `lantern` from brass.\n");
    sandbox.run(&["ingest"]).done();
    for (arguments, place, snippet) in [
        (
            &["lantern", "--type", "term"][..],
            "later.md:3",
            "The **`lantern`** again, in a #release.",
        ),
        (
            &["lantern", "--type", "term", "--path", "log.md"],
            "log.md:10",
            "We built a **`lantern`** from brass.",
        ),
        (
            &["release", "--type", "tag"],
            "later.md:3",
            "The `lantern` again, in a **#release**.",
        ),
        (
            &["release", "--type", "tag", "--path", "plan.md"],
            "plan.md:3",
            "The beacon is lit at dawn. **#release**",
        ),
        (
            &["journal", "--type", "tag"],
            "log.md:2",
            "tags: [**journal**]",
        ),
        (
            &["missing", "--type", "unresolved"],
            "plan.md:7",
            "See [the log](log.md#day-one) and **[nothing](missing.md)**.",
        ),
    ] {
        let arguments = [&["query"], arguments].concat();
        let outcome = sandbox.run(&arguments).done();
        let mut lines = outcome.stdout.lines();
        let cited = lines.next().unwrap();
        assert!(cited.starts_with(&format!("{place}  ")), "{cited}");
        assert_eq!(lines.next().unwrap().trim(), snippet);
    }
    // What was recorded is shown, whatever became of the source.
    sandbox.write("log.md", "gone\n");
    sandbox
        .run(&["query", "journal", "--type", "tag"])
        .done()
        .shows(
            "log.md:2  tag:journal  (1.00)  [changed since this run]\n    tags: [**journal**]\n",
        );
    let document = sandbox
        .run(&["query", "journal", "--type", "tag", "--json"])
        .done()
        .document("query");
    assert_eq!(document["hits"][0]["line"], 2);
    assert_eq!(document["hits"][0]["changed"], true);
}
