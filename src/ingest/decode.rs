//! Bytes of a text file → UTF-8, with nothing lost silently.
//!
//! In: a file of any encoding that offices send. Out: its size, digest and encoding (one pass), then decoded text in blocks
//! with the places of undecodable bytes. Never here: rows, cells.
//!
//! GBK and GB2312 are read as GB18030, their superset. Undecodable bytes become U+FFFD and are remembered by their place;
//! U+FFFD that the source itself contains is counted separately, because somebody upstream lost that text.

use std::collections::VecDeque;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use encoding_rs::{Decoder, DecoderResult, GB18030, UTF_8, WINDOWS_1252};
use memchr::memmem;

use crate::error::{Context, Kind, Result};
use crate::project;

const BLOCK: usize = 1 << 18;

/// What one pass over the bytes tells.
#[derive(Debug, Clone)]
pub(super) struct Examined {
    /// Bytes read.
    pub size: u64,
    /// blake3 of the bytes, in hexadecimal.
    pub digest: String,
    /// Encoding, for text formats.
    pub encoding: &'static encoding_rs::Encoding,
}

/// Reads all of the file once: size, digest and, for text, the encoding: declared, else by byte-order mark, else UTF-8 where
/// the text is valid but for a few bytes, else GB18030.
pub(super) fn examine(path: &Path, is_text: bool, declared: Option<project::Encoding>) -> Result<Examined> {
    let mut file = File::open(path).context(Kind::Source, || "opening the file")?;
    let mut hasher = blake3::Hasher::new();
    let mut utf8 = Utf8Evidence::new();
    let mut block = vec![0; BLOCK];
    let (mut size, mut marked) = (0_u64, None);
    loop {
        let read = file.read(&mut block).context(Kind::Source, || "reading the file")?;
        let bytes = &block[..read];
        if size == 0 {
            marked = encoding_rs::Encoding::for_bom(bytes).map(|(encoding, _)| encoding);
        }
        size += read as u64;
        hasher.update(bytes);
        if is_text && declared.is_none() && marked.is_none() {
            utf8.take(bytes, read == 0);
        }
        if read == 0 {
            break;
        }
    }
    let encoding = match declared {
        Some(project::Encoding::Utf8) => UTF_8,
        Some(project::Encoding::Gb18030) => GB18030,
        Some(project::Encoding::Windows1252) => WINDOWS_1252,
        None => marked.unwrap_or(if utf8.is_utf8() { UTF_8 } else { GB18030 }),
    };
    Ok(Examined { size, digest: hasher.finalize().to_hex().to_string(), encoding })
}

/// Tells UTF-8 with a broken byte from GB18030, in which almost every Chinese character is a fault of UTF-8.
struct Utf8Evidence {
    decoder: Decoder,
    scratch: Vec<u8>,
    faults: u64,
    /// Bytes of text beyond one for each character: what valid multi-byte characters leave.
    extra: u64,
    /// The decoder holds the beginning of a character.
    is_inside_a_character: bool,
}

fn is_continuation(byte: u8) -> bool {
    byte & 0b1100_0000 == 0b1000_0000
}

/// Bytes of valid text beyond one for each character.
fn continuations(text: &[u8]) -> u64 {
    text.iter().filter(|byte| is_continuation(**byte)).count() as u64
}

impl Utf8Evidence {
    fn new() -> Self {
        Self {
            decoder: UTF_8.new_decoder_without_bom_handling(),
            scratch: vec![0; BLOCK],
            faults: 0,
            extra: 0,
            is_inside_a_character: false,
        }
    }

    fn take(&mut self, mut bytes: &[u8], last: bool) {
        if self.is_inside_a_character {
            let (rest, next) = bytes.split_at(bytes.iter().take_while(|byte| is_continuation(**byte)).count());
            self.decode(rest, false);
            bytes = next;
        }
        // Most blocks are valid but for a character that is cut at their end.
        let valid = simdutf8::compat::from_utf8(bytes).map_or_else(|error| error.valid_up_to(), str::len);
        self.extra += continuations(&bytes[..valid]);
        self.is_inside_a_character = valid < bytes.len();
        self.decode(&bytes[valid..], last);
    }

    fn decode(&mut self, mut bytes: &[u8], last: bool) {
        loop {
            let (result, read, written) = self.decoder.decode_to_utf8_without_replacement(bytes, &mut self.scratch, last);
            bytes = &bytes[read..];
            self.extra += continuations(&self.scratch[..written]);
            match result {
                DecoderResult::InputEmpty => return,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(..) => self.faults += 1,
            }
        }
    }

    fn is_utf8(&self) -> bool {
        self.faults * 20 <= self.extra
    }
}

/// Decodes a file block by block.
pub(super) struct TextReader<'a> {
    file: File,
    decoder: Decoder,
    block: Vec<u8>,
    /// Undecoded bytes of `block`.
    pending: std::ops::Range<usize>,
    progress: &'a dyn Fn(u64),
    /// Bytes taken from the file.
    pub bytes_read: u64,
    /// Bytes of text given out.
    produced: u64,
    /// Places (in the text given out) of undecodable bytes that nobody has asked about yet.
    faults: VecDeque<u64>,
    fault_count: u64,
    replacement_characters: u64,
    ended: bool,
}

