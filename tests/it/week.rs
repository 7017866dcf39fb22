//! A week of nights by a script: what goes wrong in an office, and what the README says to do about it.

use std::process::Command;

use crate::kills::{can_mount, skipped_mount};
use crate::province::{Province, small_scheme};

/// Lines of the story that must be there, in this order.
const STORY: [&str; 36] = [
    "=== Wednesday",
    "(exit code 0)",
    "=== Thursday",
    "(exit code 0)",
    "=== Friday",
    "held: leads: ",
    "(exit code 1)",
    "(exit code 0)",
    "=== Saturday",
    "(killed)",
    "resumed    ",
    "=== Sunday",
    "No space left on device",
    "(exit code 3: ",
    "=== Monday",
    "办理意见",
    "(exit code 0)",
    "=== Tuesday",
    "(exit code 0)",
    "=== The week: kaohe runs",
    "done, held",
    "at work, or killed, after ",
    "failed",
    "No space left on device",
    "◀ current",
    "=== The week: kaohe status",
    "as of      2026-06-30",
    "disk       lake ",
    // The late changes move totals, and the change is put down to the data.
    "=== The week: what moved between Wednesday and Thursday",
    "because of",
    "data",
    "=== The week: what moved between Wednesday and Tuesday",
    "gone",
    "（合并后）",
    "new",
    "=== The week has ended well",
];

/// The whole week on a disk of its own: it fills up on Sunday.
#[test]
fn a_week_of_nights_needs_no_hand_but_the_documented_ones() {
    let folder = Province::empty();
    if !can_mount(&folder.path("")) {
        return skipped_mount("a week of nights");
    }
    let mount = "mount -t tmpfs -o size=300m tmpfs \"$DISK\"";
    let with_disk = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["--mount", "--map-root-user", "sh", "-c", &format!("{mount} && {script}")]).env("DISK", folder.folder());
        command
    };
    let scheme = Province::empty();
    scheme.write("2026.toml", small_scheme());
    let script = concat!("'", env!("CARGO_MANIFEST_DIR"), "/tests/week.sh' '", env!("CARGO_BIN_EXE_kaohe"), "' \"$DISK\"");
    let output = with_disk(script).env("KAOHE_WEEK_SCHEME", scheme.path("2026.toml")).output().expect("unshare runs");
    let story = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{story}\n{}", String::from_utf8_lossy(&output.stderr));
    let mut rest = story.as_str();
    for line in STORY {
        let (_, after) = rest.split_once(line).unwrap_or_else(|| panic!("`{line}` is missing after what came before it:\n{story}"));
        rest = after;
    }
}
