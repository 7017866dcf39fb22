//! Is this workbook safe to unpack?
//!
//! In: an XLSX file (a ZIP archive). Out: nothing, or the reason not to open it. Every entry is inflated once, block by block,
//! and what comes out is measured: the sizes that an archive declares are not believed. Never here: cells.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use datafusion::datasource::file_format::file_compression_type::FileCompressionType;

use crate::error::{Context, Error, Kind, Result};

const MAX_ENTRIES: usize = 10_000;
const MAX_DIRECTORY_BYTES: u64 = 16 << 20;
/// All entries together, inflated. A worksheet is read cell by cell, but all of it may be one cell: the reader then needs twice
/// its size in memory.
const MAX_TOTAL: u64 = 512 << 20;
/// Parts that a workbook reader keeps in memory as a whole; of the shortest texts, three times their size.
const MAX_IN_MEMORY: u64 = 256 << 20;
/// Text without any markup: no cell is as long.
const MAX_RUN: u64 = 4 << 20;
/// Beyond this size an entry must not be inflated more than so many times.
const RATIO_FROM: u64 = 32 << 20;
const MAX_RATIO: u64 = 100;

struct Entry {
    name: String,
    compressed: u64,
    method: u16,
    offset: u64,
}

/// Refuses an archive that is cut off, encrypted, or inflates beyond reason.
pub(super) fn refuse_bomb(path: &Path) -> Result<()> {
    let mut file = File::open(path).context(Kind::Source, || "opening the file")?;
    let size = file.metadata().context(Kind::Source, || "reading the file's size")?.len();
    let entries = read_directory(&mut file, size)?;
    let mut total = 0;
    for entry in &entries {
        let is_sheet = entry.name.contains("worksheets/");
        let inflated = measure(path, entry, if is_sheet { MAX_TOTAL - total } else { MAX_IN_MEMORY.min(MAX_TOTAL - total) })?;
        total += inflated;
        if inflated > RATIO_FROM && inflated / entry.compressed.max(1) > MAX_RATIO {
            return Err(bomb(&entry.name, &format!("inflates {} times", inflated / entry.compressed.max(1))));
        }
    }
    Ok(())
}

fn bomb(name: &str, what: &str) -> Error {
    Error::new(Kind::Source, format!("the workbook's part {name} {what}")).with_hint("few honest workbooks are as large; export it as CSV")
}

fn cut_off() -> Error {
    Error::new(Kind::Source, "the file is not a complete XLSX workbook (its ZIP directory is missing or damaged)")
        .with_hint("the file was cut off, or is another format under the name .xlsx (.xls and encrypted workbooks are not read)")
}

fn number(bytes: &[u8], at: usize, width: usize) -> Option<u64> {
    Some(bytes.get(at..at + width)?.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte)))
}

/// The central directory, found from the archive's end.
fn read_directory(file: &mut File, size: u64) -> Result<Vec<Entry>> {
    let tail_length = size.min(66_000);
    let tail = read_at(file, size - tail_length, tail_length)?;
    let end = tail.windows(4).rposition(|window| window == b"PK\x05\x06").ok_or_else(cut_off)?;
    let count = number(&tail, end + 10, 2).ok_or_else(cut_off)? as usize;
    let length = number(&tail, end + 12, 4).ok_or_else(cut_off)?;
    let start = number(&tail, end + 16, 4).ok_or_else(cut_off)?;
    if count > MAX_ENTRIES || length > MAX_DIRECTORY_BYTES || start.checked_add(length).is_none_or(|end| end > size) {
        return Err(cut_off());
    }
    let directory = read_at(file, start, length)?;
    let mut entries = Vec::new();
    let mut at = 0;
    while at < directory.len() {
        let field = |offset, width| number(&directory, at + offset, width).ok_or_else(cut_off);
        if field(0, 4)? != 0x0201_4b50 {
            return Err(cut_off());
        }
        if field(8, 2)? & 1 == 1 {
            return Err(Error::new(Kind::Source, "the workbook is encrypted").with_hint("remove the password and send it again"));
        }
        let (name, extra, comment) = (field(28, 2)? as usize, field(30, 2)? as usize, field(32, 2)? as usize);
        let bytes = directory.get(at + 46..at + 46 + name).ok_or_else(cut_off)?;
        let extra_fields = directory.get(at + 46 + name..at + 46 + name + extra).ok_or_else(cut_off)?;
        let sizes = [field(24, 4)?, field(20, 4)?, field(42, 4)?];
        let [_, compressed, offset] = with_long_sizes(sizes, extra_fields);
        if offset.checked_add(compressed).is_none_or(|end| end > size) {
            return Err(cut_off());
        }
        entries.push(Entry { name: String::from_utf8_lossy(bytes).into_owned(), compressed, method: field(10, 2)? as u16, offset });
        at += 46 + name + extra + comment;
    }
    if entries.is_empty() || entries.len() > MAX_ENTRIES {
        return Err(cut_off());
    }
    Ok(entries)
}

