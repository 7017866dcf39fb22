//! Sources that stand in a database: a real PostgreSQL, started here, and servers that only look like one.
//!
//! PostgreSQL (Debian's package `postgresql`) is looked for in PATH and where Debian puts it. Without it the tests are skipped and say so; on the
//! build server (`CI=true`) it has to be there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use arrow::array::Array;
use arrow::util::display::array_value_to_string;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::province::{AS_OF, Ended, FIGURES, Province, after, finished_small, skipped};

const PASSWORD: &str = "s3cret@:/#密";
const PASSWORD_IN_URL: &str = "s3cret%40%3A%2F%23%E5%AF%86";
/// Whom PostgreSQL runs as where the tests run as root, which it refuses.
const NOBODY: u32 = 65_534;
const PATIENCE: Duration = Duration::from_secs(60);

/// A server that is stopped when the last test lets go of it.
struct Postgres {
    folder: tempfile::TempDir,
    programs: PathBuf,
    port: u16,
    process: Child,
}

/// The server, shared by the tests that run at the same time; `None` when PostgreSQL is not installed.
fn postgres() -> Option<Arc<Postgres>> {
    static RUNNING: Mutex<Weak<Postgres>> = Mutex::new(Weak::new());
    let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(server) = running.upgrade() {
        return Some(server);
    }
    let Some(programs) = programs() else {
        skipped("sources of databases: PostgreSQL is not installed");
        return None;
    };
    let server = Arc::new(Postgres::start(programs));
    *running = Arc::downgrade(&server);
    Some(server)
}

/// The folder of `initdb` and `postgres`, the newest where there are several.
fn programs() -> Option<PathBuf> {
    let in_path = std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect::<Vec<_>>()).unwrap_or_default();
    let mut of_debian: Vec<PathBuf> =
        fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|entry| entry.path().join("bin")).collect();
    of_debian.sort();
    of_debian.reverse();
    of_debian.into_iter().chain(in_path).find(|folder| ["initdb", "postgres", "psql"].iter().all(|program| folder.join(program).exists()))
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port()
}

impl Postgres {
    fn start(programs: PathBuf) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let is_root = fs::metadata(folder.path()).expect("the folder").uid() == 0;
        let command = |program: &str| {
            let mut command = Command::new(programs.join(program));
            command.current_dir(folder.path()).stdout(Stdio::null()).stderr(Stdio::null());
            if is_root {
                command.uid(NOBODY).gid(NOBODY);
            }
            command
        };
        fs::write(folder.path().join("password"), PASSWORD).expect("written");
        fs::write(folder.path().join("log"), "").expect("written");
        certificate(folder.path());
        if is_root {
            for entry in fs::read_dir(folder.path()).expect("the folder").flatten() {
                chown(entry.path(), Some(NOBODY), Some(NOBODY)).expect("given away");
            }
            chown(folder.path(), Some(NOBODY), Some(NOBODY)).expect("given away");
        }
        let made = command("initdb")
            .args(["-D", "data", "-U", "kaohe", "--pwfile=password", "--auth-local=trust", "--auth-host=scram-sha-256"])
            .args(["-E", "UTF8", "--locale=C", "--no-sync"])
            .status()
            .expect("initdb starts");
        assert!(made.success(), "initdb failed");
        let port = free_port();
        let mut server = command("postgres");
        server.args(["-D", "data", "-p", &port.to_string(), "-k", &folder.path().to_string_lossy()]);
        for setting in ["listen_addresses=127.0.0.1", "fsync=off", "ssl=on", "ssl_cert_file=../server.pem", "ssl_key_file=../server.key"] {
            server.args(["-c", setting]);
        }
        let log = fs::File::options().append(true).open(folder.path().join("log")).expect("a log");
        let process = server.stderr(log).spawn().expect("postgres starts");
        let server = Self { programs: programs.clone(), port, process, folder };
        let begun = Instant::now();
        while !server.psql("postgres", &[]).arg("-c").arg("SELECT 1").output().expect("psql starts").status.success() {
            let log = fs::read_to_string(server.folder.path().join("log")).unwrap_or_default();
            assert!(begun.elapsed() < PATIENCE, "PostgreSQL does not answer: {log}");
            std::thread::sleep(Duration::from_millis(50));
        }
        server
    }

    fn psql(&self, database: &str, variables: &[(&str, &str)]) -> Command {
        let mut psql = Command::new(self.programs.join("psql"));
        psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-U", "kaohe", "-d", database, "-p", &self.port.to_string(), "-h"]);
        psql.arg(self.folder.path()).env("PGCLIENTENCODING", "UTF8").envs(variables.iter().copied());
        psql
    }

    /// Runs a script; what it answers.
    #[track_caller]
    fn sql(&self, database: &str, script: &str) -> String {
        let mut psql =
            self.psql(database, &[]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("psql starts");
        psql.stdin.take().expect("a pipe").write_all(script.as_bytes()).expect("written");
        let ended = psql.wait_with_output().expect("psql ends");
        assert!(ended.status.success(), "{script}: {}", String::from_utf8_lossy(&ended.stderr));
        String::from_utf8_lossy(&ended.stdout).trim().to_owned()
    }

    /// A new database with these tables.
    #[track_caller]
    fn database(&self, name: &str, script: &str) -> String {
        self.sql("postgres", &format!("CREATE DATABASE {name}"));
        self.sql(name, script);
        self.url(name)
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://kaohe:{PASSWORD_IN_URL}@127.0.0.1:{}/{database}", self.port)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-QUIT", &self.process.id().to_string()]).status();
        let _ = self.process.wait();
    }
}

