//! One connection to a PostgreSQL server: address, TLS, what the server is, the snapshot, and its refusals in words.
//!
//! In: the address of a database. Out: [`Server`], in a transaction that sees one state of the data. Never here: the rows of a source. No
//! message shows an address; of what a server says, none shows a value.

use std::collections::BTreeSet;
use std::error::Error as _;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Config, CopyOutStream, SimpleQueryMessage};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::copy::quoted;
use crate::error::{Context, Error, Kind, Result};
use crate::project::{ConnectionUrl, Database, Selection};

/// A host that does not answer is given up after this, unless the address says otherwise …
const CONNECT: Duration = Duration::from_secs(15);
/// … and one that answers but lets nobody in, after this.
const LOG_IN: Duration = Duration::from_secs(60);
/// A silent connection is asked whether it is still there.
const SILENCE: Duration = Duration::from_secs(60);
const QUESTIONS: (Duration, u32) = (Duration::from_secs(15), 4);

/// The first version whose `sha256` the checksum needs.
const OLDEST_VERSION: u32 = 11;

/// How values are written as text, and how long is waited: for a lock that somebody holds, and for one statement where neither the server nor
/// the address limits it.
const SETTINGS: &str = "SET LOCAL client_encoding = 'UTF8'; SET LOCAL DateStyle = 'ISO, YMD'; SET LOCAL IntervalStyle = 'iso_8601'; \
     SET LOCAL TimeZone = 'Asia/Shanghai'; SET LOCAL extra_float_digits = 3; SET LOCAL bytea_output = 'hex'; \
     SET LOCAL lock_timeout = '60s'; SET LOCAL idle_in_transaction_session_timeout = 0";
const STATEMENT_LIMIT: &str = "SET LOCAL statement_timeout = '2h'";

/// Products that speak PostgreSQL's protocol and are something else: a word of their `version()`, and their name.
const OTHERS: [(&str, &str); 6] = [
    ("kingbase", "KingbaseES 人大金仓"),
    ("vastbase", "Vastbase 海量数据"),
    ("mogdb", "MogDB"),
    ("gaussdb", "GaussDB"),
    ("opengauss", "openGauss"),
    ("highgo", "HighGo 瀚高"),
];
const EXPORT: &str = "only PostgreSQL is tested: have the rows exported to files (CSV or Parquet) and name them by `path`; or ask the developers for \
     this product, with the version above";

/// A connection in a transaction.
pub(super) struct Server {
    variable: String,
    client: Client,
    connection: Option<JoinHandle<Result<(), tokio_postgres::Error>>>,
    /// Whether it keeps its texts in UTF-8.
    pub is_utf8: bool,
}

impl Server {
    /// Connects to the one database that all these mean, finds out what it is, and fixes the state of the data that is read.
    ///
    /// # Errors
    /// [`Kind::Source`]: nobody answers, the login is refused, it is not PostgreSQL.
    pub async fn open(databases: &[&Database]) -> Result<Self> {
        let Some((variable, url)) = databases.first().map(|database| (&database.variable, database.url.as_ref())) else {
            return Err(Error::new(Kind::Bug, "no database to connect to"));
        };
        let url = url.ok_or_else(|| {
            Error::new(Kind::Source, format!("the environment variable {variable} is not set")).with_hint(
                "it holds postgres://user:password@host:5432/database; with systemd, name a file of mode 600 as EnvironmentFile=",
            )
        })?;
        let mut server = Self::connect(variable, url).await?;
        let limit = server.probe().await?;
        server.begin(databases, limit).await?;
        Ok(server)
    }

    async fn connect(variable: &str, url: &ConnectionUrl) -> Result<Self> {
        let config =
            settings(url).map_err(|(says, hint)| Error::new(Kind::Source, format!("the value of ${variable}: {says}")).with_hint(hint))?;
        let connecting = timeout(LOG_IN, config.connect(tls(config.get_ssl_mode())?));
        let (client, connection) = match connecting.await {
            Ok(Ok(connected)) => connected,
            Ok(Err(error)) => return Err(login_refused(&error, variable)),
            Err(_) => {
                let says = format!("${variable} answers, but has let nobody in for {} seconds", LOG_IN.as_secs());
                return Err(Error::new(Kind::Source, says).with_hint("is it PostgreSQL that listens there? its log says what it waits for"));
            }
        };
        Ok(Self { variable: variable.to_owned(), client, connection: Some(tokio::spawn(connection)), is_utf8: true })
    }

