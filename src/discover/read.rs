//! Reading one file as text.

use std::fmt;
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::path::Path;

/// The largest file that is read unless told otherwise, in bytes: far above any template or dump worth judging.
pub const READ_LIMIT: u64 = 100 * 1024 * 1024;

/// Why a file could not be read as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadError {
    /// It is larger than the limit; both in bytes.
    TooLarge {
        /// How large it is.
        size: u64,
        /// How large it may be.
        limit: u64,
    },
    /// Its bytes are not UTF-8.
    NotUtf8 {
        /// The first byte that is not.
        offset: usize,
    },
    /// It is encrypted, by git-crypt.
    Encrypted,
    /// It is UTF-16, with its byte order mark or without.
    Utf16,
    /// The system's message.
    Io(String),
    /// It is a folder, a pipe, a socket or a device.
    NotAFile,
}

/// What is said of an encrypted file.
pub const ENCRYPTED: &str = "the file is encrypted by git-crypt";

/// What git-crypt begins a file with (git-crypt, doc/DESIGN: "\0GITCRYPT\0").
const GIT_CRYPT: &[u8] = b"\0GITCRYPT\0";

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReadError::TooLarge { size, limit } => {
                write!(f, "the file has {size} bytes, more than the {limit} that are read")
            }
            ReadError::NotUtf8 { offset } => {
                write!(f, "the file is not UTF-8 text: the byte at offset {offset} is not")
            }
            ReadError::Encrypted => f.write_str(ENCRYPTED),
            ReadError::Utf16 => f.write_str("the file is UTF-16, save it as UTF-8"),
            ReadError::Io(message) => f.write_str(message),
            ReadError::NotAFile => f.write_str("not a regular file; use `-` to read standard input"),
        }
    }
}

impl std::error::Error for ReadError {}

impl ReadError {
    /// What to do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            ReadError::TooLarge { .. } => Some(
                "split the file, or leave it out with `exclude` in iamlint.toml; \
                 of a Terraform plan, `planned_values` and `prior_state` can be left out",
            ),
            ReadError::NotUtf8 { .. } | ReadError::Utf16 => Some("save it as UTF-8, or leave it out with `exclude`"),
            ReadError::Encrypted => Some("unlock the repository, or leave it out with `exclude`"),
            ReadError::Io(_) | ReadError::NotAFile => None,
        }
    }
}

/// The text of a file of at most `limit` bytes. The size is asked for first, so a huge file costs nothing, and a pipe
/// is never waited for. A file that grows meanwhile is read as far as it went when it was opened.
pub fn read(path: &Path, limit: u64) -> Result<String, ReadError> {
    // Spans are 32 bits wide.
    let limit = limit.min(u64::from(u32::MAX));
    let failed = |error: io::Error| ReadError::Io(system_message(&error));
    let file = match open(path) {
        Ok(file) => file,
        Err(error) => {
            // What is no file, or too large, is said to be so whether or not it may be opened.
            size(&fs::metadata(path).map_err(failed)?, limit)?;
            return Err(failed(error));
        }
    };
    let size = size(&file.metadata().map_err(failed)?, limit)?;
    decode(bytes(file, size, limit).map_err(failed)?, limit)
}

/// Open a file to read it. A pipe would wait for somebody to write into it, and a terminal could become that of this
/// process.
#[cfg(unix)]
fn open(path: &Path) -> io::Result<File> {
    use rustix::fs::OFlags;
    use std::os::unix::fs::OpenOptionsExt as _;
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    File::options().read(true).custom_flags(flags.bits().cast_signed()).open(path)
}

#[cfg(not(unix))]
fn open(path: &Path) -> io::Result<File> {
    File::open(path)
}

/// The size of a regular file of at most `limit` bytes.
fn size(metadata: &Metadata, limit: u64) -> Result<u64, ReadError> {
    match metadata.len() {
        _ if !metadata.is_file() => Err(ReadError::NotAFile),
        size if size > limit => Err(ReadError::TooLarge { size, limit }),
        size => Ok(size),
    }
}

