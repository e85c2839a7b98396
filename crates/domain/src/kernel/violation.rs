//! The violations of an input. All of them are collected, not only the first.

use std::fmt;
use std::ops::ControlFlow;

use deserr::{DeserializeError, ErrorKind, IntoValue, MergeWithError, ValueKind, ValuePointerRef};

use crate::bilingual;
use crate::kernel::bilingual::Bilingual;

/// The location of a violation in a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// A field of the body, as a JSON pointer (RFC 6901).
    Pointer(String),
    /// A query parameter.
    Parameter(String),
    /// A request header.
    Header(String),
}

/// A violation: its location, a stable code and a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The location.
    pub place: Location,
    /// The stable code, in snake_case.
    pub code: &'static str,
    /// A message for people, which lists the allowed values if there are few.
    pub detail: Bilingual,
}

/// The maximum number of violations of one input: nobody reads more, and a response must not be many times as large as
/// its request.
const MAX_VIOLATIONS: usize = 1_000;

/// All violations of one input; empty if there are none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Violations(Vec<Violation>);

impl Violations {
    /// Adds a violation at a field of the body. `pointer` is a JSON pointer (RFC 6901).
    pub fn member(&mut self, pointer: impl Into<String>, code: &'static str, detail: Bilingual) {
        self.push(Location::Pointer(pointer.into()), code, detail);
    }

    /// Adds a violation at a query parameter.
    pub fn parameter(&mut self, name: impl Into<String>, code: &'static str, detail: Bilingual) {
        self.push(Location::Parameter(name.into()), code, detail);
    }

    /// Adds a violation at a request header.
    pub fn header(&mut self, name: impl Into<String>, code: &'static str, detail: Bilingual) {
        self.push(Location::Header(name.into()), code, detail);
    }

    fn push(&mut self, place: Location, code: &'static str, detail: Bilingual) {
        if self.0.len() < MAX_VIOLATIONS {
            self.0.push(Violation { place, code, detail });
        }
    }

    /// Returns whether there are no violations.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the violations, in the order in which they were found.
    pub fn iter(&self) -> impl Iterator<Item = &Violation> {
        self.0.iter()
    }

    /// Adds the violations of another check.
    pub fn append(&mut self, other: Self) {
        let room = MAX_VIOLATIONS.saturating_sub(self.0.len());
        self.0.extend(other.0.into_iter().take(room));
    }

    /// Puts a prefix before the names of query parameters.
    pub fn prefix_parameters(&mut self, prefix: &str) {
        for violation in &mut self.0 {
            if let Location::Parameter(name) = &mut violation.place {
                name.insert_str(0, prefix);
            }
        }
    }

    /// Keeps only the violations for which `keep` returns true.
    pub fn retain(&mut self, keep: impl FnMut(&Violation) -> bool) {
        self.0.retain(keep);
    }

    /// Returns the JSON pointers of the violations in the body.
    pub fn pointers(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|violation| match &violation.place {
            Location::Pointer(pointer) => Some(pointer.as_str()),
            _ => None,
        })
    }
}

impl IntoIterator for Violations {
    type Item = Violation;
    type IntoIter = std::vec::IntoIter<Violation>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// A text that is not valid for its type: code and message, without a location.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The stable code, in snake_case.
    pub code: &'static str,
    /// A message that states what would be valid.
    pub detail: Bilingual,
}

impl FieldError {
    /// Makes an error with a code.
    pub fn new(code: &'static str, detail: Bilingual) -> Self {
        Self { code, detail }
    }

    /// The text does not have the format of the type.
    pub fn format(detail: Bilingual) -> Self {
        Self::new("invalid_format", detail)
    }

    /// The value is not in a closed list. The message names the most similar one, and all of them if there are few.
    pub fn unknown_value(value: &str, allowed: &[&str]) -> Self {
        let echoed: String = value.chars().take(MAX_ECHOED_LENGTH).collect();
        let unknown = bilingual!("Unknown value `{echoed}`.", "`{echoed}` ist nicht bekannt.");
        Self::new("unknown_value", unknown.then(hint(value, allowed)))
    }

    /// The text has too many characters.
    pub fn too_long(most: usize, length: usize) -> Self {
        let detail = bilingual!(
            "At most {most} characters, found {length}.",
            "Höchstens {most} Zeichen, gefunden: {length}."
        );
        Self::new("too_long", detail)
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.detail.fmt(f)
    }
}

impl std::error::Error for FieldError {}

/// The maximum length of an invalid value that a message repeats, in characters.
const MAX_ECHOED_LENGTH: usize = 100;

/// The maximum number of allowed values that a message lists.
const MAX_LISTED_VALUES: usize = 40;

