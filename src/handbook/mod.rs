//! The handbook: every indicator, population, source table, clock and parameter of the library, and the scheme, for people.
//!
//! In: the library, a scheme, what each definition rests on ([`Usage`]), the literate test pages. Out: [`Chapter`]s in Markdown, and
//! the same as HTML pages that open without network. Never here: data, sentences that are not made from the files that run, so
//! that the handbook can't say anything else than what kaohe computes.

use std::collections::BTreeMap;
use std::path::Path;

use askama::Template;
use pulldown_cmark::{Event, Options, Parser, Tag, html};
use rust_embed::RustEmbed;

use crate::compute::usage::Usage;
use crate::error::{Context, Kind, Result};
use crate::library::scheme::Scheme;
use crate::library::{Library, texts_below};

mod definitions;
mod findings;
pub mod limits;
mod markdown;
mod places;
mod tables;
#[cfg(test)]
mod tests;

/// The literate test pages: their first case is the worked example.
#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/tests/cases/indicators"]
struct Pages;

/// What the handbook is made from.
pub struct Sources<'a> {
    /// The library, the project's own files included.
    pub library: &'a Library,
    /// The scheme that the project assesses by.
    pub scheme: Option<&'a Scheme>,
    /// What indicators (by id) and populations (by name) rest on.
    pub usages: &'a BTreeMap<String, Usage>,
    /// Test pages by indicator id.
    pub pages: &'a BTreeMap<String, String>,
}

/// One page of the handbook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chapter {
    /// File name without ending.
    pub name: String,
    /// Title, zh-CN.
    pub title: String,
    /// The text.
    pub markdown: String,
}

/// The shipped test pages by indicator id, those of `own` (a project's `tests/cases/indicators`) over them.
///
/// # Errors
/// A page that can't be read.
pub fn test_pages(own: &Path) -> Result<BTreeMap<String, String>> {
    let shipped = Pages::iter().filter_map(|path| {
        let page = Pages::get(&path)?;
        Some((path.to_string(), String::from_utf8_lossy(&page.data).into_owned()))
    });
    let by_id = |(path, text): (String, String)| Some((path.strip_suffix(".md")?.replace('/', "."), text));
    Ok(shipped.chain(texts_below(own)?).filter_map(by_id).collect())
}

/// The chapters, in the order in which they are read.
pub fn chapters(sources: &Sources<'_>) -> Vec<Chapter> {
    let mut chapters = vec![definitions::contents(sources)];
    chapters.extend(places::scheme(sources));
    chapters.extend(definitions::indicators(sources));
    chapters.push(definitions::populations(sources));
    chapters.push(findings::findings(sources));
    chapters.push(tables::tables(sources));
    chapters.push(limits::clocks(sources));
    chapters.push(limits::parameters(sources));
    chapters.push(limits::to_confirm(sources));
    chapters
}

/// Writes every chapter as Markdown and as HTML into `folder`.
///
/// # Errors
/// A file that can't be written.
pub fn write(sources: &Sources<'_>, folder: &Path) -> Result<usize> {
    std::fs::create_dir_all(folder).context(Kind::Environment, || format!("creating {}", folder.display()))?;
    let chapters = chapters(sources);
    for chapter in &chapters {
        for (ending, text) in [("md", chapter.markdown.clone()), ("html", page(chapter, &chapters))] {
            let path = folder.join(format!("{}.{ending}", chapter.name));
            std::fs::write(&path, text).context(Kind::Environment, || format!("writing {}", path.display()))?;
        }
    }
    Ok(chapters.len())
}

/// A chapter's link in the navigation.
struct Entry {
    title: String,
    href: String,
    current: bool,
}

#[derive(Template)]
#[template(config = "src/report/templates/askama.toml", path = "handbook.html")]
struct HandbookPage {
    title: String,
    style: &'static str,
    entries: Vec<Entry>,
    body: String,
    engine: &'static str,
}

/// The chapter as an HTML page.
fn page(chapter: &Chapter, all: &[Chapter]) -> String {
    // The Markdown files link to each other, and so do the pages.
    let to_page = |event| match event {
        Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
            let dest_url = dest_url.replacen(".md", ".html", 1).into();
            Event::Start(Tag::Link { link_type, dest_url, title, id })
        }
        other => other,
    };
    let mut body = String::new();
    html::push_html(&mut body, Parser::new_ext(&chapter.markdown, Options::ENABLE_TABLES).map(to_page));
    // A wide table scrolls by itself; the page does not.
    let body = body.replace("<table>", "<div class=\"scroll\"><table>").replace("</table>", "</table></div>");
    let entry =
        |other: &Chapter| Entry { title: other.title.clone(), href: format!("{}.html", other.name), current: other.name == chapter.name };
    let page = HandbookPage {
        title: chapter.title.clone(),
        style: crate::report::STYLE,
        entries: all.iter().map(entry).collect(),
        body,
        engine: env!("CARGO_PKG_VERSION"),
    };
    page.render().expect("a page without fallible filters renders")
}
