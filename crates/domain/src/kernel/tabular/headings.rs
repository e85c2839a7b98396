//! The German headings of columns, which are the German labels of fields, too.

use crate::kernel::bilingual::{is_blank, typed};
use crate::kernel::collation::collation_key;

/// Headings by field or path. The heading of a longer path is made from its parts, so only those that would read badly
/// are listed as a whole.
const HEADINGS: &[(&str, &str)] = &[
    ("abstract", "Kurzfassung"),
    ("actions", "Arten von Änderungen"),
    ("aliases", "Weitere Namen"),
    ("amount", "Betrag"),
    ("amount.amount", "Betrag"),
    ("as_of", "Stand"),
    ("as_role", "Sieht als"),
    ("attendance", "Teilnahme"),
    ("based_on", "Grundlage"),
    ("based_on.kind", "Art der Grundlage"),
    ("based_on.name", "Grundlage"),
    ("baseline", "Ausgangswert"),
    ("calls", "Aufrufe"),
    ("cancellation_reason", "Grund der Absage"),
    ("capacity", "Plätze"),
    ("city", "Ort"),
    ("climate_zone", "Klimazone"),
    ("code", "Code"),
    ("consents", "Einwilligungen"),
    ("consents.directory", "Einwilligung Verzeichnis"),
    ("consents.mailings", "Einwilligung Rundschreiben"),
    ("contact", "Ansprechperson"),
    ("content", "Inhalt"),
    ("countries", "Länder"),
    ("country", "Land"),
    ("counts", "Anmeldungen"),
    ("counts.attended", "Teilgenommen"),
    ("counts.registered", "Angemeldet"),
    ("counts.waitlisted", "Auf der Warteliste"),
    ("created_at", "Angelegt am"),
    ("currency", "Währung"),
    ("decisions", "Beschlüsse"),
    ("decline_reason", "Ablehnungsgrund"),
    ("deleted_at", "Gelöscht am"),
    ("description", "Beschreibung"),
    ("disabled", "Gesperrt"),
    ("disabled_reason", "Grund der Abschaltung"),
    ("duration_minutes", "Dauer (Minuten)"),
    ("email", "E-Mail"),
    ("employees", "Beschäftigte"),
    ("employees.value", "Beschäftigte"),
    ("enabled", "Eingeschaltet"),
    ("end", "Ende"),
    ("end_time", "Ende (Uhrzeit)"),
    ("ends_at", "Endet um"),
    ("ends_on", "Letzter Tag"),
    ("expert_days", "Expertentage"),
    ("expertise", "Fachwissen"),
    ("failing_since", "Schlägt fehl seit"),
    ("family_name", "Nachname"),
    ("focus_topic", "Schwerpunkt"),
    ("format", "Format"),
    ("from", "Von"),
    ("function", "Funktion"),
    ("funders", "Geldgeber"),
    ("funding_totals", "Fördersummen"),
    ("given_at", "erteilt am"),
    ("given_name", "Vorname"),
    ("guest", "Gast"),
    ("has_active_partnership", "Hat aktive Partnerschaft"),
    ("iati_identifier", "IATI-Kennung"),
    ("id", "ID"),
    ("implementers", "Durchführende"),
    ("interests", "Interessen"),
    ("interests.countries", "Länder von Interesse"),
    ("interests.sectors", "Sparten von Interesse"),
    ("interests.working_areas", "Arbeitsfelder von Interesse"),
    ("is_primary", "Hauptansprechperson"),
    ("joined_on", "Dabei seit"),
    ("kind", "Art"),
    ("label", "Bezeichnung"),
    ("language", "Sprache"),
    ("languages", "Sprachen"),
    ("last_activity_on", "Letzte Maßnahme am"),
    ("latitude", "Breite"),
    ("left_on", "Ausgetreten am"),
    ("legal_form", "Rechtsform"),
    ("level", "Ebene"),
    ("likely_duplicates", "Mögliche Dubletten"),
    ("location", "Lage"),
    ("location.latitude", "Geografische Breite"),
    ("location.longitude", "Geografische Länge"),
    ("locations", "Orte"),
    ("longitude", "Länge"),
    ("member", "Mitglied"),
    ("member_id", "Mitglied"),
    ("message", "Nachricht"),
    ("name", "Name"),
    ("needs", "Bedarf"),
    ("note", "Notiz"),
    ("on", "Tag"),
    ("online_url", "Link zur Teilnahme"),
    ("organisation", "Organisation"),
    ("organisers", "Veranstalter"),
    ("participants", "Beteiligte"),
    ("partnership", "Partnerschaft"),
    ("party", "Unternehmen oder Organisation"),
    ("party.organisation", "Beteiligte Organisation"),
    ("party.utility", "Beteiligtes Unternehmen"),
    ("person", "Person"),
    ("person.email", "E-Mail der Person"),
    ("person.family_name", "Nachname"),
    ("person.function", "Funktion"),
    ("person.given_name", "Vorname"),
    ("person.language", "Sprache der Person"),
    ("person.name", "Name der Person"),
    ("person.phone", "Telefon"),
    ("phone", "Telefon"),
    ("place", "Veranstaltungsort"),
    ("population_served", "Versorgte Einwohner"),
    ("population_served.value", "Versorgte Einwohner"),
    ("position", "Position"),
    ("programme", "Förderprogramm"),
    ("programmes", "Förderprogramme"),
    ("proposed_by", "Vorgeschlagen von"),
    ("published_on", "Veröffentlicht am"),
    ("region", "Region"),
    ("regional_group", "Regionalgruppe"),
    ("registration_closes_at", "Anmeldeschluss"),
    ("registration_consent", "Einwilligung Interessenbekundung"),
    ("registration_state", "Anmeldung"),
    ("registration_state.reason", "Anmeldung (Grund)"),
    ("registration_state.state", "Anmeldung"),
    ("reported_by", "Berichtet von"),
    ("resources", "Arten von Ressourcen"),
    ("result", "Ergebnis"),
    ("revision", "Fassung"),
    ("role", "Rolle"),
    ("room_capacity", "Plätze im Raum"),
    ("rules", "Bedingungen"),
    ("rules.goods_max", "Sachgüter höchstens"),
    ("rules.goods_max.amount", "Sachgüter höchstens"),
    ("rules.max_grant", "Zuwendung höchstens"),
    ("rules.max_grant.amount", "Zuwendung höchstens"),
    ("rules.max_months", "Laufzeit höchstens (Monate)"),
    ("rules.own_share_percent", "Eigenanteil (Prozent)"),
    ("rules.travel_allowed", "Reisen förderfähig"),
    ("rules.who_may_apply", "Antragsberechtigt"),
    ("sdg_target", "SDG-Unterziel"),
    ("sdg_targets", "SDG-Unterziele"),
    ("sectors", "Sparten"),
    ("session", "Sitzung"),
    ("short_name", "Kurzname"),
    ("since", "Seit"),
    ("slug", "Kürzel"),
    ("source_url", "Quelle"),
    ("speaker", "Vortragende"),
    ("start", "Beginn"),
    ("start_time", "Beginn (Uhrzeit)"),
    ("starts_at", "Beginnt um"),
    ("starts_on", "Erster Tag"),
    ("status", "Status"),
    ("summary", "Zusammenfassung"),
    ("support_count", "Unterstützungen"),
    ("talk_title", "Titel des Vortrags"),
    ("target", "Zielwert"),
    ("text", "Text"),
    ("text_version", "Textfassung"),
    ("time_zone", "Zeitzone"),
    ("title", "Titel"),
    ("to", "Bis"),
    ("topic", "Thema"),
    ("unit", "Einheit"),
    ("until", "Bis"),
    ("updated_at", "Geändert am"),
    ("url", "Webadresse"),
    ("utilities", "Unternehmen"),
    ("utility", "Unternehmen"),
    ("utility_name", "Unternehmen"),
    ("value", "Wert"),
    ("values", "Werte"),
    ("version", "Version"),
    ("visibility", "Sichtbarkeit"),
    ("volume", "Volumen"),
    ("volume.amount", "Volumen"),
    ("waiting_list", "Warteliste"),
    ("website", "Website"),
    ("working_areas", "Arbeitsfelder"),
];

