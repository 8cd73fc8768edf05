# frozen_string_literal: true

# Loads a formula as Homebrew would on one kind of machine, without Homebrew.
#
#   ruby load.rb FORMULA OS CPU                      says what is in it, as JSON
#   ruby load.rb FORMULA OS CPU install DIR PREFIX   installs the unpacked archive
#   ruby load.rb FORMULA OS CPU test PREFIX SCRATCH  runs its `test do`
#
# OS is macos or linux, CPU is arm or intel. Only what our formulae use exists
# here: anything else is a NoMethodError, and so is seen. `brew audit` sees
# more; this needs nothing but Ruby.

require "English"
require "fileutils"
require "json"
require "pathname"

FILE, SYSTEM, PROCESSOR, COMMAND, *REST = ARGV

# A folder of the installation that files are put into.
class Folder
  def initialize(path)
    @path = Pathname(path)
  end

  def /(other)
    @path/other
  end

  def to_s
    @path.to_s
  end

  def install(*sources)
    raise "nothing to install into #{self}" if sources.flatten.empty?

    @path.mkpath
    sources.flatten.each do |source|
      pairs = source.is_a?(Hash) ? source.to_a : [[source, File.basename(source)]]
      pairs.each { |from, to| FileUtils.install from, @path/to, mode: File.stat(from).mode }
    end
  end
end

# What `livecheck do` can say.
class Livecheck
  attr_reader :said

  def initialize(&block)
    @said = {}
    instance_eval(&block)
  end

  [:url, :strategy, :skip].each do |field|
    define_method(field) { |value| @said[field] = value }
  end
end

# The part of Homebrew's class that our formulae use.
class Formula
  class << self
    attr_reader :said, :tested, :loaded

    def inherited(subclass)
      super
      @loaded = subclass
      subclass.instance_variable_set(:@said, { class: subclass.name, requirements: [] })
    end

    [:desc, :homepage, :url, :version, :sha256, :license].each do |field|
      define_method(field) { |value| @said[field] = value }
    end

    def depends_on(requirement)
      @said[:requirements] << requirement
    end

    def livecheck(&block)
      @said[:livecheck] = Livecheck.new(&block).said
    end

    def on_macos
      yield if SYSTEM == "macos"
    end

    def on_linux
      yield if SYSTEM == "linux"
    end

    def on_arm
      yield if PROCESSOR == "arm"
    end

    def on_intel
      yield if PROCESSOR == "intel"
    end

    def test(&block)
      @tested = block
    end
  end

  attr_reader :testpath

  def initialize(prefix, testpath = nil)
    @prefix = Pathname(prefix)
    @testpath = Pathname(testpath) if testpath
  end

  {
    bin:             "bin",
    man1:            "share/man/man1",
    bash_completion: "etc/bash_completion.d",
    zsh_completion:  "share/zsh/site-functions",
    fish_completion: "share/fish/vendor_completions.d",
  }.each do |name, place|
    define_method(name) { Folder.new(@prefix/place) }
  end

  # Stated, or read from the address of a GitHub release.
  def version
    said = self.class.said
    said[:version] || said[:url][%r{/releases/download/v([\d.]+)/}, 1] || raise("no version")
  end

  def run_test
    instance_eval(&self.class.tested)
  end

  def system(*words)
    Kernel.system(*words.map(&:to_s), exception: true)
  end

  def shell_output(command, status = 0)
    output = `#{command}`
    ended = $CHILD_STATUS.exitstatus
    raise "`#{command}` exited #{ended}" if ended != status

    output
  end

  def assert_match(expected, actual)
    pattern = expected.is_a?(Regexp) ? expected : Regexp.new(Regexp.escape(expected))
    raise "#{expected.inspect} is not in #{actual.inspect}" unless pattern.match?(actual)
  end

  def assert_equal(expected, actual)
    raise "#{actual.inspect} is not #{expected.inspect}" if expected != actual
  end
end

# `(testpath/"folder/file").write` makes the folder, as Homebrew's does.
module MakesFolder
  def write(*)
    dirname.mkpath
    super
  end
end
Pathname.prepend(MakesFolder)

load File.expand_path(FILE)
formula = Formula.loaded || raise("#{FILE} defines no formula")
case COMMAND
when nil
  puts JSON.generate(formula.said.merge(test: !formula.tested.nil?))
when "install"
  folder, prefix = REST
  prefix = File.expand_path(prefix)
  Dir.chdir(folder) { formula.new(prefix).install }
when "test"
  prefix, scratch = REST.map { |path| File.expand_path(path) }
  Dir.chdir(scratch) { formula.new(prefix, scratch).run_test }
else
  abort "unknown command #{COMMAND}"
end
