//! What is wrong with an input, member by member: collected, never just the first.

use std::fmt;
use std::ops::ControlFlow;

use crate::bilingual;
use crate::kernel::bilingual::Bilingual;
use deserr::{DeserializeError, ErrorKind, IntoValue, MergeWithError, ValueKind, ValuePointerRef};

/// Where in a request the fault lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// A member of the body, as a JSON pointer (RFC 6901).
    Pointer(String),
    /// A query parameter.
    Parameter(String),
    /// A request header.
    Header(String),
}

/// One fault: where, which (a stable code) and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Where it lies.
    pub place: Location,
    /// Stable code, snake_case.
    pub code: &'static str,
    /// A sentence for people; names the allowed values where there are few.
    pub detail: Bilingual,
}

/// How many faults of one input are told: nobody reads more, and an answer must not be many times its question.
const MOST: usize = 1_000;

/// All faults of one input; an empty one means that there are none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Violations(Vec<Violation>);

impl Violations {
    /// Adds a fault of a body member. `pointer` is a JSON pointer (RFC 6901).
    pub fn member(&mut self, pointer: impl Into<String>, code: &'static str, detail: Bilingual) {
        self.push(Location::Pointer(pointer.into()), code, detail);
    }

    /// Adds a fault of a query parameter.
    pub fn parameter(&mut self, name: impl Into<String>, code: &'static str, detail: Bilingual) {
        self.push(Location::Parameter(name.into()), code, detail);
    }

    /// Adds a fault of a request header.
    pub fn header(&mut self, name: impl Into<String>, code: &'static str, detail: Bilingual) {
        self.push(Location::Header(name.into()), code, detail);
    }

    fn push(&mut self, place: Location, code: &'static str, detail: Bilingual) {
        if self.0.len() < MOST {
            self.0.push(Violation { place, code, detail });
        }
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The faults, in the order in which they were found.
    pub fn iter(&self) -> impl Iterator<Item = &Violation> {
        self.0.iter()
    }

    /// Takes over what another check found.
    pub fn append(&mut self, other: Self) {
        let room = MOST.saturating_sub(self.0.len());
        self.0.extend(other.0.into_iter().take(room));
    }

    /// Keeps the faults for which `keep` holds.
    pub fn retain(&mut self, keep: impl FnMut(&Violation) -> bool) {
        self.0.retain(keep);
    }

    /// The pointers of all faults that lie in the body.
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

/// The text does not fit its value type: code and reason, not yet located.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// Stable code, snake_case.
    pub code: &'static str,
    /// A sentence that says what would be right.
    pub detail: Bilingual,
}

impl FieldError {
    /// A fault of the given code.
    pub fn new(code: &'static str, detail: Bilingual) -> Self {
        Self { code, detail }
    }

    /// The text is not shaped as the type wants it.
    pub fn format(detail: Bilingual) -> Self {
        Self::new("invalid_format", detail)
    }

    /// The value is none of a closed list; names the nearest and, if there are few, all.
    pub fn unknown_value(value: &str, allowed: &[&str]) -> Self {
        let told: String = value.chars().take(ECHOED).collect();
        let unknown = bilingual!("Unknown value `{told}`.", "`{told}` ist nicht bekannt.");
        Self::new("unknown_value", unknown.then(hint(value, allowed)))
    }

    /// The text has more characters than fit.
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

/// How much of a wrong value is told back, in letters.
const ECHOED: usize = 100;

/// The longest list of allowed values that is spelled out in a message.
const SPELLED_OUT: usize = 40;

/// ` Did you mean `x`? Allowed: …`: the nearest known name and, where they are few, all of them.
pub fn hint(given: &str, known: &[&str]) -> Bilingual {
    let nearest = known
        .iter()
        // What is more than twice as long is near to nothing, and comparing it takes its time.
        .filter(|name| given.len() <= 2 * name.len() + 8)
        .map(|name| (strsim::damerau_levenshtein(given, name), name))
        .filter(|(distance, name)| *distance <= name.len().max(given.len()) / 2)
        .min_by_key(|(distance, _)| *distance);
    let near = nearest
        .map(|(_, name)| bilingual!(" Did you mean `{name}`?", " Meinten Sie `{name}`?"))
        .unwrap_or_default();
    if known.len() > SPELLED_OUT || known.is_empty() {
        return near;
    }
    let all = known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    near.then(bilingual!(" Allowed: {all}.", " Erlaubt: {all}."))
}

/// The sentence for a member that there is not.
pub fn unknown_member(name: &str, known: &[&str]) -> Bilingual {
    bilingual!("Unknown member `{name}`.", "Ein Feld `{name}` gibt es nicht.").then(hint(name, known))
}

/// The RFC 6901 pointer of a place in a JSON text (`~` and `/` escaped).
pub fn pointer(location: ValuePointerRef<'_>) -> String {
    match location {
        ValuePointerRef::Origin => String::new(),
        ValuePointerRef::Key { key, prev } => {
            format!("{}/{}", pointer(*prev), escape(key))
        }
        ValuePointerRef::Index { index, prev } => format!("{}/{index}", pointer(*prev)),
    }
}

/// One segment of a JSON pointer, escaped as RFC 6901, section 3, says.
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

/// `Expected a string or an array, found null.`
fn wrong_type(accepted: &[ValueKind], actual: ValueKind) -> Bilingual {
    let mut wanted: Vec<_> = accepted.iter().map(|kind| json_type(*kind)).collect();
    wanted.dedup();
    let wanted = wanted.into_iter().reduce(|all, next| all.then(bilingual!(" or ", " oder ")).then(next));
    bilingual!("Expected ", "Erwartet: ")
        .then(wanted.unwrap_or_default())
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
            // In words of its own, which are in one language and name types of ours.
            ErrorKind::Unexpected { .. } => {
                let detail = bilingual!("This value is not valid here.", "Dieser Wert passt hier nicht.");
                all.member(here, "invalid_format", detail);
            }
        }
        ControlFlow::Continue(all)
    }
}
