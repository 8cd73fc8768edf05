//! Columns for people.

use std::io;

use super::output::Page;
use super::style::{Painted, Style, clean};

/// A column: its title, and whether its cells are numbers (set to the right).
pub(crate) type Column = (&'static str, bool);

/// Writes rows under a heading, as wide as their widest cell.
pub(crate) fn write(
    page: &mut Page<'_>,
    columns: &[Column],
    rows: &[Vec<(Option<Style>, String)>],
) -> io::Result<()> {
    let mut widths: Vec<usize> = columns.iter().map(|(title, _)| title.len()).collect();
    for row in rows {
        for (width, (_, cell)) in widths.iter_mut().zip(row) {
            *width = (*width).max(clean(cell).chars().count());
        }
    }
    let heading: Vec<(Option<Style>, String)> = columns
        .iter()
        .map(|(title, _)| (Some(Style::Faint), (*title).to_owned()))
        .collect();
    for row in std::iter::once(&heading).chain(rows) {
        let mut line = String::new();
        for (position, ((style, cell), ((_, right), width))) in
            row.iter().zip(columns.iter().zip(&widths)).enumerate()
        {
            if position > 0 {
                line.push_str("  ");
            }
            let cell: Painted = match style {
                Some(style) => page.paint(*style, cell),
                None => page.plain(cell),
            };
            let last = position + 1 == columns.len();
            line.push_str(&match (right, last) {
                (true, _) => format!("{cell:>width$}"),
                (false, true) => cell.to_string(),
                (false, false) => format!("{cell:<width$}"),
            });
        }
        page.line(line.trim_end())?;
    }
    Ok(())
}
