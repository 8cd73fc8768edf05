//! The formula as text; Homebrew's view of it is in `load.rb`.

#![allow(clippy::unwrap_used)]

use super::*;

const RELEASE: &str = "https://github.com/example/tiny/releases/download/v1.2.3";

fn targets() -> Vec<Target> {
    [
        "x86_64-unknown-linux-gnu",
        "x86_64-apple-darwin",
        "aarch64-apple-darwin",
    ]
    .iter()
    .map(|triple| Target::new(triple, None, None))
    .collect()
}

fn downloads<'a>(targets: &'a [Target], base: &str) -> Vec<Download<'a>> {
    targets
        .iter()
        .map(|target| Download {
            target,
            url: format!("{base}/tiny-{}.tar.gz", target.triple),
            sha256: "00ff",
        })
        .collect()
}

fn rendered(downloads: &[Download<'_>], version: &str) -> String {
    let completions = [
        ("bash".to_owned(), "completions/tiny.bash".to_owned()),
        ("zsh".to_owned(), "completions/_tiny".to_owned()),
    ];
    render(&Formula {
        name: "tiny",
        version,
        description: "Small program that says hello",
        homepage: "https://example.org/tiny",
        license: "MIT OR Apache-2.0",
        downloads,
        binary: "tiny",
        completions: &completions,
        man: Some("man"),
        test: "assert_match \"hello\", shell_output(\"#{bin}/tiny\")\n",
    })
    .unwrap()
}

#[test]
fn a_formula_for_all_platforms_chooses_by_system_and_processor() {
    let targets = targets();
    let text = rendered(&downloads(&targets, RELEASE), "1.2.3");
    let expected = r##"# Written by auditgraph-release from the digests of release 1.2.3.
class Tiny < Formula
  desc "Small program that says hello"
  homepage "https://example.org/tiny"
  license any_of: ["MIT", "Apache-2.0"]

  livecheck do
    url :stable
    strategy :github_latest
  end

  on_macos do
    on_arm do
      url "https://github.com/example/tiny/releases/download/v1.2.3/tiny-aarch64-apple-darwin.tar.gz"
      sha256 "00ff"
    end

    on_intel do
      url "https://github.com/example/tiny/releases/download/v1.2.3/tiny-x86_64-apple-darwin.tar.gz"
      sha256 "00ff"
    end
  end

  on_linux do
    depends_on arch: :x86_64

    # No build for this processor: the requirement above refuses it, and
    # without any `url` Homebrew could not say so.
    on_arm do
      url "https://github.com/example/tiny/releases/download/v1.2.3/tiny-x86_64-unknown-linux-gnu.tar.gz"
      sha256 "00ff"
    end

    on_intel do
      url "https://github.com/example/tiny/releases/download/v1.2.3/tiny-x86_64-unknown-linux-gnu.tar.gz"
      sha256 "00ff"
    end
  end

  def install
    bin.install "tiny"
    bash_completion.install "completions/tiny.bash" => "tiny"
    zsh_completion.install "completions/_tiny"
    man1.install Dir["man/*.1"]
  end

  test do
    assert_match "hello", shell_output("#{bin}/tiny")
  end
end
"##;
    assert_eq!(text, expected);
}

#[test]
fn a_partial_formula_says_what_machine_it_is_for() {
    let targets = targets();
    let text = rendered(&downloads(&targets[..1], RELEASE), "1.2.3");
    assert!(text.contains("  url \"https://github.com/"), "{text}");
    assert!(
        text.contains("  depends_on arch: :x86_64\n  depends_on :linux\n"),
        "{text}"
    );
    assert!(!text.contains("on_linux"), "{text}");
    let text = rendered(&downloads(&targets[1..], RELEASE), "1.2.3");
    assert!(
        text.contains("  depends_on :macos\n\n  on_macos do"),
        "{text}"
    );
}

#[test]
fn the_version_is_stated_only_where_homebrew_cannot_read_it() {
    let targets = targets();
    let stated = |base: &str, version: &str| {
        rendered(&downloads(&targets, base), version).contains("  version \"")
    };
    assert!(!stated(RELEASE, "1.2.3"));
    assert!(stated("https://files.example.org/v1.2.3", "1.2.3"));
    let candidate = "https://github.com/example/tiny/releases/download/v1.2.3-rc.1";
    assert!(stated(candidate, "1.2.3-rc.1"));
}

#[test]
fn what_no_formula_can_say_is_refused() {
    let odd = [Target::new("riscv64gc-unknown-linux-gnu", None, None)];
    let archives = downloads(&odd, RELEASE);
    let formula = Formula {
        name: "tiny",
        version: "1.2.3",
        description: "Small program",
        homepage: "https://example.org",
        license: "MIT",
        downloads: &archives,
        binary: "tiny",
        completions: &[],
        man: Some("man"),
        test: "true",
    };
    assert_eq!(
        render(&formula),
        Err(HomebrewError::Platform(
            "riscv64gc-unknown-linux-gnu".into()
        ))
    );
    let none = Formula {
        downloads: &[],
        ..formula
    };
    assert_eq!(render(&none), Err(HomebrewError::Nothing));
}
