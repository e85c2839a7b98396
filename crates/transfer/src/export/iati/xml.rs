//! A streaming XML writer for elements, texts and comments.

use std::borrow::Cow;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use vku_domain::kernel::error::Error;

/// An attribute: name and value.
pub(super) type Attribute<'a> = (&'a str, &'a str);

/// The XML that has been written and not taken yet.
pub(super) struct Xml(Writer<Vec<u8>>);

impl Xml {
    /// Starts a document with its declaration.
    pub(super) fn begin() -> Result<Self, Error> {
        let mut xml = Self(Writer::new_with_indent(Vec::new(), b' ', 1));
        xml.put(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
        Ok(xml)
    }

    /// The number of bytes that have not been taken yet.
    pub(super) fn len(&self) -> usize {
        self.0.get_ref().len()
    }

    /// Takes what has been written so far.
    pub(super) fn take(&mut self) -> Vec<u8> {
        std::mem::take(self.0.get_mut())
    }

    /// Writes a start tag.
    pub(super) fn open(&mut self, name: &str, attributes: &[Attribute<'_>]) -> Result<(), Error> {
        self.put(Event::Start(start(name, attributes)))
    }

    /// Writes an end tag.
    pub(super) fn close(&mut self, name: &str) -> Result<(), Error> {
        self.put(Event::End(BytesEnd::new(name)))
    }

    /// Writes an element without content.
    pub(super) fn empty(&mut self, name: &str, attributes: &[Attribute<'_>]) -> Result<(), Error> {
        self.put(Event::Empty(start(name, attributes)))
    }

    /// Writes an element with a text.
    pub(super) fn text(&mut self, name: &str, attributes: &[Attribute<'_>], text: &str) -> Result<(), Error> {
        self.open(name, attributes)?;
        self.put(Event::Text(BytesText::new(&clean(text))))?;
        self.close(name)
    }

    /// Writes a comment; `--`, which XML does not allow in comments, becomes `- -`.
    pub(super) fn comment(&mut self, text: &str) -> Result<(), Error> {
        let mut text = clean(text).into_owned();
        while text.contains("--") {
            text = text.replace("--", "- -");
        }
        self.put(Event::Comment(BytesText::from_escaped(format!(" {text} "))))
    }

    fn put(&mut self, event: Event<'_>) -> Result<(), Error> {
        self.0.write_event(event).map_err(Error::internal)
    }
}

fn start<'a>(name: &'a str, attributes: &[Attribute<'_>]) -> BytesStart<'a> {
    let attributes: Vec<_> = attributes.iter().map(|(name, value)| (*name, clean(value))).collect();
    BytesStart::new(name).with_attributes(attributes.iter().map(|(name, value)| (*name, value.as_ref())))
}

/// Removes the characters that XML documents must not contain, escaped or not (XML 1.0, section 2.2).
fn clean(text: &str) -> Cow<'_, str> {
    let fits = |letter: char| matches!(letter, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    match text.chars().all(fits) {
        true => Cow::Borrowed(text),
        false => Cow::Owned(text.chars().filter(|letter| fits(*letter)).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_attributes_and_comments_cannot_break_out() {
        let mut xml = Xml::begin().unwrap();
        xml.take();
        xml.text("a", &[("b", "\"<&>'\u{1}")], "</a>&amp;\u{fffe}]]>").unwrap();
        xml.comment("a-b ---> <y/> --").unwrap();
        let text = String::from_utf8(xml.take()).unwrap();
        assert_eq!(
            text.trim(),
            "<a b=\"&quot;&lt;&amp;&gt;&apos;\">&lt;/a&gt;&amp;amp;]]&gt;</a>\n<!-- a-b - - -> <y/> - - -->"
        );
    }
}
