//! Small pieces of Markdown.
//!
//! In: texts of the library. Out: tables, lists, anchors, with what would end a cell or open a tag written so that it doesn't.
//! Never here: what the handbook says.

/// A text inside a paragraph or a cell.
pub(super) fn text(written: &str) -> String {
    let mut safe = String::with_capacity(written.len());
    let mut is_code = false;
    for character in written.trim().chars() {
        is_code ^= character == '`';
        match character {
            '|' => safe.push_str("\\|"),
            '\n' => safe.push(' '),
            other if is_code => safe.push(other),
            '<' => safe.push_str("&lt;"),
            '&' => safe.push_str("&amp;"),
            '*' | '_' | '[' | ']' | '~' => {
                safe.push('\\');
                safe.push(character);
            }
            other => safe.push(other),
        }
    }
    safe
}

/// A name or code: as it is, in a fixed-width face.
pub(super) fn code(written: &str) -> String {
    if written.is_empty() { String::new() } else { format!("`{}`", written.replace('`', "'").replace('|', "\\|")) }
}

/// Names, separated.
pub(super) fn codes<'a>(names: impl IntoIterator<Item = &'a String>) -> String {
    names.into_iter().map(|name| code(name)).collect::<Vec<_>>().join("、")
}

/// A table; nothing when there are no rows. Cells are Markdown already.
pub(super) fn table(heads: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let body: String = rows.into_iter().map(|row| line(&row)).collect();
    if body.is_empty() {
        return String::new();
    }
    let heads: Vec<String> = heads.iter().map(|head| (*head).to_owned()).collect();
    format!("{}{}{body}\n", line(&heads), line(&vec!["---".to_owned(); heads.len()]))
}

/// A heading that links can lead to; the blank line lets the heading be one after a line of HTML.
pub(super) fn heading(level: usize, anchor: &str, title: &str) -> String {
    format!("<a id=\"{}\"></a>\n\n{} {}\n\n", anchor.replace(['"', '<', '&'], ""), "#".repeat(level), text(title))
}

/// Text of several lines in a fixed-width face.
pub(super) fn block(language: &str, written: &str) -> String {
    format!("```{language}\n{}\n```\n\n", written.trim().replace("```", "'''"))
}