    /// Refuses what is not PostgreSQL; whether a statement needs a limit of time.
    async fn probe(&mut self) -> Result<bool> {
        let version = self.first_row("SELECT version()").await?.concat();
        if let Some((says, hint)) = fault_of_version(&version) {
            return Err(Error::new(Kind::Source, format!("${} {says}", self.variable)).with_hint(hint));
        }
        let row = self.first_row("SELECT current_setting('server_encoding'), current_setting('statement_timeout')").await?;
        let [encoding, limit] = row.try_into().unwrap_or_default();
        self.is_utf8 = encoding == "UTF8";
        Ok(limit == "0")
    }

    /// Begins the transaction whose first SELECT fixes what all further ones see.
    async fn begin(&mut self, databases: &[&Database], is_unlimited: bool) -> Result<()> {
        let limit = if is_unlimited { STATEMENT_LIMIT } else { "" };
        self.execute(&format!("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY; {SETTINGS}; {limit}")).await?;
        // A table that is truncated and filled anew after the snapshot, and before it is read, looks empty: so its readers are announced first.
        // What can't be locked (a materialised view) or seen is left for its own turn to complain.
        for database in databases {
            let Selection::Relation(parts) = &database.selection else { continue };
            let lock = format!("SAVEPOINT reading; LOCK TABLE {} IN ACCESS SHARE MODE", quoted(parts));
            if self.client.batch_execute(&lock).await.is_err() && !self.is_lost() {
                self.execute("ROLLBACK TO SAVEPOINT reading").await?;
            }
        }
        Ok(())
    }

    /// Runs statements that answer nothing.
    pub async fn execute(&mut self, sql: &str) -> Result<()> {
        match self.client.batch_execute(sql).await {
            Ok(()) => Ok(()),
            Err(error) => Err(self.refused(error).await),
        }
    }

    async fn first_row(&mut self, sql: &str) -> Result<Vec<String>> {
        let messages = match self.client.simple_query(sql).await {
            Ok(messages) => messages,
            Err(error) => return Err(self.refused(error).await),
        };
        let row = messages.into_iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        });
        Ok(row.map(|row| (0..row.len()).map(|at| row.get(at).unwrap_or_default().to_owned()).collect()).unwrap_or_default())
    }

    /// The one row of two texts that a SELECT answers.
    pub async fn two_texts(&mut self, sql: &str) -> Result<[String; 2]> {
        Ok(self.first_row(sql).await?.try_into().unwrap_or_default())
    }

    /// Names and types of the columns of a SELECT, which is not run.
    pub async fn columns(&mut self, sql: &str) -> Result<Vec<(String, Type)>> {
        match self.client.prepare(sql).await {
            Ok(statement) => Ok(statement.columns().iter().map(|column| (column.name().to_owned(), column.type_().clone())).collect()),
            Err(error) => Err(self.refused(error).await),
        }
    }

    /// Those of these types that have a collation.
    pub async fn collated(&mut self, types: &[u32]) -> Result<BTreeSet<u32>> {
        match self.client.query("SELECT oid FROM pg_catalog.pg_type WHERE oid = ANY($1) AND typcollation <> 0", &[&types]).await {
            Ok(rows) => Ok(rows.iter().map(|row| row.get(0)).collect()),
            Err(error) => Err(self.refused(error).await),
        }
    }

    /// Whether the user sees only some rows of a relation.
    pub async fn hides_rows(&mut self, relation: &str) -> Result<bool> {
        let sql = format!("SELECT row_security_active('{}')", relation.replace('\'', "''"));
        Ok(self.first_row(&sql).await?.concat() == "t")
    }

    /// Begins to copy.
    pub async fn copy_out(&mut self, sql: &str) -> Result<CopyOutStream> {
        match self.client.copy_out(sql).await {
            Ok(stream) => Ok(stream),
            Err(error) => Err(self.refused(error).await),
        }
    }

    /// Whether the connection is gone.
    pub fn is_lost(&self) -> bool {
        self.client.is_closed()
    }

    /// Refuses to go on where the connection is gone: another one would see another state of the data.
    ///
    /// # Errors
    /// It is gone.
    pub async fn refuse_lost(&mut self) -> Result<()> {
        if !self.is_lost() {
            return Ok(());
        }
        let says = format!("the server of ${} went away before the rows could be read", self.variable);
        Err(Error::new(Kind::Source, says).with_hint(AGAIN))
    }

    /// Ends the transaction and the connection.
    pub async fn close(mut self) {
        // Nothing was written; a server that is gone has ended it already.
        let _ = self.execute("ROLLBACK").await;
    }

    /// What the server refuses, in words.
    pub async fn refused(&mut self, error: tokio_postgres::Error) -> Error {
        let mut error = error;
        // Why a connection has closed only the task that read it knows.
        if error.is_closed()
            && let Some(connection) = self.connection.take()
            && let Ok(Ok(Err(cause))) = timeout(Duration::from_secs(1), connection).await
        {
            error = cause;
        }
        let hint = hint_of(&error, &self.variable);
        Error::new(Kind::Source, format!("${} says: {}", self.variable, words_of(&error))).with_hint(hint)
    }
}

