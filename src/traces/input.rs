//! The files of a trace: plain or compressed text, folders and archives.

use super::error::{Place, TraceError};
use flate2::bufread::MultiGzDecoder;
use rustc_hash::FxHashSet;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
const UTF8_BYTE_ORDER_MARK: &[u8] = &[0xef, 0xbb, 0xbf];
const BUFFER_BYTES: usize = 128 * 1024;
/// No format has longer lines; a file that has is none of them, and is not read into memory whole.
const LONGEST_LINE_BYTES: usize = 1 << 20;

/// Decompressed text.
pub(super) type Text = LineLimited<Box<dyn BufRead + Send>>;

/// Text from any source, decompressed if it starts as gzip does or its name ends in `.gz`. Several gzip
/// members after each other are one text.
pub(super) fn text(name: &Path, source: impl Read + Send + 'static) -> Result<Text, TraceError> {
    let mut source = decompressed(name, source)?;
    let start = source.fill_buf().map_err(|source| unreadable(name, source))?;
    if start.starts_with(UTF8_BYTE_ORDER_MARK) {
        source.consume(UTF8_BYTE_ORDER_MARK.len());
    }
    Ok(LineLimited { source, since_newline: 0 })
}

fn decompressed(
    name: &Path,
    source: impl Read + Send + 'static,
) -> Result<Box<dyn BufRead + Send>, TraceError> {
    let mut source = BufReader::with_capacity(BUFFER_BYTES, source);
    let start = source.fill_buf().map_err(|source| unreadable(name, source))?;
    if start.starts_with(&GZIP_MAGIC) || has_extension(name, "gz") || has_extension(name, "tgz") {
        return Ok(Box::new(BufReader::with_capacity(BUFFER_BYTES, MultiGzDecoder::new(source))));
    }
    Ok(Box::new(source))
}

fn unreadable(name: &Path, source: io::Error) -> TraceError {
    TraceError::Read { place: Place::file(name), source }
}

fn has_extension(name: &Path, wanted: &str) -> bool {
    name.extension().is_some_and(|found| found.eq_ignore_ascii_case(wanted))
}

/// Refuses text without ends of lines before it fills the memory.
pub(super) struct LineLimited<S> {
    source: S,
    since_newline: usize,
}

impl<S: BufRead> Read for LineLimited<S> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let length = available.len().min(into.len());
        into[..length].copy_from_slice(&available[..length]);
        self.consume(length);
        Ok(length)
    }
}

impl<S: BufRead> BufRead for LineLimited<S> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.since_newline > LONGEST_LINE_BYTES {
            let message = format!("a line is longer than {LONGEST_LINE_BYTES} bytes");
            return Err(io::Error::other(message));
        }
        self.source.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        // What is consumed has been filled before, so that asking for it again reads nothing.
        if let Ok(available) = self.source.fill_buf() {
            let passed = &available[..amount.min(available.len())];
            match passed.iter().rposition(|&byte| byte == b'\n') {
                None => self.since_newline += passed.len(),
                Some(last) => self.since_newline = passed.len() - last - 1,
            }
        }
        self.source.consume(amount);
    }
}

/// The lines of a text, by number.
pub(super) struct Lines {
    file: Arc<Path>,
    text: Text,
    buffer: Vec<u8>,
    number: u64,
}

impl Lines {
    pub(super) fn new(name: &Path, source: impl Read + Send + 'static) -> Result<Self, TraceError> {
        Ok(Lines { file: Arc::from(name), text: text(name, source)?, buffer: Vec::new(), number: 0 })
    }

    /// The next line without its end.
    pub(super) fn next(&mut self) -> Result<Option<&[u8]>, TraceError> {
        self.buffer.clear();
        match self.text.read_until(b'\n', &mut self.buffer) {
            Ok(0) => Ok(None),
            Ok(_) => {
                self.number += 1;
                Ok(Some(self.line()))
            }
            Err(source) => Err(TraceError::Read { place: self.place(0), source }),
        }
    }

    /// The last line that was read, without its end and blanks around it.
    pub(super) fn line(&self) -> &[u8] {
        self.buffer.trim_ascii()
    }

    /// A column of the last line.
    pub(super) fn place(&self, column: usize) -> Place {
        Place { file: Arc::clone(&self.file), line: self.number, column }
    }

    /// That the last line is not what it should be.
    pub(super) fn error(&self, column: usize, found: &[u8], expected: impl Into<String>) -> TraceError {
        TraceError::Row { place: self.place(column), found: quoted(found), expected: expected.into() }
    }
}

/// Some text of a file, quoted and shortened.
pub(super) fn quoted(bytes: &[u8]) -> String {
    const MOST: usize = 40;
    let text = String::from_utf8_lossy(bytes);
    if text.chars().count() <= MOST {
        return format!("{text:?}");
    }
    let start: String = text.chars().take(MOST).collect();
    format!("{start:?}...")
}

/// A file of a trace that is not open yet.
#[derive(Debug)]
pub(super) struct TraceFile {
    /// Its path below the folder or archive, with `/` between the parts.
    pub(super) name: String,
    /// Its path for messages.
    pub(super) path: PathBuf,
    content: Content,
}

enum Content {
    Disk,
    Memory(Arc<[u8]>),
    /// Can be opened once.
    Stream(Mutex<Option<Box<dyn Read + Send>>>),
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Content::Disk => "Disk",
            Content::Memory(_) => "Memory",
            Content::Stream(_) => "Stream",
        })
    }
}

impl TraceFile {
    /// A file that stands for itself.
    pub(super) fn on_disk(path: &Path) -> Self {
        let name = path.file_name().map_or(String::new(), |name| name.to_string_lossy().into_owned());
        TraceFile { name, path: path.to_path_buf(), content: Content::Disk }
    }