/// Returns a hint with the most similar known name, and with all names if there are few.
pub fn hint(value: &str, known: &[&str]) -> Bilingual {
    let nearest = known
        .iter()
        // A value that is much longer than a name is not similar to it, and the comparison takes time.
        .filter(|name| value.len() <= 2 * name.len() + 8)
        .map(|name| (strsim::damerau_levenshtein(value, name), name))
        .filter(|(distance, name)| *distance <= name.len().max(value.len()) / 2)
        .min_by_key(|(distance, _)| *distance);
    let near = nearest
        .map(|(_, name)| bilingual!(" Did you mean `{name}`?", " Meinten Sie `{name}`?"))
        .unwrap_or_default();
    if known.len() > MAX_LISTED_VALUES || known.is_empty() {
        return near;
    }
    let all = known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    near.then(bilingual!(" Allowed: {all}.", " Erlaubt: {all}."))
}

/// Returns the message for an unknown field.
pub fn unknown_member(name: &str, known: &[&str]) -> Bilingual {
    bilingual!("Unknown field `{name}`.", "Ein Feld `{name}` gibt es nicht.").then(hint(name, known))
}

/// Returns the JSON pointer (RFC 6901) of a place in a JSON value.
pub fn pointer(location: ValuePointerRef<'_>) -> String {
    match location {
        ValuePointerRef::Origin => String::new(),
        ValuePointerRef::Key { key, prev } => {
            format!("{}/{}", pointer(*prev), escape(key))
        }
        ValuePointerRef::Index { index, prev } => format!("{}/{index}", pointer(*prev)),
    }
}

/// Escapes a segment of a JSON pointer (RFC 6901, section 3).
pub fn escape(segment: &str) -> String {
    segment.replace('~', "~0").replace('/', "~1")
}

fn json_type(kind: ValueKind) -> Bilingual {
    match kind {
        ValueKind::Null => bilingual!("null", "null"),
        ValueKind::Boolean => bilingual!("a boolean", "Wahrheitswert"),
        ValueKind::Integer | ValueKind::NegativeInteger => bilingual!("an integer", "ganze Zahl"),
        ValueKind::Float => bilingual!("a number", "Zahl"),
        ValueKind::String => bilingual!("a string", "Text"),
        ValueKind::Sequence => bilingual!("an array", "Liste"),
        ValueKind::Map => bilingual!("an object", "Objekt"),
    }
}

/// Returns a message such as `Expected a string or an array, found null.`
fn wrong_type(accepted: &[ValueKind], actual: ValueKind) -> Bilingual {
    let mut expected: Vec<_> = accepted.iter().map(|kind| json_type(*kind)).collect();
    expected.dedup();
    let expected = expected.into_iter().reduce(|all, next| all.then(bilingual!(" or ", " oder ")).then(next));
    bilingual!("Expected ", "Erwartet: ")
        .then(expected.unwrap_or_default())
        .then(bilingual!(", found ", ", gefunden: "))
        .then(json_type(actual))
        .then(bilingual!(".", "."))
}

impl MergeWithError<Self> for Violations {
    fn merge(all: Option<Self>, other: Self, _: ValuePointerRef<'_>) -> ControlFlow<Self, Self> {
        let mut all = all.unwrap_or_default();
        all.append(other);
        ControlFlow::Continue(all)
    }
}

impl MergeWithError<FieldError> for Violations {
    fn merge(all: Option<Self>, fault: FieldError, at: ValuePointerRef<'_>) -> ControlFlow<Self, Self> {
        let mut all = all.unwrap_or_default();
        all.member(pointer(at), fault.code, fault.detail);
        ControlFlow::Continue(all)
    }
}

impl DeserializeError for Violations {
    fn error<V: IntoValue>(
        all: Option<Self>,
        error: ErrorKind<'_, V>,
        at: ValuePointerRef<'_>,
    ) -> ControlFlow<Self, Self> {
        let mut all = all.unwrap_or_default();
        let here = pointer(at);
        match error {
            ErrorKind::IncorrectValueKind { actual, accepted } => {
                all.member(here, "wrong_type", wrong_type(accepted, actual.kind()));
            }
            ErrorKind::MissingField { field } => {
                all.member(
                    format!("{here}/{}", escape(field)),
                    "required",
                    bilingual!("`{field}` is required.", "`{field}` ist erforderlich."),
                );
            }
            ErrorKind::UnknownKey { key, accepted } => {
                let detail = unknown_member(key, accepted);
                all.member(format!("{here}/{}", escape(key)), "unknown_member", detail);
            }
            ErrorKind::UnknownValue { value, accepted } => {
                let fault = FieldError::unknown_value(value, accepted);
                all.member(here, fault.code, fault.detail);
            }
            ErrorKind::BadSequenceLen { expected, .. } => {
                let detail = bilingual!("Expected {expected} entries.", "Erwartet: {expected} Einträge.");
                all.member(here, "wrong_length", detail);
            }
            // The text of these errors is only in English and names internal types.
            ErrorKind::Unexpected { .. } => {
                let detail = bilingual!("This value is not valid here.", "Dieser Wert passt hier nicht.");
                all.member(here, "invalid_format", detail);
            }
        }
        ControlFlow::Continue(all)
    }
}
