// SPDX-License-Identifier: GPL-2.0

//! Scalars of YAML.

use std::fmt::Write as _;

pub(super) fn flow_list(items: &[String]) -> String {
    let items: Vec<String> = items.iter().map(|item| flow(item)).collect();
    format!("[{}]", items.join(", "))
}

/// A coordinate without more digits than it needs.
pub(super) fn number(value: f64) -> String {
    let rounded = (value * 100.0).round() / 100.0;
    format!("{}", if rounded == 0.0 { 0.0 } else { rounded })
}

/// A scalar of a block: plain where YAML (1.1 or 1.2) would give the text back, else quoted.
pub fn scalar(text: &str) -> String {
    let indicator = |c: char| "-?:,[]{}#&*!|>'\"%@`".contains(c);
    // `-c` is plain, `- c` is not.
    let first_fine = match text.chars().next() {
        None => false,
        Some('-') => text
            .chars()
            .nth(1)
            .is_some_and(|c| c.is_ascii_alphanumeric()),
        Some(c) => !indicator(c) && !c.is_whitespace(),
    };
    let printable = text
        .chars()
        .all(|c| c == ' ' || c.is_ascii_graphic() || (c.is_alphanumeric() && !c.is_ascii()));
    let plain = first_fine
        && printable
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.ends_with(':')
        && !text.ends_with(' ')
        && !is_special(text);
    match plain {
        true => text.to_owned(),
        false => quoted(text),
    }
}

/// A scalar within `[]` or `{}`.
pub(super) fn flow(text: &str) -> String {
    // A colon within a word is plain, but YAML 1.1 readers take `a:1` for base 60.
    let special = |c: char| matches!(c, ',' | '[' | ']' | '{' | '}');
    let ipv6 = text.matches(':').count() > 1 && text.contains("::");
    match text.contains(special) || ipv6 {
        true => quoted(text),
        false => scalar(text),
    }
}

/// Words that some YAML reader takes for something else.
fn is_special(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    matches!(
        lower.as_str(),
        "null"
            | "~"
            | "true"
            | "false"
            | "yes"
            | "no"
            | "on"
            | "off"
            | "y"
            | "n"
            | ".inf"
            | ".nan"
            | "<<"
            | "="
    )
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if (c as u32) < 0x20 || (0x7f..0xa0).contains(&(c as u32)) => {
                let _ = write!(out, "\\x{:02x}", c as u32);
            }
            '\u{2028}' | '\u{2029}' | '\u{feff}' => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A text of several lines as a literal block where that is exact, else quoted; with the end of the line.
pub(super) fn block(out: &mut String, text: &str, indent: usize) -> std::fmt::Result {
    let fine = |line: &str| {
        line.chars().all(|c| {
            c == '\t' || (!c.is_control() && !"\u{2028}\u{2029}\u{feff}\u{85}".contains(c))
        })
    };
    let lines: Vec<&str> = text.split('\n').collect();
    let starts_plain = lines
        .first()
        .is_some_and(|line| !line.is_empty() && !line.starts_with([' ', '\t']));
    if lines.len() < 2 || !starts_plain || !lines.iter().all(|line| fine(line)) {
        return writeln!(out, "{}", scalar(text));
    }
    let content = text.trim_end_matches('\n');
    let style = match text.len() - content.len() {
        0 => "|-",
        1 => "|",
        _ => "|+",
    };
    writeln!(out, "{style}")?;
    let body = match style {
        "|-" => text,
        _ => &text[..text.len() - 1],
    };
    for line in body.split('\n') {
        match line.is_empty() {
            true => writeln!(out)?,
            false => writeln!(out, "{:indent$}{line}", "")?,
        }
    }
    Ok(())
}
