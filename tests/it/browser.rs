//! A real browser on the pages, without a network: what they show, what a reader does on them, how they print, whether everybody can read them.
//!
//! What is not installed is skipped and said; on the build server (`CI=true`) it has to be there. `KAOHE_AXE` names axe-core's `axe.min.js`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::province::{finished_sample, skipped};

/// The browser, without a network where that can be arranged; nothing where there is none.
fn browser(arguments: &[&str]) -> Option<std::process::Output> {
    let name =
        ["chromium", "chromium-browser", "google-chrome"].into_iter().find(|name| Command::new(name).arg("--version").output().is_ok())?;
    let profile = tempfile::tempdir().expect("a temporary folder");
    let offline = Command::new("unshare").args(["--net", "--map-root-user", "true"]).status().is_ok_and(|status| status.success());
    let mut command = Command::new(if offline { "unshare" } else { name });
    if offline {
        command.args(["--net", "--map-root-user", name]);
    }
    let quiet = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--host-resolver-rules=MAP * ~NOTFOUND",
    ];
    let output = command.args(quiet).arg(format!("--user-data-dir={}", profile.path().display())).args(arguments).output();
    Some(output.expect("the browser starts"))
}

#[test]
fn a_browser_without_network_shows_and_prints_the_first_page() {
    let (province, _) = finished_sample();
    let page = province.path(&format!("runs/{}/report/office/index.html", province.current_run()));
    let address = format!("file://{}", page.display());
    let Some(shown) = browser(&["--dump-dom", &address]) else {
        return skipped(NO_BROWSER);
    };
    let dom = String::from_utf8_lossy(&shown.stdout).into_owned();
    let heading = dom.split("<h1").nth(1).and_then(|rest| rest.split_once('>')?.1.split("</h1>").next()).unwrap_or_default();
    assert!(heading.contains("排名") || heading.contains("考核"), "no heading: {heading} {}", String::from_utf8_lossy(&shown.stderr));
    assert!(dom.contains("示例省"));

    let folder = tempfile::tempdir().expect("a temporary folder");
    let paper = folder.path().join("page.pdf");
    let printed = browser(&[&format!("--print-to-pdf={}", paper.display()), &address]).expect("the browser is there");
    let pdf = fs::read(&paper).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&printed.stderr)));
    let pages = String::from_utf8_lossy(&pdf).matches("/Type /Page\n").count();
    assert!(pdf.starts_with(b"%PDF") && pages >= 1, "{pages} pages");
}

/// The printed pages as text; none where the browser or the reader of papers is missing.
fn printed(page: &Path) -> Option<Vec<String>> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let paper = folder.path().join("page.pdf");
    browser(&[&format!("--print-to-pdf={}", paper.display()), &format!("file://{}", page.display())])?;
    let text = std::process::Command::new("pdftotext").args(["-layout", &paper.to_string_lossy(), "-"]).output().ok()?;
    let text = String::from_utf8_lossy(&text.stdout).into_owned();
    Some(text.split_terminator('\u{c}').map(str::to_owned).collect())
}

#[test]
fn every_printed_page_says_which_run_date_and_scheme_it_shows() {
    let run = finished_sample().0.current_run();
    let report = office().parent().expect("the report").to_owned();
    let unit = first_of(&report.join("office/units"));
    for page in [report.join("public/record.html"), unit, report.join("office/findings.html")] {
        let Some(pages) = printed(&page) else { return skipped("chromium or pdftotext is missing") };
        assert!(pages.len() > 1, "{} is one page", page.display());
        for (number, text) in pages.iter().enumerate() {
            for told in [run.as_str(), "2026年6月30日", "方案校验值"] {
                assert!(text.contains(told), "page {} of {} does not say {told}: {text}", number + 1, page.display());
            }
        }
    }
}

/// Opens a page of the report in a frame, does `steps` on it (a script that knows the page as `page` and tells by `say(…)`), and returns what was said.
fn on_page(page: &Path, width: u32, steps: &str) -> Option<Vec<String>> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let driver = folder.path().join("driver.html");
    let text = format!(
        "<!DOCTYPE html><meta charset=utf-8><body style='margin:0'><iframe id=f src='file://{}' style='border:0;width:100%;height:1200px'></iframe><pre id=said></pre><script>
        const said = document.getElementById('said'); const say = (what) => {{ said.textContent += what + '\\n'; }};
        document.getElementById('f').onload = () => {{
          const page = document.getElementById('f').contentDocument;
          const shown = (all) => [...all].filter((element) => element.getClientRects().length > 0);
          const type = (input, text) => {{ input.value = text; input.dispatchEvent(new Event('input')); }};
          try {{ {steps} }} catch (error) {{ say('failed: ' + error); }}
          say('done');
        }};</script>",
        page.display()
    );
    fs::write(&driver, text).expect("the driver is written");
    let address = format!("file://{}", driver.display());
    let size = format!("--window-size={width},1200");
    let shown = browser(&["--allow-file-access-from-files", "--virtual-time-budget=20000", &size, "--dump-dom", &address])?;
    let dom = String::from_utf8_lossy(&shown.stdout).into_owned();
    let said = dom.split("<pre id=\"said\">").nth(1).and_then(|rest| rest.split("</pre>").next()).unwrap_or_default();
    let lines: Vec<String> = said.lines().map(str::to_owned).collect();
    assert!(lines.iter().any(|line| line == "done"), "{said}\n{}", String::from_utf8_lossy(&shown.stderr));
    assert!(!lines.iter().any(|line| line.starts_with("failed")), "{said}");
    Some(lines)
}

