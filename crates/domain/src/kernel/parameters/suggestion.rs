//! What to use instead of a parameter that other APIs have.

use crate::bilingual;
use crate::kernel::bilingual::Bilingual;

/// The parameters with their names in other APIs, in lower case and without `_`, `-`, `$` and `.`.
const SYNONYMS: &[(&str, &[&str])] = &[
    (
        "limit",
        &[
            "perpage",
            "pagesize",
            "size",
            "top",
            "take",
            "maxresults",
            "max",
            "pagelimit",
            "itemsperpage",
            "rows",
        ],
    ),
    (
        "cursor",
        &[
            "page",
            "offset",
            "skip",
            "pagenumber",
            "pageno",
            "startindex",
            "pagetoken",
            "after",
            "before",
            "continue",
        ],
    ),
    (
        "sort",
        &[
            "order",
            "orderby",
            "sortby",
            "sortorder",
            "ordering",
            "direction",
            "dir",
            "orderdirection",
            "sortdirection",
        ],
    ),
    ("q", &["search", "query", "s", "text", "searchterm", "term", "fulltext"]),
    ("fields", &["select", "columns", "attributes", "members"]),
    ("expand", &["include", "embed", "with", "populate"]),
    ("count", &["total", "includetotal", "totalcount", "inlinecount"]),
];

/// Returns what to use instead of a parameter of other APIs.
pub(super) fn suggestion(unknown: &str, known: &[&str]) -> Option<Bilingual> {
    // `sector[]`, `sector[0]`, `filter[sector]`, `page[size]`.
    if let Some((base, rest)) = unknown.split_once('[') {
        let inner = rest.trim_end_matches(']');
        if let Some(name) = [base, inner].into_iter().find(|name| known.contains(name)) {
            return Some(bilingual!(
                " Use `{name}=…` without brackets, once for each value.",
                " Schreiben Sie `{name}=…` ohne Klammern, für jeden Wert noch einmal."
            ));
        }
        return match inner {
            "size" | "limit" => replacement_hint("limit", known),
            "number" | "offset" | "after" | "before" | "cursor" => replacement_hint("cursor", known),
            _ => None,
        };
    }
    let plain: String = unknown
        .chars()
        .filter(|letter| !['_', '-', '$', '.'].contains(letter))
        .flat_map(char::to_lowercase)
        .collect();
    let (name, _) = SYNONYMS.iter().find(|(_, others)| others.contains(&plain.as_str()))?;
    replacement_hint(name, known)
}

fn replacement_hint(name: &str, known: &[&str]) -> Option<Bilingual> {
    known.contains(&name).then(|| match name {
        "limit" => bilingual!(
            " Use `limit` for the page size, and follow `next` for the next page.",
            " Nehmen Sie `limit` für die Größe einer Seite, und folgen Sie `next` zur nächsten."
        ),
        "cursor" => bilingual!(
            " Pages are not numbered: follow `next`, or send its `cursor`; `limit` is the page size.",
            " Seiten haben keine Nummern: Folgen Sie `next`, oder senden Sie dessen `cursor`; `limit` ist die Größe einer \
             Seite."
        ),
        "sort" => bilingual!(
            " Use `sort=key`, or `sort=-key` for descending order.",
            " Nehmen Sie `sort=key`, oder absteigend `sort=-key`."
        ),
        other => bilingual!(" Use `{other}`.", " Nehmen Sie `{other}`."),
    })
}
