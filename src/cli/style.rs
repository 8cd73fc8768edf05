//! Text made fit for a terminal: colours, and nothing else that a terminal
//! would act on.
//!
//! Paths, headings and snippets come from files that a stranger may have
//! written, so every control character and every character that reorders
//! text is shown as an escape.

use std::fmt;
use std::io::IsTerminal;

use clap::ColorChoice;

pub(crate) use crate::foundation::terminal::clean;

/// A meaning that has a colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// A heading or an id that stands out.
    Strong,
    /// Less important than its surroundings.
    Faint,
    /// A path.
    Path,
    /// A line number or another position.
    Position,
    /// What was searched for.
    Match,
    /// All is well.
    Good,
    /// Look at this.
    Warning,
    /// Something is wrong.
    Bad,
}

impl Style {
    const fn code(self) -> &'static str {
        match self {
            Self::Strong => "1",
            Self::Faint => "2",
            Self::Path => "35",
            Self::Position => "32",
            Self::Match => "1;31",
            Self::Good => "32",
            Self::Warning => "33",
            Self::Bad => "1;31",
        }
    }
}

/// Colours text, or does not.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paint {
    /// Whether colours are wanted.
    pub(crate) colour: bool,
}

impl Paint {
    /// How to write to `stream`: as the `--color` option says, else `NO_COLOR`
    /// (no-color.org), `CLICOLOR_FORCE` and `CLICOLOR` (bixense.com/clicolors),
    /// else coloured where it is a terminal that can.
    pub(crate) fn new(color: ColorChoice, stream: &impl IsTerminal) -> Self {
        let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        let colour = match color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto if set("NO_COLOR").is_some() => false,
            ColorChoice::Auto if set("CLICOLOR_FORCE").is_some_and(|value| value != "0") => true,
            ColorChoice::Auto if set("CLICOLOR").is_some_and(|value| value == "0") => false,
            ColorChoice::Auto => {
                stream.is_terminal() && set("TERM").is_none_or(|term| term != "dumb")
            }
        };
        Self { colour }
    }

    /// `text`, cleaned, in `style`.
    pub(crate) fn paint(self, style: Style, text: impl fmt::Display) -> Painted {
        Painted {
            style: self.colour.then_some(style),
            text: clean(&text.to_string()).into_owned(),
        }
    }
}

/// Text that is safe to show, with its colour.
#[derive(Debug)]
pub(crate) struct Painted {
    style: Option<Style>,
    text: String,
}

impl fmt::Display for Painted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // `pad` so that widths in format strings count the text alone.
        match self.style {
            None => f.pad(&self.text),
            Some(style) => {
                write!(f, "\x1b[{}m", style.code())?;
                f.pad(&self.text)?;
                f.write_str("\x1b[0m")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn painted_text_cannot_drive_the_terminal() {
        let paint = Paint { colour: true };
        assert_eq!(
            paint.paint(Style::Bad, "\x1b").to_string(),
            "\x1b[1;31m\\u{1b}\x1b[0m"
        );
    }

    #[test]
    fn colours_do_not_count_in_widths() {
        let paint = Paint { colour: true };
        assert_eq!(
            format!("{:<4}|", paint.paint(Style::Faint, "ab")),
            "\x1b[2mab  \x1b[0m|"
        );
    }
}
