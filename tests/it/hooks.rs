//! A night that ended tells those whom the project names, once, whatever became of it.

use crate::province::{after, finished_small};

/// Appends what it was told to a file of the project.
const TELLS: &str = r#"printf '%s|%s|%s|%s|%s\n' "$KAOHE_EVENT" "$KAOHE_COMMAND" "$KAOHE_EXIT_CODE" "$KAOHE_RUN" "$KAOHE_SUMMARY" >> told"#;

#[test]
fn a_night_tells_how_it_ended_and_a_hook_that_fails_changes_nothing() {
    let province = after(finished_small());
    let hooks = format!("[hooks]\nsuccess = '''{TELLS}'''\nheld = '''{TELLS}'''\nfailure = '''{TELLS}; exit 3'''\n\n[[source]]");
    province.replace("kaohe.toml", "[[source]]", &hooks);
    province.kaohe(&["load"]).with(0);
    let told = province.text("told");
    assert!(told.starts_with("success|load|0|") && told.contains("loaded     "), "{told}");
    let run = told.split('|').nth(3).expect("the run");
    assert!(province.path("runs").join(run).is_dir(), "{told}");

    // A table whose file says nothing is held.
    let cases = std::fs::read_dir(province.path("sources/cases")).expect("cases").next().expect("a file").expect("a file").path();
    let good = std::fs::read(&cases).expect("cases");
    std::fs::write(&cases, "编号\n1\n").expect("written");
    province.kaohe(&["load"]).with(1);
    let told = province.text("told");
    assert!(told.lines().any(|line| line.starts_with("held|load|1|")), "{told}");
    std::fs::write(&cases, good).expect("written");

    province.write("queries/clocks.toml", "[[clock]]\nnme = \"x\"\n");
    let refused = province.run().with(2).said();
    let told = province.text("told");
    assert!(told.lines().any(|line| line.starts_with("failure|run|2|")), "{told}");
    assert!(refused.contains("the hook for failure in kaohe.toml ended with exit status: 3"), "{refused}");
    assert_eq!(province.kaohe(&["run", "--dry-run"]).code, Some(2));
    assert_eq!(province.text("told"), told, "a plan is no night");
}
