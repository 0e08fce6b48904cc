//! Texts of records in other formats.

/// A text as the cell of a Markdown table: a bar ends a cell and a backslash escapes one; other signs would be read as
/// markup.
#[must_use]
pub fn markdown_cell(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '|' | '\\' | '<' | '*' | '_' | '`' | '[' | ']' => out.extend(['\\', c]),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
