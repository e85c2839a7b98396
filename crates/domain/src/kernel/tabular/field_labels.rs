//! The labels of fields in both languages.

use super::headings::{lookup, of_member};
use crate::kernel::bilingual::Bilingual;

/// The English labels that are not just the name of the field.
const ENGLISH: &[(&str, &str)] = &[
    ("as_role", "Sees as"),
    ("based_on.name", "Based on"),
    ("counts", "Registrations"),
    ("created_at", "Created"),
    ("deleted_at", "Deleted"),
    ("duration_minutes", "Duration (minutes)"),
    ("employees.value", "Employees"),
    ("end_time", "End (time)"),
    ("ends_at", "Ends"),
    ("ends_on", "Last day"),
    ("given_at", "Given"),
    ("iati_identifier", "IATI identifier"),
    ("id", "ID"),
    ("is_primary", "Primary contact"),
    ("joined_on", "Member since"),
    ("label", "Name"),
    ("last_activity_on", "Last activity"),
    ("left_on", "Left"),
    ("likely_duplicates", "Possible duplicates"),
    ("location.latitude", "Latitude"),
    ("location.longitude", "Longitude"),
    ("member_id", "Member"),
    ("needs", "Needs advice on"),
    ("on", "Day"),
    ("online_url", "Link for joining online"),
    ("party", "Utility or organisation"),
    ("population_served.value", "Population served"),
    ("published_on", "Published"),
    ("registration_closes_at", "Registration closes"),
    ("sdg_target", "SDG target"),
    ("sdg_targets", "SDG targets"),
    ("source_url", "Source"),
    ("start_time", "Start (time)"),
    ("starts_at", "Starts"),
    ("starts_on", "First day"),
    ("support_count", "Supporters"),
    ("updated_at", "Changed"),
    ("url", "Web address"),
    ("utility_name", "Utility"),
];

/// Returns the label of a field; `None` if a part of its path is unknown.
pub fn field_label(path: &str) -> Option<Bilingual> {
    Some(Bilingual { de: of_member(path)?.into(), en: in_english(path).into() })
}

/// The English label: that of the table, that of the name, or for a path those of its parts.
fn in_english(path: &str) -> String {
    match (lookup(ENGLISH, path), path.rsplit_once('.')) {
        (Some(label), _) => label.to_owned(),
        (None, Some((above, last))) => format!("{} ({})", in_english(above), in_english(last).to_lowercase()),
        (None, None) => {
            let words = path.replace('_', " ");
            let first = words.chars().next().map(|letter| letter.to_ascii_uppercase());
            first.into_iter().chain(words.chars().skip(1)).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_in_english_are_made_of_the_name_unless_they_are_listed() {
        for (path, english) in [
            ("created_at", "Created"),
            ("has_active_partnership", "Has active partnership"),
            ("participants.utility", "Participants (utility)"),
            ("values.reported_by", "Values (reported by)"),
        ] {
            assert_eq!(field_label(path).unwrap().en, english);
        }
        assert!(ENGLISH.is_sorted() && ENGLISH.iter().all(|(path, _)| of_member(path).is_some()));
    }
}
