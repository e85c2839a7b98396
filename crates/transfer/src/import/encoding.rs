//! Converts text files to UTF-8. A file whose encoding is not recognised is rejected, with the line.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

use encoding_rs::{DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use vku_domain::bilingual;
use vku_domain::import::{EncodingSource, RowFault, Source};
use vku_domain::kernel::bilingual::Bilingual;

use super::charset::Charset;
use super::lines::Counter;
use super::mojibake::MojibakeDetector;
use super::survey::{CHUNK_SIZE, Survey};

/// A decoded text file.
pub(super) struct Text {
    /// The text in UTF-8, positioned after its byte order mark.
    pub(super) file: File,
    /// The original encoding.
    pub(super) encoding: &'static Encoding,
    /// How the encoding was determined.
    pub(super) source: EncodingSource,
}

impl Text {
    /// The encoding, for the report.
    pub(super) fn report_source(&self) -> Source {
        let encoding = Some(self.encoding.name().to_owned());
        Source { encoding, encoding_source: Some(self.source), ..Source::default() }
    }
}

/// Converts the file to UTF-8, or returns why it cannot be decoded.
///
/// A byte order mark decides first, then the declared encoding. Otherwise the file is UTF-8 if it is valid UTF-8,
/// else Windows-1252. Nearly all bytes are valid Windows-1252, so implausible text is rejected.
///
/// Errors: the file cannot be read.
pub(super) fn utf8(mut file: File, declared: Option<Charset>) -> io::Result<Result<Text, RowFault>> {
    let mut mark = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    (&mut file).take(3).read_to_end(&mut mark)?;
    let marked = Encoding::for_bom(&mark);
    let begin = marked.map_or(0, |(_, length)| u64::try_from(length).unwrap_or_default());
    file.seek(SeekFrom::Start(begin))?;
    let (encoding, source) = match (marked, declared) {
        (Some((encoding, _)), _) => (Some(encoding), EncodingSource::ByteOrderMark),
        (None, Some(Charset(encoding))) => (Some(encoding), EncodingSource::Declared),
        (None, None) => (None, EncodingSource::Guessed),
    };
    if encoding == Some(UTF_16LE) || encoding == Some(UTF_16BE) {
        return decoded(file, encoding.unwrap_or(UTF_8), source);
    }
    let found = Survey::of(&mut file)?;
    file.seek(SeekFrom::Start(begin))?;
    let is_utf8 = encoding.is_none_or(|it| it == UTF_8);
    match (found.zero, found.wrong) {
        (Some(line), _) => Ok(Err(no_text(line))),
        (None, None)
            if is_utf8 || (!found.beyond_ascii && encoding.is_some_and(Encoding::is_ascii_compatible)) =>
        {
            let encoding = encoding.unwrap_or(UTF_8);
            Ok(Ok(Text { file, encoding, source }))
        }
        // Valid multi-byte sequences of UTF-8 do not occur by accident.
        (None, None) if found.beyond_ascii => Ok(Err(misdeclared(encoding.unwrap_or(UTF_8)))),
        // A file with multi-byte letters in UTF-8 is not Windows-1252, which would read each as two letters.
        (None, Some(line)) if is_utf8 && (encoding.is_some() || found.beyond_ascii) => Ok(Err(fault(
            line,
            bilingual!(
                "The line is not valid UTF-8. Save the file as UTF-8 (in Excel: “CSV UTF-8”), or specify \
                 its encoding with `charset`.",
                "Die Zeile ist kein UTF-8. Speichern Sie die Datei als UTF-8 (in Excel: „CSV UTF-8“), oder nennen Sie ihre \
                 Kodierung mit `charset`."
            ),
        ))),
        (None, _) => decoded(file, encoding.unwrap_or(WINDOWS_1252), source),
    }
}

fn fault(row: u64, detail: Bilingual) -> RowFault {
    RowFault { row, column: None, pointer: None, code: "invalid_encoding".to_owned(), detail }
}

fn no_text(line: u64) -> RowFault {
    fault(
        line,
        bilingual!(
            "The line is not text. Save the file as UTF-8 (in Excel: “CSV UTF-8”), or specify its encoding \
             with `charset`.",
            "Die Zeile ist kein Text. Speichern Sie die Datei als UTF-8 (in Excel: „CSV UTF-8“), oder nennen Sie ihre \
             Kodierung mit `charset`."
        ),
    )
}

fn misdeclared(encoding: &'static Encoding) -> RowFault {
    let name = encoding.name();
    fault(
        1,
        bilingual!(
            "The file is UTF-8, but its `charset` is {name}.",
            "Die Datei ist UTF-8, ihr `charset` sagt aber {name}."
        ),
    )
}

fn misread(line: u64, word: &str) -> RowFault {
    fault(
        line,
        bilingual!(
            "The encoding of the file is not known: read as Windows-1252, the line contains `{word}`. Save \
             the file as UTF-8 (in Excel: “CSV UTF-8”), or specify its encoding with `charset`, for example \
             `windows-1251` or `macintosh`.",
            "Die Kodierung der Datei ist nicht bekannt: Als Windows-1252 gelesen, enthält die Zeile `{word}`. Speichern Sie \
             die Datei als UTF-8 (in Excel: „CSV UTF-8“), oder nennen Sie ihre Kodierung mit `charset`, etwa `windows-1251` \
             oder `macintosh`."
        ),
    )
}

/// Decodes the rest of the file into another one.
fn decoded(
    mut file: File,
    encoding: &'static Encoding,
    source: EncodingSource,
) -> io::Result<Result<Text, RowFault>> {
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let mut to = tempfile::tempfile()?;
    let mut checker = TextChecker {
        mojibake: (source == EncodingSource::Guessed).then(MojibakeDetector::default),
        lines: Counter::default(),
    };
    let (mut input, mut output) = (vec![0; CHUNK_SIZE], vec![0; 4 * CHUNK_SIZE]);
    loop {
        let length = file.read(&mut input)?;
        let mut bytes = input.get(..length).unwrap_or_default();
        loop {
            let (result, read, written) =
                decoder.decode_to_utf8_without_replacement(bytes, &mut output, length == 0);
            let text = output.get(..written).unwrap_or_default();
            if let Some(fault) = checker.check(std::str::from_utf8(text).unwrap_or_default()) {
                return Ok(Err(fault));
            }
            to.write_all(text)?;
            bytes = bytes.get(read..).unwrap_or_default();
            match result {
                DecoderResult::InputEmpty => break,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(..) => return Ok(Err(no_text(checker.lines.line()))),
            }
        }
        if length == 0 {
            if let Some(word) = checker.mojibake.as_mut().and_then(MojibakeDetector::end) {
                return Ok(Err(misread(checker.lines.line(), &word)));
            }
            to.seek(SeekFrom::Start(0))?;
            return Ok(Ok(Text { file: to, encoding, source }));
        }
    }
}

/// Checks a text while it is decoded.
struct TextChecker {
    mojibake: Option<MojibakeDetector>,
    lines: Counter,
}

impl TextChecker {
    fn check(&mut self, text: &str) -> Option<RowFault> {
        for letter in text.chars() {
            // WHATWG maps the undefined bytes of Windows-1252 to control characters, which do not occur in text.
            if letter == '\0' || ('\u{80}'..'\u{a0}').contains(&letter) {
                return Some(no_text(self.lines.line()));
            }
            if let Some(word) = self.mojibake.as_mut().and_then(|detector| detector.take(letter)) {
                return Some(misread(self.lines.line(), &word));
            }
            if let Ok(byte @ (b'\n' | b'\r')) = u8::try_from(letter) {
                self.lines.count_breaks(&[byte]);
            } else {
                self.lines.count_breaks(b" ");
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<String, u64> {
        decode(bytes, None).map(|(text, ..)| text)
    }

    fn decode(bytes: &[u8], charset: Option<&str>) -> Result<(String, &'static str, EncodingSource), u64> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        let mut text = String::new();
        let mut read =
            utf8(file, charset.map(|label| label.parse().unwrap())).unwrap().map_err(|fault| fault.row)?;
        read.file.read_to_string(&mut text).unwrap();
        Ok((text, read.encoding.name(), read.source))
    }

    #[test]
    fn utf8_utf16_and_windows_1252_are_recognised() {
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
    fn an_invalid_encoding_is_rejected_with_its_line() {
        assert_eq!(read(b"a\nb\nM\xfcnster M\xc3\xbcnster\n"), Err(3));
        assert_eq!(read(b"\xef\xbb\xbfa\nM\xfcnster\n"), Err(2));
        assert_eq!(read(b"a\n\x81\xfc\n"), Err(2));
        assert_eq!(read(b"a\r\xff\x81\r"), Err(2));
        assert_eq!(read(b"a\r\nb\r\nM\xfcnster M\xc3\xbcnster\r\n"), Err(3));
        assert_eq!(read(b"a\0\nb"), Err(1));
        assert_eq!(read(b"\xff\xfea\0\n\0\x00\xd8\n\0"), Err(2));
    }

    #[test]
    fn a_letter_may_be_split_across_two_pieces() {
        for before in CHUNK_SIZE - 3..CHUNK_SIZE + 1 {
            let text = "x".repeat(before) + "€ü\n";
            assert_eq!(read(text.as_bytes()).unwrap(), text);
        }
    }

    #[test]
    fn a_declared_encoding_is_used() {
        use EncodingSource::{ByteOrderMark, Declared, Guessed};
        let read = |bytes: &[u8], charset| decode(bytes, charset);
        let cyrillic = b"a\n\xcb\xfc\xe2\xb3\xe2\n";
        assert_eq!(read(cyrillic, Some("windows-1251")), Ok(("a\nЛьвів\n".into(), "windows-1251", Declared)));
        assert_eq!(read(cyrillic, None), Err(2));
        assert_eq!(read(b"M\x9fnchen", Some("macintosh")), Ok(("München".into(), "macintosh", Declared)));
        assert_eq!(read(b"a\rM\x9fnchen", None), Err(2));
        assert_eq!(read(b"M\x81nchen", None), Err(1));
        assert_eq!(read(b"M\xfcnchen", Some("utf-8")), Err(1));
        assert_eq!(read(b"M\xfcnchen", None), Ok(("München".into(), "windows-1252", Guessed)));
        assert_eq!(read("M\u{fc}nchen".as_bytes(), Some("latin1")), Err(1));
        assert_eq!(read("M\u{fc}nchen".as_bytes(), None), Ok(("München".into(), "UTF-8", Guessed)));
        assert_eq!(read("\u{feff}ü".as_bytes(), Some("latin1")), Ok(("ü".into(), "UTF-8", ByteOrderMark)));
        assert_eq!(read(b"a", Some("latin1")), Ok(("a".into(), "windows-1252", Declared)));
        assert_eq!(read(b"a\0", Some("utf-16le")), Ok(("a".into(), "UTF-16LE", Declared)));
    }
}