const AGAIN: &str = "the other tables are not affected; once the server is back, run again";

/// An address as the driver takes it, or what is wrong with it and what to do.
pub(super) fn settings(url: &ConnectionUrl) -> Result<Config, (String, String)> {
    let wrong = |says: &str, hint: &str| (says.to_owned(), hint.to_owned());
    // The driver's own words could quote a part of the password.
    let form = || {
        wrong(
            "it is not an address of a PostgreSQL database",
            "write postgres://user:password@host:5432/database?sslmode=require (or disable); in the password write @ as %40, / as %2F, : as %3A, \
             # as %23, ? as %3F, % as %25",
        )
    };
    let is_url = ["postgres://", "postgresql://"].iter().any(|scheme| url.secret().starts_with(scheme));
    let mut config = Config::from_str(url.secret()).ok().filter(|_| is_url).ok_or_else(form)?;
    if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() || config.get_user().is_none() || config.get_dbname().is_none() {
        return Err(form());
    }
    if config.get_ssl_mode() == SslMode::Prefer {
        if !stays_here(&config) {
            return Err(wrong(
                "it does not say whether the rows may cross the network unencrypted",
                "add ?sslmode=require (the server's certificate is checked against those that this machine trusts, or those in the file that \
                 SSL_CERT_FILE names), or ?sslmode=disable where the network itself is trusted",
            ));
        }
        config.ssl_mode(SslMode::Disable);
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT);
    }
    if config.get_keepalives_idle() > SILENCE {
        config.keepalives_idle(SILENCE).keepalives_interval(QUESTIONS.0).keepalives_retries(QUESTIONS.1);
    }
    if config.get_application_name().is_none() {
        config.application_name("kaohe");
    }
    Ok(config)
}

/// Whether the server is on this machine.
fn stays_here(config: &Config) -> bool {
    let is_here = |host: &Host| match host {
        Host::Tcp(name) => name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback()),
        Host::Unix(_) => true,
    };
    match config.get_hostaddrs() {
        [] => config.get_hosts().iter().all(is_here),
        addresses => addresses.iter().all(std::net::IpAddr::is_loopback),
    }
}

