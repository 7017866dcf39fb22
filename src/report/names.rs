//! Text and file names that data cannot misuse.
//!
//! In: identifiers and names as a source wrote them. Out: [`Text`], the only type through which data reaches a page, and file
//! names that every file system keeps apart. Never here: HTML (askama escapes every [`Text`]).

use std::fmt;

use super::guard;

/// Words from data, without invisible characters and without an address that a browser could follow.
///
/// Bidirectional controls would let a name turn the rest of a line around; askama escapes the rest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Text(String);

impl Text {
    /// Cleans `raw`.
    pub fn of(raw: &str) -> Self {
        let visible: String = raw.chars().filter_map(visible).collect();
        Self(visible.replace("://", "\u{ff1a}\u{ff0f}\u{ff0f}").trim().to_owned())
    }

    /// Cleans `raw` and covers what looks like a personal number: for keys and sentences of evidence, which come from rows.
    pub fn masked(raw: &str) -> Self {
        Self(guard::mask(&Self::of(raw).0))
    }

    /// True when nothing is left to show.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The words.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The character as it may be shown: controls become a space or nothing.
fn visible(character: char) -> Option<char> {
    match character {
        '\t' | '\n' | '\r' | '\u{2028}' | '\u{2029}' => Some(' '),
        '\u{061c}'
        | '\u{180e}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}' => None,
        '\u{e0000}'..='\u{e007f}' => None,
        other if other.is_control() => None,
        other => Some(other),
    }
}

/// Longest file name before it is cut and hashed; with `.html` it stays below every file system's limit.
const LONGEST: usize = 96;

/// Names that Windows keeps for devices, whatever follows the dot.
const DEVICES: [&str; 8] = ["con", "prn", "aux", "nul", "conin", "conout", "com", "lpt"];

/// A file or folder name for an identifier: two identifiers never share one, not even where case does not count.
///
/// `a`–`z`, digits and `-` stand for themselves, `~` switches between small and capital letters, every other character is its
/// code point in hexadecimal between underscores. So `330106-SCJG` becomes `330106-~scjg`, and no name can be `..` or hold `/`.
pub fn file_name(identifier: &str) -> String {
    let mut name = String::with_capacity(identifier.len() + 8);
    let mut capitals = false;
    for character in identifier.chars() {
        if (character.is_ascii_uppercase() && !capitals) || (character.is_ascii_lowercase() && capitals) {
            name.push('~');
            capitals = !capitals;
        }
        match character {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '-' => name.push(character.to_ascii_lowercase()),
            other => name.push_str(&format!("_{:x}_", other as u32)),
        }
    }
    if name.is_empty() {
        // Every `_` that the loop writes is followed by a digit, so this name is free.
        return "__".to_owned();
    }
    if DEVICES.contains(&name.trim_end_matches(|c: char| c.is_ascii_digit())) {
        let first = name.remove(0);
        name = format!("_{:x}_{name}", first as u32);
    }
    if name.len() > LONGEST {
        // `_h` never follows from the loop (it writes hexadecimal digits after `_`), so a cut name meets no whole one.
        let digest = blake3::hash(identifier.as_bytes()).to_hex();
        name.truncate(LONGEST - 34);
        name = format!("{name}_h{}", &digest[..32]);
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invisible_and_turning_characters_vanish_from_names() {
        assert_eq!(Text::of("甲\u{202e}局\u{200b}\u{0007} 乙\n丙").as_str(), "甲局 乙 丙");
        assert_eq!(Text::of("http://x").as_str(), "http\u{ff1a}\u{ff0f}\u{ff0f}x");
    }

    #[test]
    fn file_names_stay_inside_their_folder() {
        for hostile in ["..", ".", "../../etc", "a/b", "a\\b", "C:", "", "nul", "COM1", "甲局", "a\0b", "x."] {
            let name = file_name(hostile);
            assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_~".contains(&b)), "{hostile:?} → {name}");
            assert!(!name.is_empty());
        }
        assert_eq!(file_name("330106-SCJG"), "330106-~scjg");
        assert_eq!(file_name("con"), "_63_on");
        assert_eq!(file_name("com1"), "_63_om1");
    }

    #[test]
    fn two_identifiers_never_share_a_file_name() {
        let long = "市".repeat(80);
        let ids =
            ["a", "A", "aA", "Aa", "AA", "a~", "~a", "~a~", "_61_", "a_", "", "_", "__", "con", "CON", "_63_on", "a b", "a-b", "a/b", "甲"];
        let mut names: Vec<String> = ids.iter().map(|id| file_name(id)).collect();
        names.push(file_name(&long));
        names.push(file_name(&format!("{long}县")));
        assert!(names.iter().all(|name| name.len() <= LONGEST));
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
