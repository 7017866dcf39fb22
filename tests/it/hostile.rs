//! Whatever bytes a file has: the corpus of the fuzz targets, and inputs drawn from it by chance.
//!
//! `cargo test` replays the corpus and some dozens of drawn inputs of each target. For longer, one target after another, with what each took:
//! `KAOHE_FUZZ_SECONDS=3600 cargo test --test it -- --nocapture every_reader` (or coverage-guided: `tests/fuzz/Cargo.toml`).

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

#[path = "../fuzz/inputs.rs"]
mod inputs;

/// Inputs of a target that are kept, by name.
fn corpus(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus").join(target);
    let mut files: Vec<PathBuf> = fs::read_dir(&folder).expect("a corpus").flatten().map(|entry| entry.path()).collect();
    files.sort();
    files.into_iter().map(|path| (path.clone(), fs::read(&path).expect("an input"))).collect()
}

/// Tokens that readers stumble over.
const TOKENS: [&[u8]; 16] = [
    b"\"",
    b"\"\"",
    b"\n",
    b"\r\n",
    b"\r",
    b",",
    b"\t",
    b"\0",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\x84\x31\xa4\x37",
    b"{",
    b"}",
    b"99999999999999999999",
    b"-0",
    b"=1+1",
];

/// Another input made of a known one: bytes changed, cut, doubled, mixed with another, tokens put in.
fn drawn(random: &mut ChaCha8Rng, known: &[(PathBuf, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = known.choose(random).expect("a corpus is not empty").1.clone();
    for _ in 0..random.random_range(1..6) {
        let at = random.random_range(0..=bytes.len());
        match random.random_range(0..6) {
            0 if at < bytes.len() => bytes[at] = random.random(),
            1 => bytes.truncate(at),
            2 => {
                let token = TOKENS.choose(random).expect("there are tokens");
                bytes.splice(at..at, token.iter().copied());
            }
            3 => {
                let until = random.random_range(at..=bytes.len());
                let part = bytes[at..until].to_vec();
                bytes.splice(at..at, part);
            }
            4 => {
                let other = &known.choose(random).expect("a corpus is not empty").1;
                let from = random.random_range(0..=other.len());
                bytes.splice(at.., other[from..].iter().copied());
            }
            _ => {
                let until = random.random_range(at..=bytes.len());
                bytes.drain(at..until);
            }
        }
        bytes.truncate(1 << 20);
    }
    bytes
}

#[test]
fn every_reader_keeps_its_promises_on_any_bytes() {
    let seconds = std::env::var("KAOHE_FUZZ_SECONDS").ok().and_then(|text| text.parse().ok());
    for target in inputs::TARGETS {
        let known = corpus(target);
        for (path, bytes) in &known {
            eprintln!("{}", path.display());
            inputs::try_one(target, bytes);
        }
        let mut random = ChaCha8Rng::seed_from_u64(20_260_630);
        let (begun, mut tried) = (Instant::now(), 0);
        let goes_on = |tried: usize| seconds.map_or(tried < 40, |seconds| begun.elapsed() < Duration::from_secs(seconds));
        while goes_on(tried) {
            let bytes = drawn(&mut random, &known);
            // Whoever breaks a promise is told by its bytes.
            let kept = std::env::temp_dir().join(format!("kaohe-hostile-{target}-{}", std::process::id()));
            fs::write(&kept, &bytes).expect("written");
            inputs::try_one(target, &bytes);
            let _ = fs::remove_file(&kept);
            tried += 1;
        }
        let peak = kaohe::process_memory::peak().unwrap_or(0) >> 20;
        eprintln!("{target}: {tried} inputs in {:.0} s, peak memory {peak} MB", begun.elapsed().as_secs_f64());
    }
}
