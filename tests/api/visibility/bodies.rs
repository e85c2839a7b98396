//! The bodies of planted resources, from which other tests start, too.

use serde_json::{Value, json};

/// A partnership with this lead and partner.
pub(crate) fn partnership(title: &str, lead: &str, partner: &str, visibility: &str) -> Value {
    json!({
        "title": title,
        "participants": [
            { "role": "lead", "party": { "utility": lead } },
            { "role": "partner", "party": { "utility": partner } }
        ],
        "sectors": ["telecommunications"],
        "visibility": visibility
    })
}

/// The minimal body of a part of a partnership.
pub(crate) fn part(collection: &str, title: &str) -> Value {
    match collection {
        "funding" => json!({ "kind": "third_party" }),
        "activities" => json!({ "kind": "mission", "title": title, "starts_on": "2031-01-01" }),
        "results" => json!({ "name": title, "unit": "%", "sdg_target": "12.5" }),
        "documents" => {
            json!({ "title": title, "url": "https://zxq.example", "kind": "mou", "language": "mn" })
        }
        _ => panic!("{collection}: plant some of these"),
    }
}

/// A utility in Mongolia.
pub(crate) fn partner_utility(name: &str, visibility: &str) -> Value {
    json!({
        "name": name, "kind": "partner", "country": "MN", "sectors": ["telecommunications"],
        "visibility": visibility
    })
}

/// A utility in Germany.
pub(crate) fn municipal_utility(name: &str, visibility: &str) -> Value {
    json!({
        "name": name, "kind": "municipal", "country": "DE", "sectors": ["telecommunications"],
        "visibility": visibility
    })
}

pub(crate) fn policy_update(title: &str) -> Value {
    json!({
        "title": { "en": title }, "summary": { "en": title }, "level": "eu", "published_on": "2031-01-01",
        "source_url": "https://zxq.example/policy", "sectors": ["telecommunications"],
        "working_areas": ["composting"]
    })
}

pub(crate) fn topic(title: &str, by: &str) -> Value {
    json!({
        "title": { "en": title }, "description": { "en": title }, "proposed_by": by,
        "sectors": ["telecommunications"]
    })
}

/// A contact who has agreed to be listed in the directory, or who has not.
pub(crate) fn contact(name: &str, in_directory: bool) -> Value {
    let consent = json!({ "given_at": "2026-01-15T09:00:00Z", "text_version": "2026-01" });
    json!({
        "given_name": name, "family_name": name, "email": format!("{name}@zxq.example"), "language": "mn",
        "phone": "+976 1234567", "function": name,
        "consents": if in_directory { json!({ "directory": consent }) } else { json!({ "mailings": consent }) }
    })
}
