//! What of a Markdown text stands in which chunk.

use super::*;

#[test]
fn front_matter_is_no_chunk_and_only_at_the_start() {
    let document = markdown("---\ntitle: x\n---\nbody\n");
    assert_eq!(document.chunks.len(), 1);
    assert_eq!(
        (
            document.chunks[0].text.as_str(),
            document.chunks[0].span.line
        ),
        ("body", 4)
    );
    for text in [
        "---\n\nA sentence.\n\n---\n",
        "x\n\n---\ntags: [a]\n---\n",
        "---\ntitle: open\n",
        "+++\nnot toml\n+++\n",
    ] {
        let document = markdown(text);
        assert!(document.tags.is_empty(), "{text}");
        assert!(!document.chunks.is_empty(), "{text}");
    }
}

#[test]
fn a_text_without_a_block_is_one_chunk() {
    let chunk = |text| {
        let mut document = markdown(text);
        assert_eq!(document.chunks.len(), 1, "{text:?}");
        let chunk = document.chunks.remove(0);
        (chunk.text, chunk.span.line, chunk.span.end_line)
    };
    let alone = "---\ntitle: Plan\n---";
    assert_eq!(chunk(alone), (alone.to_owned(), 1, 3));
    assert_eq!(
        chunk("---\ntitle: x\n---\n\n***\n").0,
        "---\ntitle: x\n---\n\n***"
    );
    assert_eq!(chunk(""), (String::new(), 1, 1));
    assert_eq!(chunk("\n \n"), (String::new(), 1, 1));
}

#[test]
fn a_byte_order_mark_hides_nothing() {
    let document = markdown("\u{feff}---\ntitle: T\n---\n# H\n");
    assert_eq!(document.title.as_deref(), Some("T"));
    assert_eq!(
        (
            document.sections[0].heading.start,
            document.sections[0].heading.line
        ),
        (20, 4)
    );
    assert_eq!(markdown("\u{feff}# H\n").sections[0].heading.start, 3);
}

#[test]
fn blocks_are_joined_while_short_and_split_while_long() {
    let paragraph = "word ".repeat(60);
    let text = format!("# A\n\n{}", format!("{paragraph}\n\n").repeat(24));
    let document = markdown(&text);
    assert_eq!(document.chunks.len(), 3);
    assert!(
        document
            .chunks
            .iter()
            .all(|chunk| chunk.text.len() <= 3_600)
    );

    let whole = format!("```\n{}```\n", "line of code\n".repeat(300));
    assert_eq!(
        markdown(&whole).chunks.len(),
        1,
        "up to 4 KiB a block stays whole"
    );

    let long = format!("```\n{}```\n", "line of code\n".repeat(1_500));
    let document = markdown(&long);
    assert!(document.chunks.len() > 4);
    assert!(
        document
            .chunks
            .iter()
            .all(|chunk| chunk.text.len() <= 3_600)
    );
    assert!(
        document.chunks[1].text.starts_with("line") && document.chunks[1].text.ends_with("code")
    );

    let one_line = "é".repeat(10_000);
    let document = markdown(&one_line);
    assert!(
        document
            .chunks
            .iter()
            .all(|chunk| chunk.text.len() <= 4_096)
    );
    assert_eq!(
        document
            .chunks
            .iter()
            .map(|chunk| chunk.text.len())
            .sum::<usize>(),
        20_000
    );

    let list = "- an item of some length, say fifty bytes or so, ok\n".repeat(100);
    let document = markdown(&list);
    assert!(
        document
            .chunks
            .iter()
            .all(|chunk| chunk.text.starts_with("- "))
    );
}

#[test]
fn extraction_keeps_windows_line_ends_apart() {
    let text = "# A\r\n\r\nb `c`\r\n\r\n## D\r\n";
    let document = markdown(text);
    assert_eq!(document.sections[0].title, "A");
    assert_eq!(document.sections[1].heading.line, 5);
    assert_eq!(document.chunks[0].text, "# A\r\n\r\nb `c`");
    let text = "---\r\ntitle: x\r\ntags:\r\n- a\r\n---\r\nb\r\n";
    assert_eq!(markdown(text).title.as_deref(), Some("x"));
    assert_eq!(tags(text), ["a"]);
}

#[test]
fn definitions_of_links_are_text_of_the_section_they_stand_in() {
    let chunks = |text: &str| -> Vec<(Option<u32>, String)> {
        let chunks = markdown(text).chunks.into_iter();
        chunks.map(|chunk| (chunk.section, chunk.text)).collect()
    };
    let define = "[q]: https://x.example \"Quagga\"";
    let ends = chunks(&format!(
        "# One\n\ntext [q]\n\n{define}\n\n# Two\n\nmore\n\n{define}\n"
    ));
    assert_eq!(ends.len(), 2);
    assert_eq!(ends[0], (Some(0), format!("# One\n\ntext [q]\n\n{define}")));
    assert_eq!(ends[1], (Some(1), format!("# Two\n\nmore\n\n{define}")));
    assert_eq!(chunks(&format!("{define}\n")), [(None, define.to_owned())]);
    let marks = "***\n\n---";
    assert_eq!(chunks(marks), [(None, marks.to_owned())]);
    assert_eq!(chunks("text\n\n---\n"), [(None, "text".to_owned())]);
}
