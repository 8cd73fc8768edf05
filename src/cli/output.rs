//! The one way out: results to standard output, as text or as one JSON
//! document; everything else to standard error.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, IsTerminal, Write};

use clap::ColorChoice;
use serde::Serialize;

use super::error::{Failure, Part};
use super::style::{Paint, Painted, Style, clean};
use crate::foundation::terminal::VisibleJson;
pub(crate) use crate::foundation::text::lossy;

/// The version of every JSON document this program prints.
pub(crate) const FORMAT: u32 = 1;

/// A result: serialised for programs, written out for people.
pub(crate) trait Report: Serialize {
    /// Writes the text for people.
    fn human(&self, page: &mut Page<'_>) -> io::Result<()>;
}

/// Where text for people goes.
pub(crate) struct Page<'a> {
    out: &'a mut dyn Write,
    paint: Paint,
}

impl Page<'_> {
    /// `text`, cleaned, in `style`.
    pub(crate) fn paint(&self, style: Style, text: impl std::fmt::Display) -> Painted {
        self.paint.paint(style, text)
    }

    /// `text`, cleaned, as it is.
    pub(crate) fn plain(&self, text: impl std::fmt::Display) -> Painted {
        Paint { colour: false }.paint(Style::Strong, text)
    }

    /// Whether colours are shown.
    pub(crate) fn colour(&self) -> bool {
        self.paint.colour
    }

    /// Writes one line. What comes from a file must have gone through
    /// [`Page::paint`] or [`clean`].
    pub(crate) fn line(&mut self, line: impl std::fmt::Display) -> io::Result<()> {
        writeln!(self.out, "{line}")
    }
}

/// How this process talks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    json: bool,
    quiet: bool,
    stdout: Paint,
    stderr: Paint,
}

impl Output {
    /// From what was asked for and what the streams are.
    pub(crate) fn new(json: bool, quiet: bool, color: ColorChoice) -> Self {
        Self {
            json,
            quiet,
            stdout: Paint::new(color, &io::stdout()),
            stderr: Paint::new(color, &io::stderr()),
        }
    }

    /// Whether one JSON document is wanted.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// Whether text for people on standard output comes in colours.
    pub(crate) fn paints(&self) -> bool {
        self.stdout.colour && !self.json
    }

    /// Whether long work may draw on standard error.
    pub(crate) fn draws_progress(&self) -> bool {
        !self.quiet && io::stderr().is_terminal()
    }

    /// Prints the result of a command that has changed something.
    ///
    /// # Errors
    /// When standard output cannot be written; the failure says that `stands`.
    pub(crate) fn report_change(
        &self,
        report: &impl Report,
        stands: impl std::fmt::Display,
    ) -> Result<(), Failure> {
        self.report(report).map_err(|failure| failure.why(stands))
    }

    /// Prints a result.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub(crate) fn report(&self, report: &impl Report) -> Result<(), Failure> {
        if self.json {
            return self.document(report);
        }
        self.write(|out| {
            report.human(&mut Page {
                out,
                paint: self.stdout,
            })
        })
    }

    /// Writes to standard output through one buffer. A reader that has seen
    /// enough (`auditgraph verify | head`) is no failure, and the command
    /// still exits with its own code.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub(crate) fn write(
        &self,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), Failure> {
        let mut out = BufWriter::with_capacity(64 * 1024, io::stdout().lock());
        match write(&mut out).and_then(|()| out.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            outcome => outcome.map_err(|error| Failure::stdout(&error)),
        }
    }

    /// Prints bytes that are text for another program; in JSON they are the
    /// one field `field`.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub(crate) fn text(&self, field: &str, bytes: &[u8]) -> Result<(), Failure> {
        if self.json {
            let text = String::from_utf8_lossy(bytes);
            return self.document(&BTreeMap::from([(field, text)]));
        }
        self.write(|out| out.write_all(bytes))
    }

    fn document(&self, body: &impl Serialize) -> Result<(), Failure> {
        #[derive(Serialize)]
        struct Document<'a, T> {
            format: u32,
            #[serde(flatten)]
            body: &'a T,
        }
        self.write(|mut out| {
            let document = Document {
                format: FORMAT,
                body,
            };
            serde_json::to_writer_pretty(VisibleJson(&mut out), &document)?;
            out.write_all(b"\n")
        })
    }

    /// Tells of a failure, and returns the code to exit with.
    pub(crate) fn failure(&self, failure: &Failure) -> super::Exit {
        if self.json {
            // If even this cannot be written, the code still tells.
            let _ = self.document(&failure.document());
        }
        let paint = self.stderr;
        for (part, text) in failure.text() {
            let text = clean(&text).into_owned();
            self.say(&match part {
                Part::What => format!("{} {text}", paint.paint(Style::Bad, "error:")),
                Part::Where => format!("  {} {text}", paint.paint(Style::Faint, "at")),
                Part::Line => format!("  {text}"),
                Part::Why => format!("  {text}"),
                Part::Hint => format!("{} {text}", paint.paint(Style::Good, "next:")),
            });
        }
        failure.exit()
    }

    /// Says something worth knowing on standard error, unless `--quiet`.
    pub(crate) fn note(&self, text: impl std::fmt::Display) {
        if !self.quiet {
            let label = self.stderr.paint(Style::Faint, "note:");
            self.say(&format!("{label} {}", clean(&text.to_string())));
        }
    }

    /// Warns on standard error, also under `--quiet`.
    pub(crate) fn warn(&self, text: impl std::fmt::Display) {
        let label = self.stderr.paint(Style::Warning, "warning:");
        self.say(&format!("{label} {}", clean(&text.to_string())));
    }

    /// Further lines of a warning.
    pub(crate) fn more(&self, lines: impl IntoIterator<Item = String>) {
        for line in lines {
            self.say(&format!("  {}", clean(&line)));
        }
    }

    fn say(&self, line: &str) {
        // A closed standard error is nobody's loss.
        let _ = writeln!(io::stderr().lock(), "{line}");
    }
}
