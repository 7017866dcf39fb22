//! An object store for tests: moto, a real server process that speaks S3, and before it a door that counts, and can behave worse than the server.
//!
//! In: requests of kaohe as a process. Out: the server's answers, or what a bad store would answer; a list of what was asked. Never here: what a test
//! expects. The server ends with the test process, because it waits for the end of its standard input.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use crate::province::{Ended, Province, skipped};

/// What no output may hold.
pub const SECRETS: [&str; 2] = ["AKIDKAOHEKAOHE", "topsecret/topsecret"];

const SERVE: &str = "
import logging, sys
logging.getLogger('werkzeug').setLevel(logging.ERROR)
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address='127.0.0.1', port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
";

/// The server's port; `None` where there is no moto.
fn server() -> Option<u16> {
    static SERVER: OnceLock<Option<(Child, u16)>> = OnceLock::new();
    let started = SERVER.get_or_init(|| {
        let mut child =
            Command::new("python3").args(["-c", SERVE]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().ok()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("standard output is a pipe")).read_line(&mut line).expect("it says its port");
        Some((child, line.trim().parse().ok()?))
    });
    started.as_ref().map(|(_, port)| *port)
}

/// How the door behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// As the server, one put after another: moto alone looks first and writes then.
    Honest,
    /// As a store that does not know conditions and says nothing.
    IgnoresConditions,
    /// As a store that answers 501 to conditions.
    KnowsNoConditions,
    /// Every put after so many breaks off.
    BreaksAfter(usize),
    /// Every put of a key with this in it breaks off.
    BreaksAt(&'static str),
    /// Refuses everything, and repeats what was sent to it.
    Refuses,
    /// Takes requests and never answers.
    Hangs,
}

/// A bucket of its own behind a door of its own.
pub struct Store {
    bucket: String,
    server: u16,
    port: u16,
    manner: Arc<Mutex<Manner>>,
    asked: Arc<Mutex<Vec<(String, String)>>>,
}