    /// A stream, of which `name` is the name. It can be opened once.
    pub(super) fn of_stream(name: &Path, source: impl Read + Send + 'static) -> Self {
        TraceFile { content: Content::Stream(Mutex::new(Some(Box::new(source)))), ..Self::on_disk(name) }
    }

    /// The last part of the name, without `.gz`.
    pub(super) fn plain_name(&self) -> &str {
        let name = self.name.rsplit('/').next().unwrap_or(&self.name);
        name.strip_suffix(".gz").unwrap_or(name)
    }

    /// Its bytes from the start.
    pub(super) fn open(&self) -> Result<Box<dyn Read + Send>, TraceError> {
        Ok(match &self.content {
            Content::Disk => Box::new(File::open(&self.path).map_err(TraceError::open(&self.path))?),
            Content::Memory(bytes) => Box::new(Cursor::new(Arc::clone(bytes))),
            Content::Stream(source) => {
                let taken = source.lock().ok().and_then(|mut source| source.take());
                taken.ok_or_else(|| {
                    TraceError::table(&self.path, "is a stream, which is read only once")
                })?
            }
        })
    }

    pub(super) fn lines(&self) -> Result<Lines, TraceError> {
        Lines::new(&self.path, self.open()?)
    }

    /// The first line with something on it, without blanks around it; empty if there is none.
    pub(super) fn first_line(&self) -> Result<Vec<u8>, TraceError> {
        let mut lines = self.lines()?;
        while let Some(line) = lines.next()? {
            if !line.is_empty() {
                return Ok(line.to_vec());
            }
        }
        Ok(Vec::new())
    }
}

/// The files of a trace in the byte order of their names: those of a folder and the folders in it, the
/// members of an archive (`.tar`, `.tar.gz`, `.tgz`), or the one file. Hidden files are passed over. The one
/// folder that all members of an archive are in is no part of their names.
///
/// An archive is unpacked in memory, since its members come in any order.
pub(super) fn files(path: &Path) -> Result<Vec<TraceFile>, TraceError> {
    let metadata = fs::metadata(path).map_err(TraceError::open(path))?;
    let mut files = if metadata.is_dir() {
        let mut files = Vec::new();
        walk(path, "", &mut files)?;
        files
    } else if is_archive(path) {
        unpack(path, File::open(path).map_err(TraceError::open(path))?)?
    } else {
        return Ok(vec![TraceFile::on_disk(path)]);
    };
    if files.is_empty() {
        return Err(TraceError::table(path, "has no files in it"));
    }
    files.sort_by(|a, b| a.name.as_bytes().cmp(b.name.as_bytes()));
    Ok(files)
}

/// Whether the name of a file is that of an archive.
pub(super) fn is_archive(path: &Path) -> bool {
    let gzipped = has_extension(path, "gz")
        && path.file_stem().is_some_and(|s| has_extension(Path::new(s), "tar"));
    gzipped || has_extension(path, "tar") || has_extension(path, "tgz")
}

fn walk(folder: &Path, prefix: &str, into: &mut Vec<TraceFile>) -> Result<(), TraceError> {
    for entry in fs::read_dir(folder).map_err(TraceError::open(folder))? {
        let entry = entry.map_err(TraceError::open(folder))?;
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') {
            continue;
        }
        let name = format!("{prefix}{name}");
        // Links are followed for files, but not for folders: those could lead round in circles.
        if entry.file_type().map_err(TraceError::open(&path))?.is_dir() {
            walk(&path, &format!("{name}/"), into)?;
        } else if path.is_file() {
            into.push(TraceFile { name, path, content: Content::Disk });
        }
    }
    Ok(())
}

/// The members of an archive.
pub(super) fn unpack(
    path: &Path,
    source: impl Read + Send + 'static,
) -> Result<Vec<TraceFile>, TraceError> {
    let mut archive = tar::Archive::new(decompressed(path, source)?);
    let mut files = Vec::new();
    for entry in archive.entries().map_err(|source| unreadable(path, source))? {
        let mut entry = entry.map_err(|source| unreadable(path, source))?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let name = name.trim_start_matches("./").to_string();
        if name.split('/').any(|part| part.starts_with('.')) {
            continue;
        }
        let (size, mut bytes) = (entry.size(), Vec::new());
        entry
            .read_to_end(&mut bytes)
            .and_then(|read| match read as u64 == size {
                true => Ok(()),
                false => Err(io::ErrorKind::UnexpectedEof.into()),
            })
            .map_err(|source| unreadable(&path.join(&name), source))?;
        let bytes = Arc::from(bytes);
        files.push(TraceFile { path: path.join(&name), name, content: Content::Memory(bytes) });
    }
    // Read on to the end: what is cut behind the last member, or damaged, shows in the checksum only.
    io::copy(&mut archive.into_inner(), &mut io::sink()).map_err(|source| unreadable(path, source))?;
    strip_common_folder(&mut files);
    Ok(files)
}

/// Fails if two files would give VMs the same name.
pub(super) fn check_names<'n>(
    path: &Path,
    names: impl IntoIterator<Item = &'n str>,
) -> Result<(), TraceError> {
    let mut seen = FxHashSet::default();
    match names.into_iter().find(|name| !seen.insert(*name)) {
        Some(twice) => Err(TraceError::table(path, format!("has two files of a VM {twice:?}"))),
        None => Ok(()),
    }
}

fn strip_common_folder(files: &mut [TraceFile]) {
    let folder = |file: &TraceFile| file.name.split_once('/').map(|(folder, _)| folder.to_string());
    while let Some(common) = files.first().and_then(folder)
        && files.iter().all(|file| folder(file).as_ref() == Some(&common))
    {
        for file in &mut *files {
            file.name.drain(..=common.len());
        }
    }
}
