//! Reading the XML of the parts of a workbook.

use std::io::{BufRead, BufReader, Read};

use quick_xml::Reader;
use quick_xml::escape::{resolve_predefined_entity, unescape};
use quick_xml::events::{BytesStart, Event};

use super::Malformed;

/// The XML events of a part.
pub(super) struct Xml<R> {
    reader: Reader<BufReader<R>>,
    buffer: Vec<u8>,
}

impl<R: Read> Xml<R> {
    pub(super) fn new(part: R) -> Self {
        let mut reader = Reader::from_reader(BufReader::new(part));
        reader.config_mut().expand_empty_elements = true;
        Self { reader, buffer: Vec::new() }
    }

    /// Returns the next event.
    pub(super) fn next(&mut self) -> Result<Event<'_>, Malformed> {
        next(&mut self.reader, &mut self.buffer)
    }

    /// Calls `start` for each start tag.
    pub(super) fn each(
        mut self,
        mut start: impl FnMut(&BytesStart<'_>) -> Result<(), Malformed>,
    ) -> Result<(), Malformed> {
        loop {
            match self.next()? {
                Event::Start(element) => start(&element)?,
                Event::Eof => return Ok(()),
                _ => {}
            }
        }
    }

    /// Reads the text of the current element, to its end tag, without the text of nested elements.
    pub(super) fn text(&mut self, into: &mut String) -> Result<(), Malformed> {
        let mut depth = 0_u32;
        loop {
            match self.next()? {
                Event::Text(text) if depth == 0 => into.push_str(&text.xml10_content()),
                Event::CData(text) if depth == 0 => into.push_str(&text.xml10_content()),
                Event::GeneralRef(entity) if depth == 0 => {
                    if let Some(letter) = entity.resolve_char_ref().map_err(|_| Malformed)? {
                        into.push(letter);
                    } else {
                        into.push_str(resolve_predefined_entity(&entity.xml10_content()).ok_or(Malformed)?);
                    }
                }
                Event::Start(_) => depth += 1,
                Event::End(_) => match depth.checked_sub(1) {
                    Some(above) => depth = above,
                    None => return Ok(()),
                },
                Event::Eof => return Err(Malformed),
                _ => {}
            }
        }
    }

    /// Reads the text of the current shared or inline string: all its runs, without phonetic text.
    pub(super) fn rich_text(&mut self, into: &mut String) -> Result<(), Malformed> {
        let begin = into.len();
        let mut depth = 0_u32;
        let mut phonetic = None;
        loop {
            let is_text = match self.next()? {
                Event::Start(element) => match element.local_name().as_ref() {
                    "t" if phonetic.is_none() => true,
                    name => {
                        if name == "rPh" {
                            phonetic = phonetic.or(Some(depth));
                        }
                        depth += 1;
                        false
                    }
                },
                Event::End(_) => match depth.checked_sub(1) {
                    Some(above) => {
                        depth = above;
                        phonetic = phonetic.filter(|within| *within < depth);
                        false
                    }
                    None => break,
                },
                Event::Eof => return Err(Malformed),
                _ => false,
            };
            if is_text {
                self.text(into)?;
            }
        }
        if let Some(plain) = into.get(begin..).and_then(unescaped) {
            into.truncate(begin);
            into.push_str(&plain);
        }
        Ok(())
    }
}

fn next<'b, R: BufRead>(reader: &mut Reader<R>, buffer: &'b mut Vec<u8>) -> Result<Event<'b>, Malformed> {
    buffer.clear();
    reader.read_event_into(buffer).map_err(|_| Malformed)
}

/// Returns an attribute, by its name without a prefix.
pub(super) fn attribute(element: &BytesStart<'_>, name: &str) -> Result<Option<String>, Malformed> {
    for attribute in element.attributes().with_checks(false) {
        let attribute = attribute.map_err(|_| Malformed)?;
        if attribute.key.local_name().as_ref() == name {
            let value = unescape(&attribute.value).map_err(|_| Malformed)?;
            return Ok(Some(value.into_owned()));
        }
    }
    Ok(None)
}

/// Whether a boolean attribute is true.
pub(super) fn is_on(element: &BytesStart<'_>, name: &str) -> Result<bool, Malformed> {
    Ok(matches!(attribute(element, name)?.as_deref(), Some("1" | "true" | "on")))
}

/// Decodes escapes such as `_x000D_`, for characters that XML cannot contain (ECMA-376, 22.9.2.19); `None` if there
/// are none.
pub(super) fn unescaped(text: &str) -> Option<String> {
    let mut plain = None::<String>;
    let mut rest = text;
    while let Some(at) = rest.find("_x") {
        let (before, after) = rest.split_at(at);
        let code = after.get(2..6).filter(|_| after.get(6..7) == Some("_"));
        let letter = code.and_then(|code| u32::from_str_radix(code, 16).ok()).and_then(char::from_u32);
        let plain = plain.get_or_insert_default();
        plain.push_str(before);
        match letter {
            Some(letter) => {
                plain.push(letter);
                rest = after.get(7..).unwrap_or_default();
            }
            None => {
                plain.push_str("_x");
                rest = after.get(2..).unwrap_or_default();
            }
        }
    }
    plain.map(|plain| plain + rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaped_characters_are_decoded() {
        assert_eq!(unescaped("a_x000D_\n_x005F_x000D_ _xyz_x"), Some("a\r\n_x000D_ _xyz_x".to_owned()));
        assert_eq!(unescaped("plain"), None);
    }

    #[test]
    fn runs_are_joined_and_entities_resolved() {
        let text = "<si><r><rPr><b/></rPr><t>a &amp; </t></r><rPh sb=\"0\"><t>spoken</t></rPh><r><t>b&#228;</t></r></si>";
        let mut xml = Xml::new(text.as_bytes());
        assert!(matches!(xml.next(), Ok(Event::Start(_))));
        let mut read = String::new();
        assert!(xml.rich_text(&mut read).is_ok());
        assert_eq!(read, "a & bä");
    }
}