impl Store {
    /// A new one; `None`, said aloud, where there is no server.
    pub fn open() -> Option<Self> {
        static OPENED: AtomicUsize = AtomicUsize::new(0);
        let Some(server) = server() else {
            skipped("python3 with moto[server] is missing");
            return None;
        };
        let bucket = format!("kaohe-{}", OPENED.fetch_add(1, Ordering::Relaxed));
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let store = Self { bucket, server, port, manner: Arc::new(Mutex::new(Manner::Honest)), asked: Arc::default() };
        let (manner, asked, puts) = (Arc::clone(&store.manner), Arc::clone(&store.asked), Arc::new(Mutex::new(())));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (manner, asked, puts) = (Arc::clone(&manner), Arc::clone(&asked), Arc::clone(&puts));
                std::thread::spawn(move || answer(stream, server, &manner, &asked, &puts));
            }
        });
        assert_eq!(store.ask("PUT", "", b"").0, 200, "the bucket is made");
        Some(store)
    }

    /// From now on the door behaves so.
    pub fn behave(&self, manner: Manner) {
        *self.manner.lock().expect("no panic") = manner;
        self.asked.lock().expect("no panic").clear();
    }

    /// Methods and keys of all requests since the last call.
    pub fn asked(&self) -> Vec<(String, String)> {
        std::mem::take(&mut *self.asked.lock().expect("no panic"))
    }

    /// Keys that were put since the last call, in order.
    pub fn put_since(&self) -> Vec<String> {
        self.asked().into_iter().filter(|(method, _)| method == "PUT").map(|(_, key)| key).collect()
    }

    /// How many requests of this method came since the door last changed its manner.
    pub fn count(&self, method: &str) -> usize {
        self.asked.lock().expect("no panic").iter().filter(|(asked, _)| asked == method).count()
    }

    fn ask(&self, method: &str, key: &str, body: &[u8]) -> (u16, Vec<u8>) {
        let key = key.split('/').map(escaped).collect::<Vec<_>>().join("/");
        let head = format!(
            "{method} /{}/{key} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\ncontent-type: application/octet-stream\r\n\
             authorization: AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=00\r\n\
             content-length: {}\r\n\r\n",
            self.bucket,
            body.len()
        );
        let mut stream = TcpStream::connect(("127.0.0.1", self.server)).expect("the server is there");
        stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body)).expect("asked");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("answered");
        let head = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").expect("an answer has a head");
        let status = String::from_utf8_lossy(&answer[..head]).split(' ').nth(1).and_then(|status| status.parse().ok());
        (status.expect("an answer has a status"), answer[head + 4..].to_vec())
    }

    /// Puts an object past the door.
    pub fn put(&self, key: &str, bytes: impl AsRef<[u8]>) {
        assert_eq!(self.ask("PUT", key, bytes.as_ref()).0, 200, "{key}");
    }

    /// Takes an object away past the door.
    pub fn remove(&self, key: &str) {
        assert_eq!(self.ask("DELETE", key, b"").0, 204, "{key}");
    }

    /// An object by a plain GET past the door.
    pub fn get(&self, key: &str) -> Option<Vec<u8>> {
        let (status, body) = self.ask("GET", key, b"");
        (status == 200).then_some(body)
    }

    /// All keys below a prefix, in order.
    pub fn keys(&self, prefix: &str) -> Vec<String> {
        let mut keys: Vec<String> = Vec::new();
        loop {
            let after = keys.last().map(|key| format!("&start-after={}", escaped(key))).unwrap_or_default();
            let query = format!("GET /{}?list-type=2&prefix={}{after} HTTP/1.1", self.bucket, escaped(prefix));
            let mut stream = TcpStream::connect(("127.0.0.1", self.server)).expect("the server is there");
            write!(stream, "{query}\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n").expect("asked");
            let mut answer = String::new();
            stream.read_to_string(&mut answer).expect("answered");
            let page: Vec<String> =
                answer.split("<Key>").skip(1).filter_map(|rest| rest.split("</Key>").next()).map(str::to_owned).collect();
            if page.is_empty() {
                return keys;
            }
            keys.extend(page);
        }
    }

    /// Puts a folder, with all that is in it.
    pub fn put_folder(&self, folder: &std::path::Path, prefix: &str) {
        for entry in std::fs::read_dir(folder).expect("a folder is read").flatten() {
            let key = format!("{prefix}/{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() {
                self.put_folder(&entry.path(), &key);
            } else {
                self.put(&key, std::fs::read(entry.path()).expect("a file is read"));
            }
        }
    }

    /// What lets a process find this store: extracts below `deliveries`, results below `results`.
    pub fn environment(&self) -> [(&'static str, String); 9] {
        // Whoever waits for a store that gives no answer should not wait long; one that is only slow may take its time.
        let is_slow_at_most =
            matches!(*self.manner.lock().expect("no panic"), Manner::Honest | Manner::IgnoresConditions | Manner::KnowsNoConditions);
        [
            ("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{}", self.port)),
            ("AWS_ALLOW_HTTP", "true".to_owned()),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", SECRETS[0].to_owned()),
            ("AWS_SECRET_ACCESS_KEY", SECRETS[1].to_owned()),
            ("NO_PROXY", "127.0.0.1".to_owned()),
            ("KAOHE_STORE_PATIENCE", if is_slow_at_most { "60" } else { "2" }.to_owned()),
            ("DELIVERIES", format!("s3://{}/deliveries", self.bucket)),
            ("KAOHE_STORE", format!("s3://{}/results", self.bucket)),
        ]
    }

    /// A command that finds this store.
    pub fn command(&self, province: &Province, command: &[&str]) -> Command {
        let mut kaohe = province.command(command);
        kaohe.envs(self.environment());
        kaohe
    }

    /// The same, run to its end; no key may stand in what it says.
    #[track_caller]
    pub fn kaohe(&self, province: &Province, command: &[&str]) -> Ended {
        let ended: Ended = self.command(province, command).output().expect("kaohe starts").into();
        let said = ended.said();
        assert!(SECRETS.iter().all(|secret| !said.contains(secret)), "a key was said: {said}");
        ended
    }
}

fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// One request through the door.
fn answer(mut stream: TcpStream, server: u16, manner: &Mutex<Manner>, asked: &Mutex<Vec<(String, String)>>, puts: &Mutex<()>) {
    let Some((head, body)) = read_request(&mut stream) else { return };
    let manner = *manner.lock().expect("no panic");
    let mut words = head.split_whitespace();
    let (method, target) = (words.next().unwrap_or_default().to_owned(), words.next().unwrap_or_default().to_owned());
    let key = target.split('?').next().unwrap_or_default().splitn(3, '/').nth(2).unwrap_or_default();
    let before = {
        let mut asked = asked.lock().expect("no panic");
        let before = asked.iter().filter(|(method, _)| method == "PUT").count();
        asked.push((method.clone(), key.replace("%3D", "=")));
        before
    };
    let has_condition = method == "PUT" && head.lines().any(is_condition);
    let said = |status: &str, body: &str| {
        format!("HTTP/1.1 {status}\r\ncontent-type: application/xml\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
    };
    let refused = match manner {
        Manner::Hangs => {
            std::thread::sleep(std::time::Duration::from_secs(600));
            return;
        }
        Manner::BreaksAfter(puts) if method == "PUT" && before >= puts => return,
        Manner::BreaksAt(part) if method == "PUT" && key.contains(part) => return,
        Manner::Refuses => {
            let sent = head.lines().find(|line| line.to_ascii_lowercase().starts_with("authorization")).unwrap_or_default();
            let says = format!("The key {} is not known: {sent}", SECRETS[0]);
            Some(said("403 Forbidden", &format!("<Error><Code>InvalidAccessKeyId</Code><Message>{says}</Message></Error>")))
        }
        Manner::KnowsNoConditions if has_condition => {
            let says = "A header you provided implies functionality that is not implemented.";
            Some(said("501 Not Implemented", &format!("<Error><Code>NotImplemented</Code><Message>{says}</Message></Error>")))
        }
        _ => None,
    };
    if let Some(refused) = refused {
        let _ = stream.write_all(refused.as_bytes());
        return;
    }
    let is_passed_on = |line: &&str| {
        let is_ignored = manner == Manner::IgnoresConditions && method == "PUT" && is_condition(line);
        !is_ignored && !line.to_ascii_lowercase().starts_with("connection:")
    };
    let head = head.lines().filter(is_passed_on).collect::<Vec<_>>().join("\r\n");
    let in_turn = (method == "PUT" && manner != Manner::IgnoresConditions).then(|| puts.lock().expect("no panic"));
    let Ok(mut behind) = TcpStream::connect(("127.0.0.1", server)) else { return };
    let passed_on = format!("{head}\r\nconnection: close\r\n\r\n");
    let mut answer = Vec::new();
    if behind.write_all(passed_on.as_bytes()).and_then(|()| behind.write_all(&body)).and_then(|()| behind.read_to_end(&mut answer)).is_ok()
    {
        drop(in_turn);
        let _ = stream.write_all(&answer);
    }
}

fn is_condition(line: &str) -> bool {
    let line = line.to_ascii_lowercase();
    line.starts_with("if-none-match:") || line.starts_with("if-match:")
}

/// The head of a request, without its last empty line, and its body.
fn read_request(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut reader = BufReader::new(stream);
    let (mut head, mut line) = (String::new(), String::new());
    while reader.read_line(&mut line).ok()? > 2 {
        head.push_str(&std::mem::take(&mut line));
    }
    let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    (!head.is_empty()).then(|| (head.trim_end().to_owned(), body))
}
