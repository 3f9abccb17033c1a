//! Reading one file as text.

use std::fmt;
use std::fs::{self, File};
use std::io::Read;
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
    /// It begins with the byte order mark of UTF-16.
    Utf16,
    /// The system's message.
    Io(String),
    /// It is a folder, a pipe, a socket or a device.
    NotAFile,
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReadError::TooLarge { size, limit } => {
                write!(f, "the file has {size} bytes, more than the {limit} that are read")
            }
            ReadError::NotUtf8 { offset } => {
                write!(f, "the file is not UTF-8 text: the byte at offset {offset} is not")
            }
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
            ReadError::Io(_) | ReadError::NotAFile => None,
        }
    }
}

/// The text of a file of at most `limit` bytes. The size is asked for first, so a huge file costs nothing, and a pipe
/// is never waited for.
pub fn read(path: &Path, limit: u64) -> Result<String, ReadError> {
    // Spans are 32 bits wide.
    let limit = limit.min(u64::from(u32::MAX));
    let metadata = fs::metadata(path).map_err(|error| ReadError::Io(system_message(&error)))?;
    if !metadata.is_file() {
        return Err(ReadError::NotAFile);
    }
    if metadata.len() > limit {
        return Err(ReadError::TooLarge { size: metadata.len(), limit });
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or_default() + 1);
    File::open(path)
        // The file may have grown since it was asked for its size.
        .and_then(|file| file.take(limit + 1).read_to_end(&mut bytes))
        .map_err(|error| ReadError::Io(system_message(&error)))?;
    decode(bytes, limit)
}

/// The text in bytes that were read, at most `limit` of them.
pub fn decode(bytes: Vec<u8>, limit: u64) -> Result<String, ReadError> {
    if bytes.len() as u64 > limit {
        return Err(ReadError::TooLarge { size: bytes.len() as u64, limit });
    }
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(ReadError::Utf16);
    }
    String::from_utf8(bytes).map_err(|error| ReadError::NotUtf8 { offset: error.utf8_error().valid_up_to() })
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
        assert_eq!(of(b"\xff\xfe{\0}\0", 9), Err(ReadError::Utf16));
        assert_eq!(of(b"\xfe\xff\0{\0}", 9), Err(ReadError::Utf16));
        assert!(ReadError::Utf16.to_string().contains("save it as UTF-8"));
    }

    #[test]
    fn what_is_no_file() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read(folder.path(), 9), Err(ReadError::NotAFile));
        assert_eq!(read(&folder.path().join("none"), 9), Err(ReadError::Io("no such file or directory".to_owned())));
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