const NO_BROWSER: &str = "pages in a browser: chromium is not installed";

fn office() -> PathBuf {
    let (province, _) = finished_sample();
    province.path(&format!("runs/{}/report/office", province.current_run()))
}

#[test]
fn a_reader_finds_a_unit_sorts_a_table_and_gets_back_the_first_order() {
    let steps = "
        const input = page.querySelector('.find input');
        const rows = () => shown(page.querySelectorAll('table.ranking tbody tr'));
        const names = () => shown(page.querySelectorAll('section.group')[2].querySelectorAll('tbody tr')).map((row) => row.querySelector('th').firstChild.textContent);
        const totals = () => shown(page.querySelectorAll('section.group')[2].querySelectorAll('tbody tr')).map((row) => parseFloat(row.querySelector('.c-total b').textContent));
        say(rows().length > 40);
        type(input, '海宁');
        say(rows().length > 0 && rows().every((row) => row.textContent.includes('海宁')));
        say(page.querySelector('.find output').textContent.includes('找到'));
        type(input, '');
        say(rows().length > 40);
        const before = names().join();
        const head = page.querySelectorAll('section.group')[2].querySelector('th.c-total .sort');
        head.click();
        say(totals().every((total, place, all) => place === 0 || all[place - 1] >= total));
        say(head.parentElement.getAttribute('aria-sort') === 'descending');
        head.click();
        say(totals().every((total, place, all) => place === 0 || all[place - 1] <= total));
        head.click();
        say(names().join() === before && head.parentElement.getAttribute('aria-sort') === null);";
    let Some(said) = on_page(&office().join("index.html"), 1440, steps) else { return skipped(NO_BROWSER) };
    assert_eq!(said, ["true"; 8].into_iter().chain(["done"]).collect::<Vec<_>>());
}

#[test]
fn what_is_looked_for_on_a_units_page_is_found_among_its_indicators_and_in_what_is_folded() {
    let steps = "
        const input = page.querySelector('.find input');
        const rows = () => shown(page.querySelectorAll('table.indicators tbody tr:not(.node)'));
        const before = rows().length;
        const wanted = rows()[0].querySelector('.c-indicator').firstChild.textContent.trim();
        type(input, wanted);
        say(rows().length > 0 && rows().length < before && rows().every((row) => row.textContent.includes(wanted)));
        const folded = [...page.querySelectorAll('.records details')].find((details) => details.querySelector('tbody td'));
        say(!folded.open);
        type(input, folded.querySelector('tbody td').textContent.trim());
        say(folded.open && shown(folded.querySelectorAll('tbody tr')).length > 0);
        type(input, '');
        say(!folded.open && rows().length === before);";
    let unit = first_of(&office().join("units"));
    let Some(said) = on_page(&unit, 1440, steps) else { return skipped(NO_BROWSER) };
    assert_eq!(said, ["true", "true", "true", "true", "done"], "{}", unit.display());
}

/// The script puts heads into buttons, which the browser leaves empty where it repeats the head of a table on the next page.
#[test]
fn a_page_prints_the_same_with_its_script_and_without() {
    let office = office();
    let public = office.parent().expect("the report's folder").join("public/record.html");
    for page in [public, office.join("quality.html"), first_of(&office.join("units"))] {
        let Some(with) = printed(&page) else { return skipped(NO_BROWSER) };
        let html = fs::read_to_string(&page).expect("a page");
        let (before, script) = html.split_once("<script>").expect("the script");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let copy = folder.path().join("page.html");
        fs::write(&copy, format!("{before}{}", script.split_once("</script>").expect("its end").1)).expect("the copy is written");
        let without = printed(&copy).expect("the browser is there");
        assert_eq!(with.len(), without.len(), "{}", page.display());
        for (number, (with, without)) in with.iter().zip(&without).enumerate() {
            let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
            assert_eq!(words(with), words(without), "{}, sheet {}", page.display(), number + 1);
        }
    }
}