/// A certificate for 127.0.0.1 that nobody else has signed.
fn certificate(folder: &Path) {
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=127.0.0.1",
            "-addext",
            "subjectAltName=IP:127.0.0.1",
        ])
        .args(["-addext", "basicConstraints=critical,CA:FALSE", "-keyout", "server.key", "-out", "server.pem"])
        .current_dir(folder)
        .output()
        .expect("openssl starts");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

/// A session that stays open.
struct Session(Child, ChildStdin);

impl Session {
    fn open(server: &Postgres, database: &str) -> Self {
        let mut psql = server.psql(database, &[]).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("psql starts");
        let input = psql.stdin.take().expect("a pipe");
        Self(psql, input)
    }

    fn say(&mut self, sql: &str) {
        writeln!(self.1, "{sql}").and_then(|()| self.1.flush()).expect("psql listens");
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A project of these sources.
fn project(sources: &str) -> Province {
    let province = Province::empty();
    province.write("kaohe.toml", format!("name = \"试\"\nscheme = \"2026\"\n{sources}"));
    province
}

/// `[[source]]` of a relation with the name of its table.
fn source(table: &str, variable: &str, order_by: &str) -> String {
    format!("[[source]]\ntable = \"{table}\"\ndatabase = \"${variable}\"\nrelation = \"public.{table}\"\norder_by = [\"{order_by}\"]\n")
}

fn command(province: &Province, arguments: &[&str], variables: &[(&str, &str)]) -> Command {
    let mut kaohe = Command::new(env!("CARGO_BIN_EXE_kaohe"));
    kaohe.args(arguments).args(["--as-of", AS_OF, "--project"]).arg(province.path("")).envs(variables.iter().copied());
    kaohe
}

/// kaohe, which never says a password.
#[track_caller]
fn kaohe(province: &Province, arguments: &[&str], variables: &[(&str, &str)]) -> Ended {
    let ended: Ended = command(province, arguments, variables).output().expect("kaohe starts").into();
    let journals = province.runs().iter().map(|run| province.text(&format!("runs/{run}/run_results.json"))).collect::<String>();
    for secret in [PASSWORD, PASSWORD_IN_URL] {
        assert!(!ended.said().contains(secret) && !journals.contains(secret), "{}", ended.said());
    }
    ended
}

/// What the newest run says of a table.
#[track_caller]
fn result(province: &Province, table: &str) -> serde_json::Value {
    // Runs of one second are not named in their order.
    let written = |run: &String| fs::metadata(province.path(&format!("runs/{run}/run_results.json"))).and_then(|file| file.modified()).ok();
    let run = province.runs().into_iter().max_by_key(written).expect("a run");
    province.results_of(&run)["tables"][table].clone()
}

/// Why the newest run held a table.
#[track_caller]
fn held(province: &Province, table: &str) -> String {
    let result = result(province, table);
    assert_eq!(result["held_because"], serde_json::json!(["not_pulled"]), "{result}");
    result["held"].as_str().expect("a reason").to_owned()
}

/// The rows of a table of a lake that was written once: of each its values by column, without what names the load itself.
fn rows(province: &Province, table: &str) -> Vec<BTreeMap<String, String>> {
    let mut rows = Vec::new();
    let mut folders = vec![province.path("lake").join(table)];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(&folder).expect("the lake has the table").flatten().map(|entry| entry.path()) {
            if path.is_dir() && !path.ends_with("_delta_log") {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "parquet") {
                let file = fs::File::open(&path).expect("a file of the lake");
                let reader = ParquetRecordBatchReaderBuilder::try_new(file).expect("Parquet").build().expect("readable");
                for batch in reader.map(|batch| batch.expect("a batch")) {
                    let given = |row: usize| {
                        let schema = batch.schema();
                        let columns = schema.fields().iter().zip(batch.columns()).filter(|(_, column)| column.is_valid(row));
                        let texts =
                            columns.map(|(field, column)| (field.name().clone(), array_value_to_string(column, row).expect("shown")));
                        texts.filter(|(name, _)| name != "batch_id").collect()
                    };
                    rows.extend((0..batch.num_rows()).map(given));
                }
            }
        }
    }
    rows.sort();
    rows
}

#[test]
fn a_province_whose_registry_and_cases_stand_in_a_database_is_assessed_to_the_byte_as_from_files() {
    let Some(server) = postgres() else { return };
    let province = after(finished_small());
    let before = province.tables();
    let url = server.database("province", "");
    for (table, encoding) in [("units", "UTF8"), ("cases", "GB18030"), ("leads", "UTF8")] {
        let folder = province.path(&format!("sources/{table}"));
        let mut files: Vec<PathBuf> = fs::read_dir(&folder).expect("the table's files").flatten().map(|entry| entry.path()).collect();
        files.sort();
        let text = |path: &Path| {
            let bytes = fs::read(path).expect("a file");
            if encoding == "UTF8" { String::from_utf8(bytes).expect("UTF-8") } else { encoding_rs::GB18030.decode(&bytes).0.into_owned() }
        };
        let head = text(&files[0]);
        let headers: Vec<&str> = head.trim_start_matches('\u{feff}').lines().next().expect("a header").split(',').collect();
        let columns: Vec<String> = headers.iter().map(|header| format!("\"{header}\" text")).collect();
        server.sql("province", &format!("CREATE TABLE raw_{table} ({})", columns.join(", ")));
        for file in &files {
            let copied = server
                .psql("province", &[("PGCLIENTENCODING", encoding)])
                .args(["-c", &format!("\\copy raw_{table} FROM '{}' CSV HEADER", file.display())])
                .output()
                .expect("psql starts");
            assert!(copied.status.success(), "{}", String::from_utf8_lossy(&copied.stderr));
        }
        // Some columns as a well-kept database would have them.
        let typed: Vec<String> = headers
            .iter()
            .map(|header| match *header {
                "调查终结时间" | "履行完毕日期" => format!("\"{header}\"::date AS \"{header}\""),
                "创建时间" => format!("\"{header}\"::timestamp AT TIME ZONE 'Asia/Shanghai' AS \"{header}\""),
                "修改时间" => format!("\"{header}\"::timestamp AS \"{header}\""),
                "实缴罚款" => format!("\"{header}\"::numeric AS \"{header}\""),
                "案情复杂" => format!("\"{header}\" = '是' AS \"{header}\""),
                "处罚类别" => format!("string_to_array(\"{header}\", ';') AS \"{header}\""),
                _ => format!("\"{header}\""),
            })
            .collect();
        server.sql("province", &format!("CREATE VIEW {table} AS SELECT {} FROM raw_{table}", typed.join(", ")));
    }
    let mut text = province.text("kaohe.toml");
    for (table, key) in [("units", "执法单位编码"), ("cases", "案号"), ("leads", "线索编号")] {
        let start = text.find(&format!("[[source]]\ntable = \"{table}\"\n")).expect("the source of files");
        let end = text[start + 1..].find("[[source]]").map_or(text.len(), |at| start + 1 + at);
        text.replace_range(start..end, &source(table, "PROVINCE_DATABASE", key));
    }
    province.write("kaohe.toml", text);
    let variables = [("PROVINCE_DATABASE", url.as_str())];

    let checked = kaohe(&province, &["check"], &[]).with(0).out;
    assert!(checked.contains("the environment variable PROVINCE_DATABASE is not set here"), "{checked}");
    assert!(!kaohe(&province, &["check"], &variables).with(0).out.contains("PROVINCE_DATABASE"));
    let plan = kaohe(&province, &["run", "--dry-run"], &variables).with(0).out;
    assert!(plan.lines().any(|line| line.contains("pull cases") && line.ends_with("PROVINCE_DATABASE/public.cases")), "{plan}");
    let plan = kaohe(&province, &["run", "--dry-run"], &[]).with(0).out;
    assert!(plan.contains("← $PROVINCE_DATABASE is not set: the table would be held"), "{plan}");

    let said = kaohe(&province, &["run"], &variables).with(0).said();
    assert!(said.contains(" pull\n") && said.contains("(pull "), "a stage of its own: {said}");
    for table in ["units", "cases", "leads"] {
        let result = result(&province, table);
        assert_eq!(result["months_written"], 0, "every row of `{table}` is as it was: {result}");
        assert!(result["months_unchanged"].as_u64() > Some(0), "{result}");
    }
    let now = province.tables();
    FIGURES.iter().for_each(|table| assert_eq!(now[*table], before[*table], "{table}"));
    let account = province.sql("SELECT format, source_file, records_seen > 0 FROM accounting WHERE \"table\" = 'cases'");
    assert_eq!(account, [["postgresql", "PROVINCE_DATABASE/public.cases", "true"]]);
}

/// Values that text formats stumble over, in the types of a well-kept database.
const CASES: &str = r#"
CREATE TABLE cases (case_id varchar(40) COLLATE "und-x-icu" PRIMARY KEY, unit_id char(8), domain text, opened_on date, created_at timestamptz,
  updated_at timestamp, fine_amount numeric(12,3), major boolean, penalty_kinds text[], case_name text, illegal_fact text, remarks text);
INSERT INTO cases VALUES
  ('b-1', '330113SJ', 'market', '2026-03-01', '2026-03-01 01:02:03.5+00', '2026-03-01 09:00:00', 5500.500, true, '{警告,罚款}', E'引号"与\\反斜杠\\N', E'第一行\n第二行,\t逗号', NULL),
  ('B-2', '330113SJ', 'market', '2026-03-02', '1990-07-01 00:00:00+00', NULL, 0, false, '{}', '', E'甲,乙,丙,丁\n一,二,三,四\n1,2,3,4\n5,6,7,8\nx', '  前后有空格  '),
  ('a-3', '330113SJ', 'market', '2026-04-03', NULL, '2026-04-03 23:59:59.999999', NULL, NULL, NULL, NULL, '𠮷野家 … ｶﾅ', 'NULL'),
  ('甲-4', '330113SJ', 'market', '2026-04-04', 'infinity', NULL, 12, true, '{"罚款",NULL}', 'x', NULL, NULL);
"#;

#[test]
fn values_of_every_type_arrive_as_from_a_file_of_the_same_rows_and_in_the_order_of_their_bytes() {
    let Some(server) = postgres() else { return };
    let url = server.database("values_of_types", CASES);
    let pulled = project(&source("cases", "VALUES", "case_id"));
    let variables = [("VALUES", url.as_str())];
    let of_file = project("[[source]]\ntable = \"cases\"\npath = \"cases.csv\"\n");
    // The lines of one cell look like records of their own to a reader of files, so that this row is left to the database.
    let select = "SELECT case_id, unit_id, domain, opened_on, created_at, updated_at, fine_amount, major, array_to_string(penalty_kinds, ';') AS \
                  penalty_kinds, case_name, illegal_fact, remarks FROM cases WHERE case_id <> 'B-2' ORDER BY case_id COLLATE \"C\"";
    let csv = server
        .psql("values_of_types", &[("PGTZ", "Asia/Shanghai")])
        .arg("-c")
        .arg(format!("COPY ({select}) TO STDOUT CSV HEADER"))
        .output();
    of_file.write("cases.csv", csv.expect("psql starts").stdout);

    // What no instant can be is set apart, not lost.
    pulled.replace("kaohe.toml", "order_by", "max_quarantine_rate = 0.5\norder_by");
    of_file.replace("kaohe.toml", "path", "max_quarantine_rate = 0.5\npath");
    kaohe(&pulled, &["load"], &variables).with(0);
    kaohe(&of_file, &["load"], &[]).with(0);
    assert_eq!(result(&pulled, "cases")["records"], serde_json::json!([4, 3, 1, 0, 0]), "infinity is no instant");
    let mut of_database = rows(&pulled, "cases");
    let lines: Vec<(&str, &str)> = of_database.iter().map(|row| (row["case_id"].as_str(), row["source_line"].as_str())).collect();
    assert_eq!(lines, [("B-2", "1"), ("a-3", "2"), ("b-1", "3")], "by bytes, and not as the column's own collation has it");
    assert!(of_database.iter().all(|row| row["source_file"] == "VALUES/public.cases"));
    let left_out = of_database.remove(0);
    assert_eq!((left_out["illegal_fact"].lines().count(), left_out["created_at"].as_str()), (5, "1990-07-01T00:00:00Z"));
    assert_eq!(left_out.get("case_name"), None, "an empty text is nothing");
    let mut of_file = rows(&of_file, "cases");
    for row in of_database.iter_mut().chain(&mut of_file) {
        row.retain(|name, _| name != "source_file" && name != "source_line");
    }
    assert_eq!(of_database, of_file);
    assert_eq!(of_database[1]["penalty_kinds"], "[warning, fine]");
}

#[test]
fn a_query_a_mapping_and_a_database_in_another_encoding_work_and_rows_that_the_order_does_not_tell_apart_are_told() {
    let Some(server) = postgres() else { return };
    server.sql("postgres", "CREATE DATABASE chinese ENCODING 'EUC_CN' TEMPLATE template0");
    server.sql(
        "chinese",
        "CREATE TABLE officers (officer_id text, unit text, team text); INSERT INTO officers VALUES ('甲', '某局', '一'), ('乙', '某局', '一'), ('丙', NULL, '二'), ('丙', '', '二')",
    );
    let province = project(
        "[[source]]\ntable = \"officers\"\ndatabase = \"$CHINESE\"\nquery = \"queries/officers.sql\"\norder_by = [\"team\"]\nmapping = \"queries/shape.sql\"\n",
    );
    province.write("queries/officers.sql", "SELECT officer_id, unit, team, NULL::text AS empty FROM officers -- all of them\n;\n");
    province.write(
        "queries/shape.sql",
        "SELECT source_line, officer_id || '-' || source_line AS officer_id, coalesce(unit, '没有') || '/' || coalesce(nullif(unit, ''), '空') AS unit_id FROM source",
    );
    let url = server.url("chinese");
    let variables = [("CHINESE", url.as_str())];
    let said = kaohe(&province, &["load"], &variables).with(0).said();
    assert!(said.contains("officers: 2 of 4 rows of $CHINESE have the same team as the row before them"), "{said}");
    let loaded = rows(&province, "officers");
    assert!(loaded.len() == 4 && loaded.iter().all(|row| row["source_file"] == "CHINESE/queries/officers.sql"), "{loaded:?}");
    let units: BTreeSet<&str> = loaded.iter().map(|row| row["unit_id"].as_str()).collect();
    assert_eq!(units, BTreeSet::from(["某局/某局", "没有/空", "/空"]), "null is not an empty text");
    province.write("queries/officers.sql", "DELETE FROM officers; SELECT 1");
    let checked = kaohe(&province, &["check"], &[]).with(1).out;
    assert!(checked.contains("error[query-form]: a query is one SELECT"), "{checked}");
    kaohe(&province, &["load"], &variables).with(1);
    assert!(held(&province, "officers").contains("CHINESE/queries/officers.sql: $CHINESE says: "), "{}", held(&province, "officers"));
    assert_eq!(server.sql("chinese", "SELECT count(*) FROM officers"), "4");
}

#[test]
fn what_is_written_while_a_database_is_read_is_in_none_of_its_tables_or_in_all() {
    let Some(server) = postgres() else { return };
    let url = server.database(
        "snapshot",
        "CREATE TABLE devices_kept (device_id text); INSERT INTO devices_kept VALUES ('D1');
         CREATE TABLE officers (officer_id text, unit_id text); INSERT INTO officers VALUES ('O1', 'U1');
         CREATE TABLE units (unit_id text, valid_from date); INSERT INTO units VALUES ('U1', '2019-01-01');
         CREATE VIEW devices AS SELECT device_id FROM devices_kept, (SELECT pg_advisory_lock_shared(42)) AS waiting",
    );
    let sources = [("devices", "device_id"), ("officers", "officer_id"), ("units", "unit_id")];
    let province = project(&sources.map(|(table, key)| source(table, "SNAPSHOT", key)).concat());
    let mut holder = Session::open(&server, "snapshot");
    holder.say("SELECT pg_advisory_lock(42);");
    let wait_until = |sql: &str, what: &str| {
        let begun = Instant::now();
        while server.sql("snapshot", sql) != "t" {
            assert!(begun.elapsed() < PATIENCE, "{what}");
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    let locks = "FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE locktype = 'advisory'";
    wait_until(&format!("SELECT count(*) = 1 {locks} AND granted"), "nobody holds the lock");
    let reading =
        command(&province, &["load"], &[("SNAPSHOT", &url)]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("kaohe starts");
    wait_until(&format!("SELECT count(*) = 1 {locks} AND NOT granted AND application_name = 'kaohe'"), "kaohe does not read");
    server.sql("snapshot", "BEGIN; INSERT INTO devices_kept VALUES ('D2'); INSERT INTO officers VALUES ('O2', 'U1'); COMMIT");
    // A table that is emptied and filled anew would look empty to whoever has begun to read: so this has to wait.
    let mut refill = Session::open(&server, "snapshot");
    refill.say("BEGIN; TRUNCATE units; INSERT INTO units VALUES ('U1', '2019-01-01'), ('U2', '2019-01-01'); COMMIT;");
    wait_until(
        "SELECT count(*) = 1 FROM pg_stat_activity WHERE query LIKE '%TRUNCATE units%' AND wait_event_type = 'Lock'",
        "nobody waits",
    );
    holder.say("SELECT pg_advisory_unlock(42);");
    let ended = reading.wait_with_output().expect("kaohe ends");
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    for table in ["devices", "officers", "units"] {
        assert_eq!(result(&province, table)["rows"], 1, "{table} is as it was when the first table was read");
    }
    drop(holder);
    wait_until("SELECT count(*) = 2 FROM units", "the table is not filled anew");
    kaohe(&province, &["load"], &[("SNAPSHOT", &url)]).with(0);
    for table in ["devices", "officers", "units"] {
        assert_eq!(result(&province, table)["rows"], 2, "{table}");
    }
}

#[test]
fn what_a_database_refuses_holds_one_table_with_what_was_said_and_what_to_do_and_the_others_are_loaded() {
    let Some(server) = postgres() else { return };
    let url = server.database(
        "refusing",
        "CREATE TABLE units (unit_id text, valid_from date); INSERT INTO units VALUES ('U1', '2019-01-01');
         CREATE VIEW officers AS SELECT 'O' || n AS officer_id, 'U' || random() AS unit_id FROM generate_series(1, 20) AS n;
         CREATE TABLE cases (case_id text); REVOKE ALL ON cases FROM PUBLIC;
         CREATE TABLE trainings (training_id text, officer_id text);
         CREATE VIEW leads AS SELECT 'L' AS lead_id, ('李某' || current_database())::int AS n;
         CREATE VIEW inspections AS SELECT n::text AS inspection_id, CASE WHEN n = 5000 THEN pg_terminate_backend(pg_backend_pid()) END AS x
           FROM generate_series(1, 9000) AS n;
         CREATE TABLE hazards (hazard_id text);
         CREATE ROLE reader LOGIN PASSWORD 'pw-of-reader'; GRANT SELECT ON units, officers, trainings, leads, inspections, hazards TO reader;
         INSERT INTO units VALUES ('U2', '2019-01-01'); ALTER TABLE units ENABLE ROW LEVEL SECURITY;
         CREATE POLICY own ON units TO reader USING (unit_id = 'U1')",
    );
    let reader = url.replace(&format!("kaohe:{PASSWORD_IN_URL}"), "reader:pw-of-reader");
    let keys = [
        ("units", "unit_id"),
        ("officers", "officer_id"),
        ("devices", "device_id"),
        ("cases", "case_id"),
        ("trainings", "trainin_id"),
        ("leads", "lead_id"),
        ("inspections", "inspection_id"),
        ("hazards", "hazard_id"),
    ];
    let elsewhere = [("appeals", "WRONG_PASSWORD"), ("benchmarks", "NO_DATABASE"), ("complaints", "NOBODY_THERE"), ("conflicts", "UNSET")];
    let sources = keys.map(|(table, key)| source(table, "REFUSING", key)).concat();
    let province = project(&(sources + &elsewhere.map(|(table, variable)| source(table, variable, "id")).concat()));
    let nobody = format!("postgres://kaohe:pw-of-reader@127.0.0.1:{}/x", free_port());
    let (wrong, none) = (reader.replace("pw-of-reader", "pw-of-nobody"), reader.replace("/refusing", "/nowhere"));
    let variables = [("REFUSING", reader.as_str()), ("WRONG_PASSWORD", &wrong), ("NO_DATABASE", &none), ("NOBODY_THERE", nobody.as_str())];
    let said = kaohe(&province, &["load"], &variables).with(1).said();
    assert!(!said.contains("pw-of-"), "{said}");
    assert_eq!(result(&province, "units")["rows"], 1, "{said}");
    assert!(said.contains("units: row-level security of public.units shows the user in $REFUSING only some of its rows"), "{said}");
    assert!(said.contains("held: cases: REFUSING/public.cases: "), "{said}");
    for (table, parts) in [
        ("officers", &["the database counts 20 rows with the checksum ", "but 20 rows with the checksum ", "random()"][..]),
        (
            "devices",
            &[
                "REFUSING/public.devices: $REFUSING says: relation \"public.devices\" does not exist (SQLSTATE 42P01)",
                "names are taken letter by letter",
            ],
        ),
        ("cases", &["permission denied for table cases", "ask for GRANT SELECT"]),
        ("trainings", &["`order_by` names `trainin_id`", "did you mean `training_id`?"]),
        ("leads", &["invalid input syntax for type integer (SQLSTATE 22P02)"]),
        ("inspections", &["terminating connection due to administrator command", "run again"]),
        ("hazards", &["the server of $REFUSING went away before the rows could be read", "run again"]),
        (
            "appeals",
            &["$WRONG_PASSWORD can't be connected to: password authentication failed for user \"reader\"", "user or password are wrong"],
        ),
        ("benchmarks", &["database \"nowhere\" does not exist", "ends with the name of a database"]),
        ("complaints", &["$NOBODY_THERE can't be connected to: error connecting to server", "is the server up"]),
        ("conflicts", &["the environment variable UNSET is not set", "postgres://user:password@host"]),
    ] {
        let reason = held(&province, table);
        parts.iter().for_each(|part| assert!(reason.contains(part), "{table}: `{part}` is not in: {reason}"));
        assert!(!reason.contains("李某"), "a value is no business of a message: {reason}");
    }
}

/// A server that asks for the password in a way of its own.
fn asking(code: i32, more: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let mut length = [0; 4];
            stream.read_exact(&mut length).expect("a greeting");
            let mut greeting = vec![0; u32::from_be_bytes(length) as usize - 4];
            stream.read_exact(&mut greeting).expect("a greeting");
            let answer = [&b"R"[..], &(8 + more.len() as i32).to_be_bytes(), &code.to_be_bytes(), more].concat();
            let _ = stream.write_all(&answer);
            // Until the other side hangs up.
            let _ = stream.read(&mut [0]);
        }
    });
    format!("postgres://kaohe:pw@127.0.0.1:{port}/x")
}

#[test]
fn opengauss_and_kingbase_are_named_with_what_to_do_instead() {
    // SHA256 of openGauss: how the password is kept (2), 64 characters of salt, 8 of a token, rounds.
    let sha256 = asking(10, b"\0\0\0\x020123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef01234567\0\0\x27\x10");
    let sm3 = asking(13, b"\0\0\0\x030123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef01234567\0\0\x27\x10");
    let mut sources = source("officers", "SHA256", "officer_id") + &source("devices", "SM3", "device_id");
    let mut variables = vec![("SHA256", sha256), ("SM3", sm3)];
    let server = postgres();
    if let Some(server) = &server {
        // The probe as PostgreSQL answers it where another function stands before its own.
        let url = server.database(
            "kingbase",
            "CREATE SCHEMA kingbase; CREATE FUNCTION kingbase.version() RETURNS text LANGUAGE sql AS $$SELECT 'KingbaseES V008R006C008B0014 on x86_64'$$;
             ALTER DATABASE kingbase SET search_path = kingbase, pg_catalog",
        );
        sources += &source("units", "KINGBASE", "unit_id");
        variables.push(("KINGBASE", url));
    }
    let variables: Vec<(&str, &str)> = variables.iter().map(|(name, url)| (*name, url.as_str())).collect();
    let province = project(&sources);
    kaohe(&province, &["load"], &variables).with(1);
    for (table, sign) in
        [("officers", "(authentication 10, for passwords kept as SHA256)"), ("devices", "(authentication 13, for passwords kept as SM3)")]
    {
        let reason = held(&province, table);
        assert!(reason.contains(sign) && reason.contains("openGauss, GaussDB and Vastbase"), "{reason}");
        assert!(reason.contains("name them by `path`") && reason.contains("password_encryption_type = 0 or 1"), "{reason}");
    }
    if server.is_some() {
        let reason = held(&province, "units");
        assert!(
            reason.contains("$KINGBASE is KingbaseES 人大金仓, not PostgreSQL: its version() is `KingbaseES V008R006C008B0014"),
            "{reason}"
        );
        assert!(reason.contains("have the rows exported to files"), "{reason}");
    }
}

#[test]
fn rows_cross_a_network_encrypted_for_a_server_that_this_machine_trusts_or_because_somebody_said_so() {
    let Some(server) = postgres() else { return };
    let url = server.database("encrypted", "CREATE TABLE devices AS SELECT 'D1' AS device_id");
    // What the table shows is whether the connection that reads it is encrypted.
    server.sql("encrypted", "CREATE VIEW officers AS SELECT CASE WHEN ssl THEN 'encrypted' ELSE 'plain' END AS officer_id, 'U1' AS unit_id FROM pg_stat_ssl WHERE pid = pg_backend_pid()");
    let province = project(&source("officers", "ENCRYPTED", "officer_id"));
    let certificate = server.folder.path().join("server.pem");
    let trusted = ("SSL_CERT_FILE", certificate.to_str().expect("a path"));
    let required = format!("{url}?sslmode=require");
    kaohe(&province, &["load"], &[("ENCRYPTED", &required), trusted]).with(0);
    assert_eq!(rows(&province, "officers")[0]["officer_id"], "encrypted");
    kaohe(&province, &["load"], &[("ENCRYPTED", &required)]).with(1);
    let reason = held(&province, "officers");
    assert!(reason.contains("certificate") && reason.contains("SSL_CERT_FILE"), "{reason}");
    // Where nobody says anything, nothing leaves the machine.
    let far = url.replace("127.0.0.1", "192.0.2.1");
    let said = kaohe(&province, &["check"], &[("ENCRYPTED", &far)]).with(1).said();
    assert!(
        said.contains("error[database-address]") && said.contains("does not say whether the rows may cross the network unencrypted"),
        "{said}"
    );
    let said = kaohe(&province, &["load"], &[("ENCRYPTED", "postgres://kaohe:p@ss:w/rd@h/x/y?z=1")]).with(2).said();
    assert!(said.contains("it is not an address of a PostgreSQL database") && !said.contains("ss:w"), "{said}");
}
