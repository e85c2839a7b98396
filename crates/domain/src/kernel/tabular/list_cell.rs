//! Lists in one cell: texts, parties or participants, joined by `;`.
//!
//! A `;` inside an entry is written as `\;`, and a backslash as `\\`. Any other backslash is read as itself, so that
//! people who write cells by hand need these rules only for entries with a `;`.

use serde_json::{Value, json};

use crate::bilingual;
use crate::kernel::bilingual::typed;
use crate::kernel::violation::FieldError;

/// Joins texts into a cell.
pub(super) fn join(entries: impl Iterator<Item = String>) -> String {
    let escaped = entries.map(|entry| match entry.contains([';', '\\']) {
        true => entry.replace('\\', r"\\").replace(';', r"\;"),
        false => entry,
    });
    escaped.collect::<Vec<_>>().join(";")
}

/// Splits a cell into texts. Empty ones are dropped.
pub(super) fn split(cell: &str) -> Vec<String> {
    let mut entries = vec![String::new()];
    let mut letters = cell.chars().peekable();
    while let Some(letter) = letters.next() {
        let letter = match (letter, letters.peek()) {
            (';', _) => {
                entries.push(String::new());
                continue;
            }
            ('\\', Some(';' | '\\')) => letters.next().unwrap_or(letter),
            _ => letter,
        };
        if let Some(entry) = entries.last_mut() {
            entry.push(letter);
        }
    }
    entries.iter().map(|entry| typed(entry).to_owned()).filter(|entry| !entry.is_empty()).collect()
}

/// Returns the slug of a reference, or its id if it has no slug.
pub(super) fn slug(reference: &Value) -> Option<String> {
    let text = reference.get("slug").or_else(|| reference.get("id")).unwrap_or(reference);
    text.as_str().map(str::to_owned)
}

/// Replaces the references in a value by their slugs, which are also known in another database, unlike ids.
pub(super) fn by_slug(value: &Value) -> Value {
    match value {
        Value::Object(members) => match (members.get("id"), members.get("slug")) {
            (Some(_), Some(slug)) => slug.clone(),
            _ => members.iter().map(|(name, value)| (name.clone(), by_slug(value))).collect(),
        },
        Value::Array(entries) => entries.iter().map(by_slug).collect(),
        other => other.clone(),
    }
}

pub(super) fn party(value: &Value) -> Option<String> {
    let (kind, reference) = value.as_object()?.iter().next()?;
    Some(format!("{kind}:{}", slug(reference)?))
}

pub(super) fn participant(value: &Value) -> Option<String> {
    let text = |member: &str| value.get(member).and_then(Value::as_str).unwrap_or_default();
    let mut cell = format!("{}:{}", text("role"), party(value.get("party")?)?);
    if value.get("from").is_some() || value.get("until").is_some() {
        cell.push_str(&format!("@{}/{}", text("from"), text("until")));
    }
    Some(cell)
}

pub(super) fn read_party(text: &str) -> Result<Value, FieldError> {
    match text.split_once(':').map(|(kind, key)| (typed(kind), typed(key))) {
        Some((kind @ ("utility" | "organisation"), key)) => Ok(json!({ kind: key })),
        _ => Err(FieldError::format(bilingual!(
            "`{text}` does not have the form `utility:<slug>` or `organisation:<slug>`.",
            "`{text}` ist weder `utility:<slug>` noch `organisation:<slug>`."
        ))),
    }
}

/// Parses the party of a field with a single party. The other kind is `null`, so that a merge replaces the current
/// party even if that is of the other kind.
pub(super) fn whole_party(cell: &str) -> Result<Value, FieldError> {
    let mut party = read_party(cell)?;
    if let Value::Object(members) = &mut party {
        for kind in ["utility", "organisation"] {
            members.entry(kind).or_insert(Value::Null);
        }
    }
    Ok(party)
}

pub(super) fn read_participant(text: &str) -> Result<Value, FieldError> {
    let (who, when) = text.split_once('@').map_or((text, None), |(who, when)| (who, Some(when)));
    let Some((role, party)) = who.split_once(':') else {
        return Err(FieldError::format(bilingual!(
            "`{text}` does not have the form `<role>:utility:<slug>`.",
            "`{text}` ist nicht `<role>:utility:<slug>`."
        )));
    };
    let mut participant = json!({ "role": typed(role), "party": read_party(party)? });
    if let (Some(when), Value::Object(members)) = (when, &mut participant) {
        let Some((from, until)) = when.split_once('/') else {
            return Err(FieldError::format(bilingual!(
                "`{when}` does not have the form `from/until`.",
                "`{when}` ist nicht `from/until`."
            )));
        };
        for (name, date) in
            [("from", typed(from)), ("until", typed(until))].into_iter().filter(|(_, date)| !date.is_empty())
        {
            members.insert(name.to_owned(), Value::from(date));
        }
    }
    Ok(participant)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn separators_are_escaped_and_restored() {
        let cell = join(["a;b", r"c\", "plain", r"\;"].map(str::to_owned).into_iter());
        assert_eq!(cell, r"a\;b;c\\;plain;\\\;");
        assert_eq!(split(&cell), ["a;b", r"c\", "plain", r"\;"]);
        assert_eq!(split(r" a ;; C:\x ;"), ["a", r"C:\x"]);
    }

    #[test]
    fn participants_keep_their_dates() {
        for text in ["lead:utility:a", "partner:utility:b@2019/2021-05", "partner:organisation:c@/2020"] {
            assert_eq!(participant(&read_participant(text).unwrap()).unwrap(), text);
        }
        assert!(read_participant("lead").is_err() && read_participant("lead:person:x").is_err());
    }

    proptest! {
        #[test]
        fn lists_survive_a_round_trip(entries in prop::collection::vec(r"[a;\\' =é]{0,6}[a;\\'é]", 0..5)) {
            let entries: Vec<_> = entries.iter().map(|entry| entry.trim().to_owned()).collect();
            prop_assert_eq!(split(&join(entries.clone().into_iter())), entries);
        }
    }
}
