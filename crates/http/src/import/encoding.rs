//! Texts become UTF-8, whatever encoding they are in; what is none that is known here is refused, with its line.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

use encoding_rs::{Decoder, DecoderResult, UTF_16BE, UTF_16LE, WINDOWS_1252};
use vku_domain::import::RowFault;
use vku_domain::kernel::text::Both;
use vku_domain::say;

/// How much is read at once.
const PIECE: usize = 1 << 16;

/// The file in UTF-8, from behind its byte order mark; or why it is none.
///
/// Errors: it cannot be read.
pub(super) fn utf8(mut file: File) -> io::Result<Result<File, RowFault>> {
    let mut mark = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    (&mut file).take(3).read_to_end(&mut mark)?;
    match mark.as_slice() {
        [0xEF, 0xBB, 0xBF] => {}
        [0xFF, 0xFE, ..] => {
            file.seek(SeekFrom::Start(2))?;
            return decoded(file, UTF_16LE.new_decoder_without_bom_handling());
        }
        [0xFE, 0xFF, ..] => {
            file.seek(SeekFrom::Start(2))?;
            return decoded(file, UTF_16BE.new_decoder_without_bom_handling());
        }
        _ => drop(file.seek(SeekFrom::Start(0))?),
    }
    let begin = file.stream_position()?;
    let found = Survey::of(&mut file)?;
    file.seek(SeekFrom::Start(begin))?;
    match (found.zero, found.wrong) {
        (Some(line), _) => Ok(Err(no_text(line))),
        (None, None) => Ok(Ok(file)),
        // One that has letters in UTF-8 is no Windows-1252, or they would be read as two.
        (None, Some(line)) if begin > 0 || found.beyond_ascii => Ok(Err(fault(
            line,
            say!("The line is no UTF-8, although others are.", "Die Zeile ist kein UTF-8, andere schon."),
        ))),
        (None, Some(_)) => decoded(file, WINDOWS_1252.new_decoder_without_bom_handling()),
    }
}

fn fault(row: u64, detail: Both) -> RowFault {
    RowFault { row, column: None, pointer: None, code: "invalid_encoding".to_owned(), detail }
}

fn no_text(line: u64) -> RowFault {
    fault(
        line,
        say!(
            "The line is no text: use UTF-8, UTF-16 with a byte order mark, or Windows-1252.",
            "Die Zeile ist kein Text: Verwenden Sie UTF-8, UTF-16 mit Byte Order Mark oder Windows-1252."
        ),
    )
}

/// What the bytes of a file look like.
#[derive(Default)]
struct Survey {
    /// The first line that is no UTF-8.
    wrong: Option<u64>,
    /// The first line with a zero byte, which no text has.
    zero: Option<u64>,
    /// Whether there are letters of several bytes in UTF-8.
    beyond_ascii: bool,
}

impl Survey {
    fn of(file: &mut File) -> io::Result<Self> {
        let (mut survey, mut rest, mut line) = (Self::default(), Vec::with_capacity(PIECE + 4), 1);
        loop {
            let kept = rest.len();
            file.take(PIECE as u64).read_to_end(&mut rest)?;
            let is_end = rest.len() == kept;
            let read = survey.look(&rest, is_end, &mut line);
            rest.drain(..read);
            if is_end {
                return Ok(survey);
            }
        }
    }

    /// Looks at some bytes; answers how many are done with. A letter may be cut at the end.
    fn look(&mut self, bytes: &[u8], is_end: bool, line: &mut u64) -> usize {
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
            if let Some(place) = text.iter().position(|byte| *byte == 0) {
                self.zero.get_or_insert(*line + lines(text.get(..place).unwrap_or_default()));
            }
            *line += lines(text);
            if wrong > 0 {
                self.wrong.get_or_insert(*line);
            }
            done += valid + wrong;
            if wrong == 0 {
                break;
            }
        }
        done
    }
}

fn lines(text: &[u8]) -> u64 {
    text.iter().filter(|byte| **byte == b'\n').count().try_into().unwrap_or(u64::MAX)
}

/// The rest of the file, decoded into another one.
fn decoded(mut file: File, mut decoder: Decoder) -> io::Result<Result<File, RowFault>> {
    let mut to = tempfile::tempfile()?;
    let (mut line, mut input, mut output) = (1, vec![0; PIECE], vec![0; 4 * PIECE]);
    loop {
        let length = file.read(&mut input)?;
        let mut bytes = input.get(..length).unwrap_or_default();
        loop {
            let (result, read, written) =
                decoder.decode_to_utf8_without_replacement(bytes, &mut output, length == 0);
            let text = output.get(..written).unwrap_or_default();
            // WHATWG reads what Windows-1252 leaves open as control characters; nobody writes them.
            let control = std::str::from_utf8(text).unwrap_or_default().char_indices();
            let control = control
                .filter(|(_, it)| *it == '\0' || ('\u{80}'..'\u{a0}').contains(it))
                .map(|it| it.0)
                .next();
            if let Some(place) = control {
                return Ok(Err(no_text(line + lines(text.get(..place).unwrap_or_default()))));
            }
            line += lines(text);
            to.write_all(text)?;
            bytes = bytes.get(read..).unwrap_or_default();
            match result {
                DecoderResult::InputEmpty => break,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(..) => return Ok(Err(no_text(line))),
            }
        }
        if length == 0 {
            to.seek(SeekFrom::Start(0))?;
            return Ok(Ok(to));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<String, u64> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        let mut text = String::new();
        utf8(file).unwrap().map_err(|fault| fault.row)?.read_to_string(&mut text).unwrap();
        Ok(text)
    }

    #[test]
    fn every_encoding_is_recognised() {
        let text = "a;b\nMünster;€–\n";
        let utf16 = |order: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(order).collect::<Vec<_>>();
        assert_eq!(read(text.as_bytes()).unwrap(), text);
        assert_eq!(read(&["\u{feff}".as_bytes(), text.as_bytes()].concat()).unwrap(), text);
        assert_eq!(read(&[&[0xFF, 0xFE][..], &utf16(u16::to_le_bytes)].concat()).unwrap(), text);
        assert_eq!(read(&[&[0xFE, 0xFF][..], &utf16(u16::to_be_bytes)].concat()).unwrap(), text);
        assert_eq!(read(b"a;b\nM\xfcnster;\x80\x96\n").unwrap(), text);
        assert_eq!(read(b"").unwrap(), "");
    }

    #[test]
    fn what_is_none_is_refused_with_its_line() {
        assert_eq!(read(b"a\nb\nM\xfcnster M\xc3\xbcnster\n"), Err(3));
        assert_eq!(read(b"\xef\xbb\xbfa\nM\xfcnster\n"), Err(2));
        assert_eq!(read(b"a\n\x81\xfc\n"), Err(2));
        assert_eq!(read(b"a\0\nb"), Err(1));
        assert_eq!(read(b"\xff\xfea\0\n\0\x00\xd8\n\0"), Err(2));
    }

    #[test]
    fn a_letter_may_lie_on_both_sides_of_a_piece() {
        for before in PIECE - 3..PIECE + 1 {
            let text = "x".repeat(before) + "€ü\n";
            assert_eq!(read(text.as_bytes()).unwrap(), text);
        }
    }
}