/// Inflated size, packed size and place of an entry; some writers (Apache POI among them) put them into a ZIP64 field.
fn with_long_sizes(mut sizes: [u64; 3], extra: &[u8]) -> [u64; 3] {
    let mut at = 0;
    while let (Some(id), Some(length)) = (number(extra, at, 2), number(extra, at + 2, 2)) {
        let mut value_at = at + 4;
        if id == 1 {
            for size in sizes.iter_mut().filter(|size| **size == 0xffff_ffff) {
                *size = number(extra, value_at, 8).unwrap_or(*size);
                value_at += 8;
            }
        }
        at += 4 + length as usize;
    }
    sizes
}

fn read_at(file: &mut File, start: u64, length: u64) -> Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(length).map_err(|_| cut_off())?];
    file.seek(SeekFrom::Start(start)).context(Kind::Source, || "reading the file")?;
    file.read_exact(&mut bytes).map_err(|_| cut_off())?;
    Ok(bytes)
}

/// Inflates one entry and tells how long it is, giving up beyond `limit`.
fn measure(path: &Path, entry: &Entry, limit: u64) -> Result<u64> {
    let mut file = File::open(path).context(Kind::Source, || "opening the file")?;
    let header = read_at(&mut file, entry.offset, 30)?;
    let lengths = number(&header, 26, 2).zip(number(&header, 28, 2)).ok_or_else(cut_off)?;
    let start = entry.offset + 30 + lengths.0 + lengths.1;
    file.seek(SeekFrom::Start(start)).context(Kind::Source, || "reading the file")?;
    let body = file.take(entry.compressed);
    let mut reader: Box<dyn Read> = match entry.method {
        0 => Box::new(body),
        // A ZIP entry is a bare deflate stream: with a gzip heading in front of it, the gzip reader inflates it. The gzip
        // trailer is missing, so the end shows as an error after the last byte.
        8 => {
            let heading: &[u8] = &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
            FileCompressionType::GZIP.convert_read(heading.chain(body)).context(Kind::Bug, || "inflating a workbook")?
        }
        _ => return Err(bomb(&entry.name, "is packed with an unknown method")),
    };
    let mut block = vec![0; 1 << 16];
    let (mut length, mut run) = (0, 0);
    loop {
        let Ok(read) = reader.read(&mut block) else { return Ok(length) };
        if read == 0 {
            return Ok(length);
        }
        length += read as u64;
        run = match block[..read].iter().rposition(|byte| *byte == b'<') {
            Some(at) => (read - at) as u64,
            None => run + read as u64,
        };
        let is_markup = entry.name.ends_with(".xml") || entry.name.ends_with(".rels");
        if length > limit {
            let what = format!("inflates beyond the limit ({} MiB, {} MiB for texts)", MAX_TOTAL >> 20, MAX_IN_MEMORY >> 20);
            return Err(bomb(&entry.name, &what));
        }
        if is_markup && run > MAX_RUN {
            return Err(bomb(&entry.name, "holds megabytes of text in one cell"));
        }
    }
}
