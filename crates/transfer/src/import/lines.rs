//! Line breaks: `\n`, `\r\n` and `\r` are equivalent, so that lines are counted as editors and spreadsheets count
//! them.

use std::io::{self, Read};

/// Reads a text with every line break as `\n`, and with one at its end.
pub(super) struct Lines<R> {
    text: R,
    last: u8,
    is_after_return: bool,
}

impl<R: Read> Lines<R> {
    pub(super) fn of(text: R) -> Self {
        Self { text, last: b'\n', is_after_return: false }
    }

    /// Rewrites the bytes in place; returns how many are left.
    fn rewrite(&mut self, bytes: &mut [u8]) -> usize {
        let mut written = 0;
        for index in 0..bytes.len() {
            let byte = bytes.get(index).copied().unwrap_or_default();
            let belongs_to_return =
                std::mem::replace(&mut self.is_after_return, byte == b'\r') && byte == b'\n';
            if belongs_to_return {
                continue;
            }
            self.last = if byte == b'\r' { b'\n' } else { byte };
            if let Some(to) = bytes.get_mut(written) {
                *to = self.last;
            }
            written += 1;
        }
        written
    }
}

impl<R: Read> Read for Lines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let length = self.text.read(buffer)?;
            if length == 0 {
                let missing = self.last != b'\n';
                self.last = b'\n';
                return match buffer.first_mut().filter(|_| missing) {
                    Some(first) => {
                        *first = b'\n';
                        Ok(1)
                    }
                    None => Ok(0),
                };
            }
            let written = self.rewrite(buffer.get_mut(..length).unwrap_or_default());
            if written > 0 {
                return Ok(written);
            }
        }
    }
}

/// Counts the lines of a text that is passed piece by piece; `\r\n` is one break, even across two pieces.
#[derive(Clone, Copy, Default)]
pub(super) struct Counter {
    breaks: u64,
    is_after_return: bool,
}

impl Counter {
    /// The number of the line that the next byte is on, from 1.
    pub(super) fn line(self) -> u64 {
        self.breaks + 1
    }

    /// Counts the breaks in some bytes.
    pub(super) fn count_breaks(&mut self, bytes: &[u8]) {
        for byte in bytes {
            let is_after_return = std::mem::replace(&mut self.is_after_return, *byte == b'\r');
            self.breaks += u64::from(*byte == b'\r' || (*byte == b'\n' && !is_after_return));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns one byte per read.
    struct Slow<'a>(&'a [u8]);

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0.read(buffer.get_mut(..1).unwrap_or_default())
        }
    }

    #[test]
    fn all_kinds_of_line_breaks_count_as_one() {
        for (text, read) in [
            ("a\nb\n", "a\nb\n"),
            ("a\r\nb\r\n", "a\nb\n"),
            ("a\rb", "a\nb\n"),
            ("a\r\rb\n\nc\r\n\r\n", "a\n\nb\n\nc\n\n"),
            ("\n\r", "\n\n"),
            ("", ""),
        ] {
            let (mut fast, mut slow) = (String::new(), String::new());
            Lines::of(text.as_bytes()).read_to_string(&mut fast).unwrap();
            Lines::of(Slow(text.as_bytes())).read_to_string(&mut slow).unwrap();
            assert_eq!((fast.as_str(), slow.as_str()), (read, read), "{text:?}");
            let mut counter = Counter::default();
            text.bytes().for_each(|byte| counter.count_breaks(&[byte]));
            let breaks =
                read.matches('\n').count() - usize::from(!text.is_empty() && !text.ends_with(['\n', '\r']));
            assert_eq!(counter.line(), breaks as u64 + 1, "{text:?}");
        }
    }
}