/// The bytes of a file of this size, with one call of the system where it gives all of them at once.
fn bytes(mut file: File, size: u64, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(size).unwrap_or_default()];
    if bytes.is_empty() {
        // Files that the system makes up, such as those of `/proc`, say that they are empty.
        file.take(limit + 1).read_to_end(&mut bytes)?;
        return Ok(bytes);
    }
    let mut filled = 0;
    while filled < bytes.len() {
        match file.read(&mut bytes[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}

/// The text in bytes that were read, at most `limit` of them.
pub fn decode(bytes: Vec<u8>, limit: u64) -> Result<String, ReadError> {
    if bytes.len() as u64 > limit {
        return Err(ReadError::TooLarge { size: bytes.len() as u64, limit });
    }
    if bytes.starts_with(GIT_CRYPT) {
        return Err(ReadError::Encrypted);
    }
    if is_utf16(&bytes) {
        return Err(ReadError::Utf16);
    }
    String::from_utf8(bytes).map_err(|error| ReadError::NotUtf8 { offset: error.utf8_error().valid_up_to() })
}

/// Whether bytes are UTF-16: they begin with its mark, or with characters of which every other byte is zero. A text in
/// UTF-8 that means something to a parser of JSON or YAML has no zero byte.
fn is_utf16(bytes: &[u8]) -> bool {
    match bytes {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => true,
        [0, first, 0, second, ..] | [first, 0, second, 0, ..] => *first != 0 && *second != 0,
        _ => false,
    }
}

/// The system's message without its error number: `no such file or directory`.
pub(crate) fn system_message(error: &std::io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn of(bytes: &[u8], limit: u64) -> Result<String, ReadError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        fs::write(&path, bytes).unwrap();
        read(&path, limit)
    }

    #[test]
    fn text_within_the_limit() {
        assert_eq!(of("é".as_bytes(), 2), Ok("é".to_owned()));
        assert_eq!(of(b"abc", 2), Err(ReadError::TooLarge { size: 3, limit: 2 }));
        assert_eq!(of(b"", 0), Ok(String::new()));
    }

    #[test]
    fn bytes_that_are_no_utf8() {
        assert_eq!(of(b"ab\xff", 9), Err(ReadError::NotUtf8 { offset: 2 }));
        assert_eq!(of(b"\0GITCRYPT\0ab", 99), Err(ReadError::Encrypted));
        assert_eq!(of(b"\xff\xfe{\0}\0", 9), Err(ReadError::Utf16));
        assert_eq!(of(b"\xfe\xff\0{\0}", 9), Err(ReadError::Utf16));
        for bytes in [b"{\0}\0", b"\0{\0}", b"\n\0{\0", b"\0 \0{"] {
            assert_eq!(of(bytes, 9), Err(ReadError::Utf16), "{bytes:?}");
        }
        assert_eq!(of(b"{\0\0\0", 9), Ok("{\0\0\0".to_owned()));
        assert!(ReadError::Utf16.to_string().contains("save it as UTF-8"));
    }

    #[test]
    fn what_is_no_file() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read(folder.path(), 9), Err(ReadError::NotAFile));
        assert_eq!(read(&folder.path().join("none"), 9), Err(ReadError::Io("no such file or directory".to_owned())));
    }

    #[test]
    fn text_of_any_length_is_whole() {
        for length in [1, 4095, 4096, 1_000_001] {
            let text = "x".repeat(length);
            assert_eq!(of(text.as_bytes(), READ_LIMIT), Ok(text), "{length}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn files_that_the_system_makes_up_are_read_to_their_end() {
        let text = read(Path::new("/proc/self/status"), READ_LIMIT).unwrap();
        assert!(text.contains("Name:"), "{text}");
        assert_eq!(read(Path::new("/proc/self/status"), 4), Err(ReadError::TooLarge { size: 5, limit: 4 }));
    }

    #[cfg(unix)]
    #[test]
    fn sockets_are_no_files() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket.json");
        let _socket = std::os::unix::net::UnixListener::bind(&path).unwrap();
        assert_eq!(read(&path, 9), Err(ReadError::NotAFile));
    }

    #[cfg(unix)]
    #[test]
    fn pipes_and_devices_are_not_waited_for() {
        assert_eq!(read(Path::new("/dev/zero"), 9), Err(ReadError::NotAFile));
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe.json");
        match std::process::Command::new("mkfifo").arg(&pipe).status() {
            Ok(status) if status.success() => assert_eq!(read(&pipe, 9), Err(ReadError::NotAFile)),
            // A system without `mkfifo` has shown enough with the device.
            Ok(_) | Err(_) => {}
        }
    }
}
