# Written by auditgraph-release from the digests of release 0.1.0.
class Auditgraph < Formula
  desc "Deterministic knowledge graph of your notes and docs, with citations"
  homepage "https://auditgraph.github.io/auditgraph"
  url "https://github.com/auditgraph/auditgraph/releases/download/v0.1.0/auditgraph-x86_64-unknown-linux-gnu.tar.gz"
  sha256 "4df80ff77dcb17a7cd4814966c88f2d202015ecabecd65959c75ddb468bd0806"
  license any_of: ["MIT", "Apache-2.0"]

  livecheck do
    url :stable
    strategy :github_latest
  end

  depends_on arch: :x86_64
  depends_on :linux

  def install
    bin.install "auditgraph"
    bash_completion.install "completions/auditgraph.bash" => "auditgraph"
    fish_completion.install "completions/auditgraph.fish"
    zsh_completion.install "completions/_auditgraph"
    man1.install Dir["man/*.1"]
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/auditgraph version")
    (testpath/"notes/a.md").write "# Alpha\n\nThe beacon is lit.\n"
    system bin/"auditgraph", "init"
    system bin/"auditgraph", "ingest"
    assert_match "a.md", shell_output("#{bin}/auditgraph query beacon")
  end
end