/// The languages that have a name in headings. For others, the heading contains the code.
const LANGUAGES: &[(&str, &str)] = &[("de", "Deutsch"), ("en", "Englisch")];

/// Folds a heading for comparison: ignores surrounding and repeated whitespace, line breaks, case and accents.
pub(super) fn folded(heading: &str) -> String {
    let words: Vec<_> =
        heading.split(char::is_whitespace).map(typed).filter(|word| !word.is_empty()).collect();
    let mut text = collation_key(&words.join(" "));
    text.retain(|letter| !is_blank(letter) || letter == ' ');
    text
}

pub(super) fn lookup<'a>(table: &'a [(&str, &str)], name: &str) -> Option<&'a str> {
    table.iter().find(|(known, _)| *known == name).map(|(_, heading)| *heading)
}

/// Returns the heading of a field; `None` if a part of its path is unknown.
pub(super) fn of_member(path: &str) -> Option<String> {
    if let Some(heading) = lookup(HEADINGS, path) {
        return Some(heading.to_owned());
    }
    let (above, last) = path.rsplit_once('.')?;
    Some(format!("{} ({})", of_member(above)?, lookup(HEADINGS, last)?))
}

/// Returns the heading of a text in one language.
pub(super) fn of_text(member: &str, language: &str) -> Option<String> {
    Some(format!("{} ({})", of_member(member)?, lookup(LANGUAGES, language).unwrap_or(language)))
}

