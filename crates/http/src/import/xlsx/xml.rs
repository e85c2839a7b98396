//! The XML of a workbook's parts, as far as it is the same for all of them.

use std::io::{BufRead, BufReader, Read};

use quick_xml::Reader;
use quick_xml::escape::{resolve_predefined_entity, unescape};
use quick_xml::events::{BytesStart, Event};

use super::Torn;

/// Events of a part.
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

    /// The next event.
    pub(super) fn next(&mut self) -> Result<Event<'_>, Torn> {
        next(&mut self.reader, &mut self.buffer)
    }

    /// Calls for each element that begins.
    pub(super) fn each(
        mut self,
        mut start: impl FnMut(&BytesStart<'_>) -> Result<(), Torn>,
    ) -> Result<(), Torn> {
        loop {
            match self.next()? {
                Event::Start(element) => start(&element)?,
                Event::Eof => return Ok(()),
                _ => {}
            }
        }
    }

    /// The text of the element that has begun, to its end; that of the elements in it is left out.
    pub(super) fn text(&mut self, into: &mut String) -> Result<(), Torn> {
        let mut depth = 0_u32;
        loop {
            match self.next()? {
                Event::Text(text) if depth == 0 => into.push_str(&text.xml10_content()),
                Event::CData(text) if depth == 0 => into.push_str(&text.xml10_content()),
                Event::GeneralRef(entity) if depth == 0 => {
                    if let Some(letter) = entity.resolve_char_ref().map_err(|_| Torn)? {
                        into.push(letter);
                    } else {
                        into.push_str(resolve_predefined_entity(&entity.xml10_content()).ok_or(Torn)?);
                    }
                }
                Event::Start(_) => depth += 1,
                Event::End(_) => match depth.checked_sub(1) {
                    Some(above) => depth = above,
                    None => return Ok(()),
                },
                Event::Eof => return Err(Torn),
                _ => {}
            }
        }
    }

    /// The text of a shared or inline string that has begun: of all its runs, without how it is pronounced.
    pub(super) fn rich_text(&mut self, into: &mut String) -> Result<(), Torn> {
        let begin = into.len();
        let mut depth = 0_u32;
        let mut spoken = None;
        loop {
            let is_text = match self.next()? {
                Event::Start(element) => match element.local_name().as_ref() {
                    "t" if spoken.is_none() => true,
                    name => {
                        if name == "rPh" {
                            spoken = spoken.or(Some(depth));
                        }
                        depth += 1;
                        false
                    }
                },
                Event::End(_) => match depth.checked_sub(1) {
                    Some(above) => {
                        depth = above;
                        spoken = spoken.filter(|within| *within < depth);
                        false
                    }
                    None => break,
                },
                Event::Eof => return Err(Torn),
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

fn next<'b, R: BufRead>(reader: &mut Reader<R>, buffer: &'b mut Vec<u8>) -> Result<Event<'b>, Torn> {
    buffer.clear();
    reader.read_event_into(buffer).map_err(|_| Torn)
}

/// An attribute, by its name without a prefix.
pub(super) fn attribute(element: &BytesStart<'_>, name: &str) -> Result<Option<String>, Torn> {
    for attribute in element.attributes().with_checks(false) {
        let attribute = attribute.map_err(|_| Torn)?;
        if attribute.key.local_name().as_ref() == name {
            let value = unescape(&attribute.value).map_err(|_| Torn)?;
            return Ok(Some(value.into_owned()));
        }
    }
    Ok(None)
}

/// Whether an attribute says yes.
pub(super) fn is_on(element: &BytesStart<'_>, name: &str) -> Result<bool, Torn> {
    Ok(matches!(attribute(element, name)?.as_deref(), Some("1" | "true" | "on")))
}

/// `_x000D_` is a letter that XML cannot have (ECMA-376, 22.9.2.19); `None` where there is none of them.
pub(super) fn unescaped(text: &str) -> Option<String> {
    let mut plain = None::<String>;
    let mut rest = text;
    while let Some(at) = rest.find("_x") {
        let (before, behind) = rest.split_at(at);
        let code = behind.get(2..6).filter(|_| behind.get(6..7) == Some("_"));
        let letter = code.and_then(|code| u32::from_str_radix(code, 16).ok()).and_then(char::from_u32);
        let plain = plain.get_or_insert_default();
        plain.push_str(before);
        match letter {
            Some(letter) => {
                plain.push(letter);
                rest = behind.get(7..).unwrap_or_default();
            }
            None => {
                plain.push_str("_x");
                rest = behind.get(2..).unwrap_or_default();
            }
        }
    }
    plain.map(|plain| plain + rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_that_xml_cannot_have_are_read() {
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
