//! An IATI file, as it is read.

use std::collections::{BTreeMap, BTreeSet};

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::api::exports::exported;
use crate::api::fixtures::PARTNERSHIPS;
use crate::harness::Caller;

/// An element: its path in the activity, its attributes in their order, and its text.
#[derive(Debug, PartialEq)]
pub(super) struct Element {
    path: String,
    attributes: String,
    text: String,
}

/// A file: the elements of each activity by slug, and the comments.
pub(super) struct File {
    pub(super) activities: BTreeMap<String, Vec<Element>>,
    pub(super) comments: Vec<String>,
}

fn attributes(start: &BytesStart<'_>) -> String {
    let each = start.attributes().map(|it| {
        let it = it.unwrap();
        let value = quick_xml::escape::unescape(&it.value).unwrap().into_owned();
        format!("{}={value}", String::from_utf8_lossy(it.key.as_ref().as_ref()))
    });
    each.collect::<Vec<_>>().join(" ")
}

impl File {
    fn read(xml: &str) -> Self {
        let mut reader = Reader::from_str(xml);
        let (mut file, mut open) = (Self { activities: BTreeMap::new(), comments: Vec::new() }, Vec::new());
        let mut elements: Vec<Element> = Vec::new();
        let mut here: Vec<usize> = Vec::new();
        loop {
            match reader.read_event().unwrap() {
                Event::Start(start) => {
                    open.push(start.name().as_ref().to_owned());
                    here.push(elements.len());
                    elements.push(element(&open, &start));
                }
                Event::Empty(start) => {
                    open.push(start.name().as_ref().to_owned());
                    elements.push(element(&open, &start));
                    open.pop();
                }
                Event::Text(text) => {
                    let text = text.xml_content(quick_xml::XmlVersion::Implicit1_0);
                    if let Some(at) = here.last() {
                        elements[*at].text.push_str(&text);
                    }
                }
                Event::GeneralRef(reference) => {
                    let name = reference.as_ref().to_owned();
                    let text = quick_xml::escape::unescape(&format!("&{name};")).unwrap().into_owned();
                    elements[*here.last().unwrap()].text.push_str(&text);
                }
                Event::End(_) => {
                    here.pop();
                    if open.pop().is_some_and(|name| name == "iati-activity") {
                        let of = elements.iter().rposition(|it| it.path.is_empty()).unwrap();
                        let whole = elements.split_off(of);
                        let own = whole.iter().find(|it| it.path == "other-identifier").unwrap();
                        let slug =
                            own.attributes.strip_prefix("ref=").unwrap().strip_suffix(" type=A1").unwrap();
                        file.activities.insert(slug.to_owned(), whole);
                    }
                }
                Event::Comment(comment) => file.comments.push(comment.as_ref().trim().to_owned()),
                Event::Eof => return file,
                _ => {}
            }
        }
    }

    pub(super) async fn of(caller: &Caller, query: &str) -> Self {
        Self::read(&exported(caller, &format!("{PARTNERSHIPS}{query}"), "iati").await.text())
    }

    /// The slugs of the activities.
    pub(super) fn slugs(&self) -> BTreeSet<String> {
        self.activities.keys().cloned().collect()
    }

    /// The attributes and texts of the elements at a path in an activity.
    pub(super) fn contents(&self, slug: &str, path: &str) -> Vec<String> {
        let elements = self.activities[slug].iter().filter(|it| it.path == path);
        elements.map(|it| format!("{} {}", it.attributes, it.text.trim()).trim().to_owned()).collect()
    }
}

fn element(open: &[String], start: &BytesStart<'_>) -> Element {
    let path = open.iter().skip(2).cloned().collect::<Vec<_>>().join("/");
    Element { path, attributes: attributes(start), text: String::new() }
}
