//! Parameters and pages of lists, the same for all resources.

use super::parameters::sort::{Direction, SortKey};

use super::parameters::{FilterParameters, Parameters};
use super::resource::projection::Projection;
use super::resource::{Resource, Stored};
use super::search::Search;
use super::violation::{FieldError, Violations};
use crate::bilingual;

/// The maximum page size.
pub const LIMIT_MAX: u64 = 200;
/// The default page size.
pub const LIMIT_DEFAULT: u64 = 50;

/// The parameters of a list: filter, sort order, page and form of the rows.
#[derive(Clone)]
pub struct Query<T: Resource> {
    /// The filter.
    pub filter: T::Filter,
    /// The search terms of `q`.
    pub search: Option<Search>,
    /// Whether to return which members match the search.
    pub highlight: bool,
    /// The sort order, with the id as the last key; empty if a search sorts by relevance.
    pub sort: Vec<(T::Sort, Direction)>,
    /// The opaque token that an earlier page returned, for the position in the list.
    pub cursor: Option<String>,
    /// The page size, 1 to [`LIMIT_MAX`].
    pub limit: u64,
    /// Whether to return the total number of rows.
    pub count: bool,
    /// Whether to list deleted rows, and only these (coordinators only).
    pub deleted: bool,
    /// The selected and expanded fields.
    pub view: Projection,
    /// Filter and sort order as one text. A cursor is valid only for the same one.
    pub fingerprint: String,
}

/// The parameters that select a page and the form of its rows. All others determine which rows are in the list, and in
/// which order.
const PAGE_PARAMETERS: &[&str] = &["cursor", "limit", "count", "fields", "expand", "highlight"];

impl<T: Resource> Query<T> {
    /// Makes a query for all rows in the default order.
    pub fn all() -> Self {
        Self {
            filter: T::Filter::default(),
            search: None,
            highlight: false,
            sort: T::Sort::default_order(),
            cursor: None,
            limit: LIMIT_MAX,
            count: false,
            deleted: false,
            view: Projection::default(),
            fingerprint: String::new(),
        }
    }

    /// Takes the parameters of a list. Other parameters are left for the caller to take.
    pub fn take(parameters: &mut Parameters) -> Self {
        let fingerprint = parameters.fingerprint(PAGE_PARAMETERS);
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
        let default_order = || if matches!(search, Ok(None)) { T::Sort::default_order() } else { Vec::new() };
        let sort = parameters.once("sort").map(|text| sort(&text)).unwrap_or_else(|| Ok(default_order()));
        Self {
            filter: T::Filter::take(parameters),
            sort: sort.unwrap_or_else(|fault| parameters.fault("sort", fault)),
            search: search.unwrap_or_else(|fault| parameters.fault("q", fault)),
            cursor: parameters.once("cursor"),
            limit: limit.unwrap_or_else(|fault| parameters.fault("limit", fault)),
            highlight: T::SEARCHED && parameters.get("highlight"),
            count: parameters.get("count"),
            deleted: parameters.get("deleted"),
            view: Projection::take(T::INFO, parameters),
            fingerprint,
        }
    }

    /// Takes the parameters of a table of entries: the page, the sort order, and the filters of the
    /// resources, whose names begin with that of the resource (`partnership.status`).
    pub fn take_by_name(parameters: &mut Parameters) -> Self {
        let Paging { cursor, limit, fingerprint } = Paging::take(parameters);
        let sort = parameters.once("sort").map(|text| sort(&text));
        let sort = sort.unwrap_or_else(|| Ok(T::Sort::default_order()));
        Self {
            filter: parameters.take_of(T::NAME, T::Filter::take).unwrap_or_default(),
            sort: sort.unwrap_or_else(|fault| parameters.fault("sort", fault)),
            count: parameters.get("count"),
            cursor,
            limit,
            fingerprint,
            ..Self::all()
        }
    }

    /// Parses a complete query string.
    pub fn parse(pairs: Vec<(String, String)>) -> Result<Self, Violations> {
        let mut parameters = Parameters::new(pairs);
        let query = Self::take(&mut parameters);
        parameters.finish().map(|()| query)
    }
}

/// The page of a list that has neither the filters nor the sort order of a resource.
#[derive(Clone, Debug)]
pub struct Paging {
    /// The opaque token that an earlier page returned, for the position in the list.
    pub cursor: Option<String>,
    /// The page size, 1 to [`LIMIT_MAX`].
    pub limit: u64,
    /// All other parameters as one text. A cursor is valid only for the same one.
    pub fingerprint: String,
}

impl Paging {
    /// Takes the paging parameters. Must be called before the other parameters are taken.
    pub fn take(parameters: &mut Parameters) -> Self {
        let fingerprint = parameters.fingerprint(PAGE_PARAMETERS);
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

/// Returns the error for a key with a direction as other APIs write it: `name:asc`, `name desc`, `+name`.
fn in_words<K: SortKey>(word: &str, direction: Direction) -> Option<FieldError> {
    let (key, suffix) = match word.strip_prefix('+') {
        Some(key) => (key, "asc"),
        None => word.rsplit_once([':', ' ', '.', '_', '|', '-'])?,
    };
    let suffix = suffix.to_ascii_lowercase();
    let descends = match suffix.as_str() {
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
            "Use `sort={right}`: `{key}` is ascending, `-{key}` descending.",
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
    /// The rows of this page.
    pub items: Vec<Stored<T>>,
    /// The cursor of the next page, if there is one.
    pub next: Option<String>,
    /// The cursor of the previous page, if there may be one.
    pub prev: Option<String>,
    /// The total number of rows that match the filter, if requested.
    pub total: Option<u64>,
}
