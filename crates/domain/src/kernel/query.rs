//! What a list is asked for, and what it answers: the same for every resource.

use super::parameters::sort::{Direction, SortKey};

use super::parameters::{FilterParameters, Parameters};
use super::resource::projection::Projection;
use super::resource::{Resource, Stored};
use super::search::Search;
use super::violation::{FieldError, Violations};
use crate::bilingual;

/// The largest page.
pub const LIMIT_MAX: u64 = 200;
/// The page when no size is asked for.
pub const LIMIT_DEFAULT: u64 = 50;

/// A list asked for: filter, sort, place and size.
#[derive(Clone)]
pub struct Query<T: Resource> {
    /// Which rows.
    pub filter: T::Filter,
    /// What they are searched for.
    pub search: Option<Search>,
    /// In which order, the id being the last tie-break; empty where a search has the best first.
    pub sort: Vec<(T::Sort, Direction)>,
    /// From where on: an opaque token of an earlier page.
    pub cursor: Option<String>,
    /// How many rows, 1 to [`LIMIT_MAX`].
    pub limit: u64,
    /// Whether the whole number is wanted too.
    pub count: bool,
    /// Only the deleted ones (coordinators).
    pub deleted: bool,
    /// How the rows are shown.
    pub view: Projection,
    /// Filter and sort as one text: a cursor is bound to it.
    pub fingerprint: String,
}

/// The parameters that say where in a list one is and how its rows are shown, not which list it is.
const PLACE: &[&str] = &["cursor", "limit", "count", "fields", "expand"];

impl<T: Resource> Query<T> {
    /// Everything, in the usual order.
    pub fn all() -> Self {
        Self {
            filter: T::Filter::default(),
            search: None,
            sort: T::Sort::usual(),
            cursor: None,
            limit: LIMIT_MAX,
            count: false,
            deleted: false,
            view: Projection::default(),
            fingerprint: String::new(),
        }
    }

    /// Takes a list's parameters from a query string; `parameters` may hold others, which the caller takes.
    pub fn take(parameters: &mut Parameters) -> Self {
        let fingerprint = parameters.fingerprint(PLACE);
        let limit = parameters.once("limit").map(|text| limit(&text)).unwrap_or(Ok(LIMIT_DEFAULT));
        if !T::SEARCHED {
            parameters.refuse("q", || {
                bilingual!(
                    "This list cannot be searched with `q`; use filters instead.",
                    "Hier wird nicht gesucht: Diese haben keine eigenen Texte. Statt `q` gibt es Filter."
                )
            });
        }
        let search = match T::SEARCHED {
            true => parameters.once("q").map(|text| text.parse::<Search>()).transpose(),
            false => Ok(None),
        };
        // What has neither letters nor digits, such as `-`, leaves nothing out.
        let search = search.map(|search| search.filter(|search| !search.words().is_empty()));
        let usual = || if matches!(search, Ok(None)) { T::Sort::usual() } else { Vec::new() };
        let sort = parameters.once("sort").map(|text| sort(&text)).unwrap_or_else(|| Ok(usual()));
        Self {
            filter: T::Filter::take(parameters),
            sort: sort.unwrap_or_else(|fault| parameters.fault("sort", fault)),
            search: search.unwrap_or_else(|fault| parameters.fault("q", fault)),
            cursor: parameters.once("cursor"),
            limit: limit.unwrap_or_else(|fault| parameters.fault("limit", fault)),
            count: parameters.get("count"),
            deleted: parameters.get("deleted"),
            view: Projection::take::<T>(parameters),
            fingerprint,
        }
    }

    /// Reads a whole query string.
    pub fn parse(pairs: Vec<(String, String)>) -> Result<Self, Violations> {
        let mut parameters = Parameters::new(pairs);
        let query = Self::take(&mut parameters);
        parameters.finish().map(|()| query)
    }
}

/// Where in a list that is neither filtered nor sorted as a resource is: place and size.
#[derive(Clone, Debug)]
pub struct Paging {
    /// From where on: an opaque token of an earlier page.
    pub cursor: Option<String>,
    /// How many rows, 1 to [`LIMIT_MAX`].
    pub limit: u64,
    /// All other parameters as one text: a cursor is bound to it.
    pub fingerprint: String,
}

impl Paging {
    /// Takes the parameters that turn the pages; call it before the others are taken.
    pub fn take(parameters: &mut Parameters) -> Self {
        let fingerprint = parameters.fingerprint(PLACE);
        let limit = parameters.once("limit").map(|text| limit(&text)).unwrap_or(Ok(LIMIT_DEFAULT));
        Self {
            cursor: parameters.once("cursor"),
            limit: limit.unwrap_or_else(|fault| parameters.fault("limit", fault)),
            fingerprint,
        }
    }
}

fn sort<K: SortKey>(text: &str) -> Result<Vec<(K, Direction)>, FieldError> {
    let mut keys: Vec<(K, Direction)> = Vec::new();
    for word in text.split(',').map(str::trim) {
        let (word, direction) = match word.strip_prefix('-') {
            Some(word) => (word, Direction::Descending),
            None => (word, Direction::Ascending),
        };
        let key: K =
            word.parse().map_err(|fault: FieldError| in_words::<K>(word, direction).unwrap_or(fault))?;
        if keys.iter().any(|(known, _)| *known == key) {
            let detail = bilingual!("`{word}` is listed twice.", "`{word}` ist doppelt genannt.");
            return Err(FieldError::new("repeated", detail));
        }
        keys.push((key, direction));
    }
    Ok(keys)
}

/// A key with its direction in words or as a sign, as other services have it: `name:asc`, `name desc`, `+name`.
fn in_words<K: SortKey>(word: &str, direction: Direction) -> Option<FieldError> {
    let (key, turn) = match word.strip_prefix('+') {
        Some(key) => (key, "asc"),
        None => word.rsplit_once([':', ' ', '.', '_', '|', '-'])?,
    };
    let turn = turn.to_ascii_lowercase();
    let descends = match turn.as_str() {
        "asc" | "ascending" | "1" => false,
        "desc" | "descending" | "-1" => true,
        _ => return None,
    };
    let key = key.trim().parse::<K>().ok()?.word();
    let right =
        if descends || direction == Direction::Descending { format!("-{key}") } else { key.to_owned() };
    Some(FieldError::new(
        "unknown_value",
        bilingual!(
            "Write `sort={right}`: `{key}` is ascending, `-{key}` descending.",
            "Schreiben Sie `sort={right}`: `{key}` ist aufsteigend, `-{key}` absteigend."
        ),
    ))
}

fn limit(text: &str) -> Result<u64, FieldError> {
    match text.parse() {
        Ok(limit @ 1..=LIMIT_MAX) => Ok(limit),
        _ => Err(FieldError::new(
            "out_of_range",
            bilingual!(
                "Expected a whole number from 1 to {LIMIT_MAX}.",
                "Erwartet: ganze Zahl von 1 bis {LIMIT_MAX}."
            ),
        )),
    }
}

/// A page of a list.
#[derive(Clone)]
pub struct Page<T: Resource> {
    /// The rows.
    pub items: Vec<Stored<T>>,
    /// The cursor of the page after this one, if there is one.
    pub next: Option<String>,
    /// The cursor of the page before this one, if there may be one.
    pub prev: Option<String>,
    /// How many rows the filter has in all, if asked for.
    pub total: Option<u64>,
}