/// Returns the language in the heading of a text of this field. The heading must be folded.
pub(super) fn language<'a>(member: &str, heading: &'a str) -> Option<&'a str> {
    let rest = heading.strip_prefix(&folded(&of_member(member)?))?.trim_start();
    let named = rest.strip_prefix('(')?.strip_suffix(')')?.trim();
    Some(LANGUAGES.iter().find(|(_, name)| folded(name) == named).map_or(named, |(code, _)| code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_of_nested_members_contain_that_of_the_parent() {
        assert_eq!(of_member("employees.source_url").unwrap(), "Beschäftigte (Quelle)");
        assert_eq!(of_member("volume.currency").unwrap(), "Volumen (Währung)");
        assert_eq!(
            of_member("consents.mailings.given_at").unwrap(),
            "Einwilligung Rundschreiben (erteilt am)"
        );
        assert_eq!(of_member("nothing"), None);
        assert_eq!(of_member("title.nothing"), None);
    }

    #[test]
    fn headings_of_texts_contain_the_language() {
        // `to` is also the name of a field, but here it is the code of Tongan.
        for (code, heading) in [("de", "Titel (Deutsch)"), ("uk", "Titel (uk)"), ("to", "Titel (to)")] {
            assert_eq!(of_text("title", code).unwrap(), heading);
            assert_eq!(language("title", &folded(heading)), Some(code));
        }
        assert_eq!(language("title", "titel"), None);
    }

    #[test]
    fn spellings_of_a_heading_are_equal() {
        for heading in
            ["Kürzel", " kürzel\u{a0}", "KU\u{308}RZEL", "K\u{fc}r\u{ad}zel\u{200b}", "\u{feff}Kürzel"]
        {
            assert_eq!(folded(heading), folded("Kürzel"), "{heading:?}");
        }
        assert_eq!(folded("Dauer\r\n (Minuten)"), folded("Dauer (Minuten)"));
        assert_eq!(folded("\u{a0}\u{200b}"), "");
    }

    /// Folding does not make two different headings equal.
    #[test]
    fn folded_headings_are_distinct() {
        for (name, heading) in HEADINGS {
            for (other, other_heading) in HEADINGS.iter().filter(|(other, _)| other != name) {
                assert_ne!(folded(name), folded(other));
                assert_ne!(folded(heading), folded(other), "{name} {other}");
                assert_eq!(
                    folded(heading) == folded(other_heading),
                    heading == other_heading,
                    "{name} {other}"
                );
            }
        }
    }

    #[test]
    fn the_table_is_sorted_and_has_no_duplicates() {
        assert!(HEADINGS.is_sorted_by(|one, next| one.0 < next.0));
    }
}