#[test]
fn a_definition_opens_where_it_is_asked_for_and_the_way_to_the_next_grade_leads_to_records() {
    let steps = "
        const ask = page.querySelector('.define');
        const told = page.getElementById(ask.getAttribute('popovertarget'));
        say(shown([told]).length);
        ask.click();
        say(told.matches(':popover-open') && shown([told]).length === 1 && told.textContent.includes('依据'));
        told.hidePopover();
        say(shown([told]).length);
        const links = [...page.querySelectorAll('.wanted a')];
        say(links.length > 0);
        say(links.every((link) => page.querySelector(link.getAttribute('href')).querySelectorAll('tbody tr, .note').length > 0));
        // One heading for each column of the cards, none of them empty.
        page.defaultView.location.hash = links[0].getAttribute('href');
        page.defaultView.dispatchEvent(new Event('hashchange'));
        say(page.querySelector(links[0].getAttribute('href')).open);
        const table = page.querySelector('table.ledger');
        table.closest('details').open = true;
        const labels = [...table.querySelector('tbody tr').querySelectorAll('td')].map((cell) => page.defaultView.getComputedStyle(cell, '::before').content);
        say(labels.length === 6 && labels.every((label) => label.length > 3) && new Set(labels).size === 6);";
    let unit = first_of(&office().join("units"));
    let Some(said) = on_page(&unit, 390, steps) else { return skipped(NO_BROWSER) };
    assert_eq!(said, ["0", "true", "0", "true", "true", "true", "true", "done"], "{}", unit.display());
}

#[test]
fn no_page_kind_is_wider_than_a_phone_and_every_one_has_its_heading() {
    let office = office();
    for page in a_page_of_each_kind(&office) {
        let steps = "
            say(page.documentElement.scrollWidth <= page.documentElement.clientWidth ? 'fits' : 'is ' + page.documentElement.scrollWidth + ' wide');
            say(shown(page.querySelectorAll('h1')).length);";
        let Some(said) = on_page(&page, 390, steps) else { return skipped(NO_BROWSER) };
        assert_eq!(said, ["fits", "1", "done"], "{}", page.display());
    }
}

/// One page of each kind, in all three trees.
fn a_page_of_each_kind(office: &Path) -> Vec<PathBuf> {
    let report = office.parent().expect("the report's folder");
    let mut pages: Vec<PathBuf> = fs::read_dir(office).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    pages.retain(|page| page.extension().is_some_and(|extension| extension == "html"));
    pages.extend(["units", "domains", "regions", "indicators"].map(|kind| first_of(&office.join(kind))));
    pages.push(first_of(&report.join("units")).join("index.html"));
    pages.extend(["index.html", "record.html", "method.html"].map(|page| report.join("public").join(page)));
    pages.sort();
    pages
}

/// The largest entry of a folder of pages, or its first folder.
fn first_of(folder: &Path) -> PathBuf {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    entries.sort_by_key(|path| (std::cmp::Reverse(path.is_file().then(|| fs::metadata(path).map_or(0, |data| data.len()))), path.clone()));
    entries.into_iter().next().expect("an entry")
}

#[test]
fn every_page_kind_passes_the_rules_of_axe() {
    let Ok(axe) = std::env::var("KAOHE_AXE") else { return skipped("accessibility of the pages: KAOHE_AXE names no axe.min.js") };
    let axe = fs::read_to_string(&axe).unwrap_or_else(|error| panic!("{axe}: {error}"));
    for page in a_page_of_each_kind(&office()) {
        let html = fs::read_to_string(&page).expect("a page");
        // The page's policy lets nothing else run: it is taken out of the copy that is looked at.
        let (before, rest) = html.split_once("<meta http-equiv=\"Content-Security-Policy\"").expect("a policy");
        let (_, after) = rest.split_once('>').expect("the end of the policy");
        let runner = "axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] }).then((found) => {
            const tell = (rule) => rule.id + ': ' + rule.nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(' | ');
            document.body.textContent = ''; const said = document.createElement('pre'); said.id = 'said';
            said.textContent = found.violations.map(tell).join('\\n') + '\\n' + (found.passes.length > 10 ? 'looked' : 'hardly looked'); document.body.append(said); });";
        // A few of the kinds stand for all in a dark room.
        let name = page.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let is_shown_dark = ["index.html", "synergy.html", "findings.html"].contains(&name.as_str())
            || page.parent().is_some_and(|folder| folder.ends_with("units"));
        for dark in [false, true].into_iter().take(1 + usize::from(is_shown_dark)) {
            let after = if dark { after.replace("(prefers-color-scheme: dark)", "(min-width: 1px)") } else { after.to_owned() };
            let folder = tempfile::tempdir().expect("a temporary folder");
            let copy = folder.path().join("page.html");
            fs::write(&copy, format!("{before}{after}<script>{axe}</script><script>{runner}</script>")).expect("the copy is written");
            let address = format!("file://{}", copy.display());
            let Some(shown) = browser(&["--virtual-time-budget=60000", "--window-size=1440,1200", "--dump-dom", &address]) else {
                return skipped(NO_BROWSER);
            };
            let dom = String::from_utf8_lossy(&shown.stdout).into_owned();
            let said = dom.rsplit("<pre id=\"said\">").next().and_then(|rest| rest.split("</pre>").next()).unwrap_or_default();
            assert_eq!(said.trim(), "looked", "{}{}", page.display(), if dark { ", dark" } else { "" });
        }
    }
}
