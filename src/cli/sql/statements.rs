//! Where statements begin and end.
//!
//! In: SQL text as people type or paste it. Out: byte ranges of its statements, and whether the last one is finished. Never
//! here: parsing; quotes, comments and `;` are all that is known.

use std::ops::Range;

/// The statements of a text, without their `;`; parts that hold only comments and white space are none.
pub(super) fn split(text: &str) -> Vec<Range<usize>> {
    parts(text).into_iter().map(|part| part.range).collect()
}

/// Whether the shell may run the text: its last statement ends with `;`, or there is none.
pub(super) fn is_finished(text: &str) -> bool {
    let all = parts(text);
    all.last().is_none_or(|part| part.ended) && (!all.is_empty() || !is_inside(text))
}

struct Part {
    range: Range<usize>,
    ended: bool,
}

fn parts(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut first: Option<usize> = None;
    let mut last = 0;
    let mut at = 0;
    while let Some(token) = next(text, at) {
        match token.kind {
            Token::End => {
                parts.extend(first.take().map(|start| Part { range: start..last, ended: true }));
            }
            Token::Nothing => {}
            Token::Matter => {
                first = first.or(Some(at));
                last = token.end;
            }
        }
        at = token.end;
    }
    parts.extend(first.map(|start| Part { range: start..last, ended: false }));
    parts
}

/// Whether the text ends inside a quotation or a comment block.
fn is_inside(text: &str) -> bool {
    let mut at = 0;
    while let Some(token) = next(text, at) {
        if token.is_open {
            return true;
        }
        at = token.end;
    }
    false
}

enum Token {
    /// `;`
    End,
    /// White space or a comment.
    Nothing,
    /// Anything else; a quotation is one token.
    Matter,
}

struct Found {
    kind: Token,
    end: usize,
    is_open: bool,
}

fn next(text: &str, at: usize) -> Option<Found> {
    let rest = &text[at..];
    let first = rest.chars().next()?;
    let found = |kind, length: Option<usize>| Found { kind, end: at + length.unwrap_or(rest.len()), is_open: length.is_none() };
    let after = |from: usize, mark: &str| rest[from..].find(mark).map(|length| from + length + mark.len());
    Some(match first {
        ';' => found(Token::End, Some(1)),
        '-' if rest.starts_with("--") => found(Token::Nothing, Some(rest.find('\n').map_or(rest.len(), |length| length + 1))),
        '/' if rest.starts_with("/*") => found(Token::Nothing, comment_block(rest)),
        // A doubled quote inside a quotation reads as two quotations side by side, which ends at the same place.
        '\'' | '"' | '`' => found(Token::Matter, after(1, &first.to_string())),
        '$' => match dollar_tag(rest) {
            Some(tag) => found(Token::Matter, after(tag.len(), tag)),
            None => found(Token::Matter, Some(1)),
        },
        space if space.is_whitespace() => found(Token::Nothing, Some(space.len_utf8())),
        other => found(Token::Matter, Some(other.len_utf8())),
    })
}

/// Length of the comment block, which may hold others.
fn comment_block(rest: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return Some(at);
            }
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    None
}

/// `$$` or `$tag$`, which opens a quotation; `$as_of` does not.
fn dollar_tag(rest: &str) -> Option<&str> {
    let end = 1 + rest[1..].find(|c: char| !c.is_ascii_alphanumeric() && c != '_')?;
    rest[end..].starts_with('$').then(|| &rest[..=end])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<&str> {
        split(text).into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn a_semicolon_ends_a_statement_only_outside_quotes_and_comments() {
        let text = "SELECT ';' AS \"a;b\" -- 注释;\n, 'it''s;' /* ; /* ; */ ; */; SELECT $$;$$, $x$;$x$;;\n-- nothing\n";
        assert_eq!(texts(text), ["SELECT ';' AS \"a;b\" -- 注释;\n, 'it''s;'", "SELECT $$;$$, $x$;$x$"]);
    }

    #[test]
    fn placeholders_are_no_quotation() {
        assert_eq!(texts("SELECT $as_of, $from; SELECT 1"), ["SELECT $as_of, $from", "SELECT 1"]);
    }

    #[test]
    fn the_shell_waits_for_the_semicolon() {
        for finished in ["", "  \n", "-- only a comment", "SELECT 1;", "SELECT 1; -- done", "SELECT '；';\n"] {
            assert!(is_finished(finished), "{finished}");
        }
        for open in ["SELECT 1", "SELECT ';", "SELECT 1; SELECT 2", "/* ;", "SELECT 1 -- ;", "SELECT \"列;"] {
            assert!(!is_finished(open), "{open}");
        }
    }

    #[test]
    fn positions_are_those_of_the_text() {
        let text = "-- 说明\nSELECT 1;\n  SELECT 二;";
        let ranges = split(text);
        assert_eq!(&text[ranges[1].clone()], "SELECT 二");
        assert_eq!(ranges[0].start, text.find("SELECT").expect("it stands there"));
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_split_without_panic(text in "[-a;'\"$/*\n 汉]{0,24}") {
            let ranges = split(&text);
            proptest::prop_assert!(ranges.windows(2).all(|pair| pair[0].end <= pair[1].start));
            let _ = is_finished(&text);
        }
    }
}