/// TLS that checks the server's certificate; without `sslmode=require` nobody asks for it.
fn tls(mode: SslMode) -> Result<MakeRustlsConnect> {
    let mut roots = rustls::RootCertStore::empty();
    if mode == SslMode::Require {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    // Two providers of cryptography are among the dependencies, so one has to be named.
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .context(Kind::Environment, || "preparing TLS")?;
    Ok(MakeRustlsConnect::new(config.with_root_certificates(roots).with_no_client_auth()))
}

/// What a version tells against pulling from the server, and what to do.
fn fault_of_version(version: &str) -> Option<(String, String)> {
    let shown: String = version.chars().filter(|c| !c.is_control()).take(120).collect();
    let lower = version.to_lowercase();
    if let Some((_, name)) = OTHERS.iter().find(|(word, _)| lower.contains(word)) {
        return Some((format!("is {name}, not PostgreSQL: its version() is `{shown}`"), EXPORT.to_owned()));
    }
    let Some(number) = version.strip_prefix("PostgreSQL ") else {
        return Some((format!("is not PostgreSQL: its version() is `{shown}`"), EXPORT.to_owned()));
    };
    let major: u32 = number.split(|c: char| !c.is_ascii_digit()).next()?.parse().unwrap_or(0);
    (major < OLDEST_VERSION).then(|| {
        let hint = "it has no sha256() to compare the rows with: upgrade it, or have the rows exported to files and name them by `path`";
        (format!("is PostgreSQL {major}, and {OLDEST_VERSION} is the oldest that rows are pulled from"), hint.to_owned())
    })
}

/// Why nobody is let in. openGauss and its kin ask for passwords in ways whose numbers mean something else in PostgreSQL, or nothing.
fn login_refused(error: &tokio_postgres::Error, variable: &str) -> Error {
    let words = words_of(error);
    let of_others = [
        ("expected to be at end of iterator for sasl", "10, for passwords kept as SHA256"),
        ("unknown authentication tag `13`", "13, for passwords kept as SM3"),
    ];
    if let Some((_, code)) = of_others.iter().find(|(sign, _)| words.contains(sign)) {
        let says = format!(
            "the server of ${variable} is not PostgreSQL: it asks for the password as openGauss, GaussDB and Vastbase do (authentication {code})"
        );
        return Error::new(Kind::Source, says).with_hint(
            "have the rows exported to files (CSV or Parquet) and name them by `path`. A user whose password is kept as md5 \
             (password_encryption_type = 0 or 1, then set the password again) gets past the login, but only PostgreSQL is tested, and others \
             are refused by their version()",
        );
    }
    Error::new(Kind::Source, format!("${variable} can't be connected to: {words}")).with_hint(hint_of(error, variable))
}

/// A failure as the server or the driver words it. A wrong value stands behind the last colon of such messages, so it is left out.
fn words_of(error: &tokio_postgres::Error) -> String {
    if let Some(refusal) = error.as_db_error() {
        let (message, code) = (refusal.message(), refusal.code().code());
        let message = if code.starts_with("22") { message.split(": \"").next().unwrap_or(message) } else { message };
        return format!("{message} (SQLSTATE {code})");
    }
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(below) = cause {
        words.push_str(&format!(": {below}"));
        cause = below.source();
    }
    words
}

/// What to do about a failure.
fn hint_of(error: &tokio_postgres::Error, variable: &str) -> String {
    let code = error.code().map_or("", |code| code.code());
    let of_code = match code {
        "28P01" | "28000" => "user or password are wrong, or pg_hba.conf does not let this machine in",
        "3D000" => "the address ends with the name of a database that the server does not have",
        "42P01" | "3F000" => "names are taken letter by letter, schema.view; without a schema the user's search_path decides",
        "42501" => "ask for GRANT SELECT on the table or view, and GRANT USAGE on its schema",
        "55P03" => "somebody holds the table for longer than 60 seconds (a migration?): run again when that is over",
        "57014" => {
            "it takes longer than statement_timeout: raise it for this user (ALTER ROLE … SET statement_timeout), or select fewer rows"
        }
        "40001" => "a standby gave up the snapshot: raise its max_standby_streaming_delay, or pull from the primary",
        "22021" | "22P05" => "the database holds text that is not in its own encoding: convert it in a `query`",
        "53300" => "the server has no connection left for this user",
        _ if code.starts_with("22") => {
            "a value can't be what the view or query makes of it: leave the column as text, and the load sets such rows apart"
        }
        _ if code.starts_with("42") => "look at the SQL with psql, as the same user",
        _ if code.starts_with("57P") || code.starts_with("08") => AGAIN,
        _ => "",
    };
    if !of_code.is_empty() {
        return of_code.to_owned();
    }
    let words = words_of(error);
    if words.contains("certificate") || words.contains("TLS") {
        return format!(
            "give this machine the certificate of whoever signed the server's: in the system's store, or in the file that SSL_CERT_FILE names; its \
             name must be the host in ${variable}. Where the network itself is trusted: sslmode=disable"
        );
    }
    if words.contains("password missing") {
        return format!("${variable} has no password: postgres://user:password@host:5432/database");
    }
    if words.starts_with("error connecting") {
        return format!("is the server up, and does this machine reach host and port in ${variable}?");
    }
    if error.is_closed() || words.starts_with("error communicating") {
        return AGAIN.to_owned();
    }
    "look into the server's log".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_that_only_speaks_like_postgresql_is_named() {
        let says = |version: &str| fault_of_version(version).map(|(says, _)| says);
        assert_eq!(says("PostgreSQL 15.18 (Debian 15.18-0+deb12u1) on x86_64-pc-linux-gnu"), None);
        for (version, name) in [
            ("KingbaseES V008R006C008B0014 on x64", "KingbaseES"),
            ("PostgreSQL 9.2.4 (openGauss 5.0.0 build a07d57c3) compiled at 2023-03-29", "openGauss"),
            ("PostgreSQL 9.2.4 (GaussDB Kernel V500R002C00 build fab4f5ea)", "GaussDB"),
            ("PostgreSQL 9.2.4 (Vastbase G100 V2.2 (Build 10))", "Vastbase"),
            ("CockroachDB CCL v23.1", "is not PostgreSQL: its version() is `CockroachDB CCL v23.1`"),
            ("PostgreSQL 10.23", "is PostgreSQL 10"),
        ] {
            assert!(says(version).is_some_and(|says| says.contains(name)), "{version}: {:?}", says(version));
        }
    }
}
