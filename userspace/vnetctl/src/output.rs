// SPDX-License-Identifier: GPL-2.0

//! Tables and JSON.

use std::io::{self, ErrorKind, Write};

use serde::Serialize;

use crate::error::{Error, Result};

/// Columns of the terminal; 100 where there is none.
pub fn width() -> usize {
    let mut size = libc::winsize {
        ws_row: 0,
        ws_col: 0,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    // SAFETY: the kernel fills a structure of exactly this type, which lives for the call.
    #[allow(unsafe_code)]
    let result = unsafe { libc::ioctl(libc::STDERR_FILENO, libc::TIOCGWINSZ, &raw mut size) };
    match result == 0 && size.ws_col > 0 {
        true => size.ws_col.into(),
        false => 100,
    }
}

/// Aligned columns without lines between them; numbers to the right.
#[derive(Debug)]
pub struct Table {
    head: Vec<&'static str>,
    right: Vec<bool>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// With these headings; one that starts with `>` is aligned to the right.
    pub fn new(head: &[&'static str]) -> Self {
        Table {
            head: head
                .iter()
                .map(|text| text.trim_start_matches('>'))
                .collect(),
            right: head.iter().map(|text| text.starts_with('>')).collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// The text of the table.
    pub fn render(&self) -> String {
        let mut widths: Vec<usize> = self.head.iter().map(|cell| cell.chars().count()).collect();
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        let mut text = String::new();
        let head = self.head.iter().map(|cell| cell.to_string()).collect();
        for row in std::iter::once(&head).chain(&self.rows) {
            let mut line = String::new();
            for ((cell, width), right) in row.iter().zip(&widths).zip(&self.right) {
                match right {
                    true => line.push_str(&format!("{cell:>width$}  ")),
                    false => line.push_str(&format!("{cell:<width$}  ")),
                }
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }

    /// Prints it.
    pub fn print(&self) -> Result<()> {
        print(&self.render())
    }
}

/// Prints a text; a reader that has gone is no error.
pub fn print(text: &str) -> Result<()> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Error::Message(format!("cannot write the output: {error}")))
        }
        _ => Ok(()),
    }
}

/// Prints something as JSON.
pub fn json(value: &impl Serialize) -> Result<()> {
    let mut text = serde_json::to_string_pretty(value)
        .map_err(|error| Error::Message(format!("cannot write JSON: {error}")))?;
    text.push('\n');
    print(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let mut table = Table::new(&["NAME", ">COUNT", "LAST"]);
        table.row(vec!["a".into(), "1".into(), "x".into()]);
        table.row(vec!["long-name".into(), "1000".into(), "".into()]);
        assert_eq!(
            table.render(),
            "NAME       COUNT  LAST\na              1  x\nlong-name   1000\n"
        );
    }
}