impl<'a> TextReader<'a> {
    pub fn open(path: &Path, encoding: &'static encoding_rs::Encoding, progress: &'a dyn Fn(u64)) -> Result<Self> {
        Ok(Self {
            file: File::open(path).context(Kind::Source, || "opening the file")?,
            decoder: encoding.new_decoder_with_bom_removal(),
            block: vec![0; BLOCK],
            pending: 0..0,
            progress,
            bytes_read: 0,
            produced: 0,
            faults: VecDeque::new(),
            fault_count: 0,
            replacement_characters: 0,
            ended: false,
        })
    }

    /// Appends the next decoded text to `out`; false when the file has ended.
    pub fn fill(&mut self, out: &mut Vec<u8>) -> Result<bool> {
        if self.ended {
            return Ok(false);
        }
        if self.pending.is_empty() {
            let read = self.file.read(&mut self.block).context(Kind::Source, || "reading the file")?;
            self.pending = 0..read;
            self.bytes_read += read as u64;
            (self.progress)(read as u64);
            self.ended = read == 0;
        }
        let start = out.len();
        loop {
            let end = out.len();
            out.resize(end + BLOCK, 0);
            let (result, read, written) =
                self.decoder.decode_to_utf8_without_replacement(&self.block[self.pending.clone()], &mut out[end..], self.ended);
            out.truncate(end + written);
            self.pending.start += read;
            match result {
                DecoderResult::InputEmpty => break,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(..) => {
                    self.faults.push_back(self.produced + (out.len() - start) as u64);
                    self.fault_count += 1;
                    out.extend_from_slice("\u{fffd}".as_bytes());
                }
            }
        }
        self.produced += (out.len() - start) as u64;
        self.replacement_characters += memmem::find_iter(&out[start..], "\u{fffd}".as_bytes()).count() as u64;
        Ok(true)
    }

    /// Whether undecodable bytes stood before the place `until` of the text (each is told once).
    pub fn had_fault_before(&mut self, until: u64) -> bool {
        let before = self.faults.len();
        while self.faults.front().is_some_and(|place| *place < until) {
            self.faults.pop_front();
        }
        self.faults.len() < before
    }

    /// U+FFFD characters that the source itself contained.
    pub fn own_replacement_characters(&self) -> u64 {
        self.replacement_characters - self.fault_count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(bytes: &[u8], encoding: Option<project::Encoding>) -> (String, u64, u64, &'static str) {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        std::fs::write(file.path(), bytes).expect("written");
        let examined = examine(file.path(), true, encoding).expect("readable");
        assert_eq!(examined.size, bytes.len() as u64);
        let mut reader = TextReader::open(file.path(), examined.encoding, &|_| ()).expect("readable");
        let mut out = Vec::new();
        while reader.fill(&mut out).expect("readable") {}
        assert_eq!(reader.bytes_read, examined.size);
        (String::from_utf8(out).expect("decoded"), reader.fault_count, reader.own_replacement_characters(), examined.encoding.name())
    }

    #[test]
    fn the_encoding_is_recognised() {
        let (gbk, ..) = GB18030.encode("案号,罚款金额");
        assert_eq!(decode(&gbk, None), ("案号,罚款金额".into(), 0, 0, "gb18030"));
        assert_eq!(decode("案号".as_bytes(), None), ("案号".into(), 0, 0, "UTF-8"));
        assert_eq!(decode("\u{feff}案号".as_bytes(), None), ("案号".into(), 0, 0, "UTF-8"));
        assert_eq!(decode(b"\xff\xfeHh\x04\x54", None).3, "UTF-16LE");
        assert_eq!(decode(b"caf\xe9", Some(project::Encoding::Windows1252)).0, "café");
    }

    #[test]
    fn one_broken_byte_does_not_turn_a_utf8_file_into_gb18030() {
        let mut bytes = "案号,处罚机关,执法主体,市场监督管理局,金额\n".repeat(20).into_bytes();
        bytes.insert(6, 0xff);
        let (text, faults, own, encoding) = decode(&bytes, None);
        assert_eq!((faults, own, encoding), (1, 0, "UTF-8"));
        assert!(text.contains('\u{fffd}'));
    }

    #[test]
    fn evidence_is_the_same_however_the_text_is_cut_into_blocks() {
        let mut text = "案号,处罚机关,é,金额\n".repeat(40).into_bytes();
        text.insert(100, 0xff);
        let evidence = |length: usize| {
            let mut evidence = Utf8Evidence::new();
            text.chunks(length).for_each(|block| evidence.take(block, false));
            evidence.take(&[], true);
            (evidence.faults, evidence.extra)
        };
        for length in 2..40 {
            assert_eq!(evidence(length), evidence(text.len()), "blocks of {length}");
        }
        assert_eq!(evidence(text.len()), (1, 40 * (8 * 2 + 1)));
    }

    #[test]
    fn replacement_characters_of_the_source_are_counted_apart() {
        // GB18030 has a code for U+FFFD itself, which decodes without any error.
        assert_eq!(decode(b"\x84\x31\xa4\x37", Some(project::Encoding::Gb18030)), ("\u{fffd}".into(), 0, 1, "gb18030"));
        assert_eq!(decode(b"\xff", Some(project::Encoding::Gb18030)), ("\u{fffd}".into(), 1, 0, "gb18030"));
    }
}
