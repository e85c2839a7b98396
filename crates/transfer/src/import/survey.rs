//! What the bytes of a text file say about its encoding.

use std::fs::File;
use std::io::{self, Read};

use super::lines::Counter;

/// The number of bytes that are read at once.
pub(super) const CHUNK_SIZE: usize = 1 << 16;

/// Properties of the bytes of a file.
#[derive(Default)]
pub(super) struct Survey {
    /// The first line that is not valid UTF-8.
    pub(super) wrong: Option<u64>,
    /// The first line with a zero byte, which does not occur in text.
    pub(super) zero: Option<u64>,
    /// Whether there are multi-byte sequences of UTF-8.
    pub(super) beyond_ascii: bool,
}

impl Survey {
    pub(super) fn of(file: &mut File) -> io::Result<Self> {
        let (mut survey, mut rest) = (Self::default(), Vec::with_capacity(CHUNK_SIZE + 4));
        let mut lines = Counter::default();
        loop {
            let before = rest.len();
            file.take(CHUNK_SIZE as u64).read_to_end(&mut rest)?;
            let is_end = rest.len() == before;
            let read = survey.scan(&rest, is_end, &mut lines);
            rest.drain(..read);
            if is_end {
                return Ok(survey);
            }
        }
    }

    /// Surveys some bytes; returns how many are done. The last letter may be incomplete.
    fn scan(&mut self, bytes: &[u8], is_end: bool, lines: &mut Counter) -> usize {
        let mut done = 0;
        while let Some(rest) = bytes.get(done..).filter(|rest| !rest.is_empty()) {
            let (valid, wrong) = match std::str::from_utf8(rest) {
                Ok(_) => (rest.len(), 0),
                Err(error) => match error.error_len() {
                    None if !is_end => (error.valid_up_to(), 0),
                    length => (error.valid_up_to(), length.unwrap_or(rest.len() - error.valid_up_to())),
                },
            };
            let text = rest.get(..valid).unwrap_or_default();
            self.beyond_ascii |= !text.is_ascii();
            if let Some(index) = text.iter().position(|byte| *byte == 0) {
                let mut before = *lines;
                before.count_breaks(text.get(..index).unwrap_or_default());
                self.zero.get_or_insert(before.line());
            }
            lines.count_breaks(text);
            if wrong > 0 {
                self.wrong.get_or_insert(lines.line());
            }
            done += valid + wrong;
            if wrong == 0 {
                break;
            }
        }
        done
    }
}
