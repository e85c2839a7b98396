//! Keys by which names are sorted and compared in the same way on every database.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::characters::is_ignorable;
use super::script::{cyrillic, greek, latin};

/// Returns the text in lower case, without accents and invisible characters, with `ß` as `ss`. Letters that Unicode
/// does not decompose are replaced by their usual spelling, and letters of other scripts by their transliteration.
pub fn collation_key(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let ascii = rest.bytes().position(|byte| !byte.is_ascii()).unwrap_or(rest.len());
        // The accent of the last letter may follow it.
        let end = if ascii < rest.len() { ascii.saturating_sub(1) } else { ascii };
        let (plain, others) = rest.split_at(end);
        folded.extend(plain.chars().map(|letter| letter.to_ascii_lowercase()));
        let letters = others.char_indices().skip_while(|(index, letter)| *index == 0 || !letter.is_ascii());
        let end = letters.map(|(index, _)| index).next().unwrap_or(others.len());
        let (others, next) = others.split_at(end);
        fold(others, &mut folded);
        rest = next;
    }
    folded
}

/// Folds letters of which at most the first is ASCII.
fn fold(text: &str, folded: &mut String) {
    let visible = text.chars().filter(|letter| !is_ignorable(*letter));
    // Composed first: `й` without its accent would be another letter.
    let letters: Vec<char> = visible.flat_map(char::to_lowercase).nfc().collect();
    for (index, letter) in letters.iter().enumerate() {
        match cyrillic(*letter).or_else(|| greek(&letters, index)) {
            Some(spelled) => folded.push_str(spelled),
            None => plain(*letter, folded),
        }
    }
}

fn plain(letter: char, folded: &mut String) {
    let parts =
        std::iter::once(letter).nfkd().filter(|part| !is_combining_mark(*part) && !is_ignorable(*part));
    for part in parts.flat_map(char::to_lowercase) {
        match part {
            'ß' => folded.push_str("ss"),
            'æ' => folded.push_str("ae"),
            'œ' => folded.push_str("oe"),
            'þ' => folded.push_str("th"),
            'ł' => folded.push('l'),
            'ø' => folded.push('o'),
            'đ' | 'ð' => folded.push('d'),
            'ı' => folded.push('i'),
            'ə' => folded.push('e'),
            other if other.is_ascii() || !other.is_alphanumeric() => folded.push(other),
            other => match cyrillic(other).map(str::to_owned).or_else(|| latin(other)) {
                Some(spelled) => folded.push_str(&spelled),
                None => folded.push(other),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::collation_key;

    #[test]
    fn spellings_of_a_name_have_one_key() {
        assert_eq!(collation_key("Münster"), "munster");
        assert_eq!(collation_key("Mu\u{308}nster"), "munster");
        assert_eq!(collation_key("STRASSE"), collation_key("Straße"));
        assert_eq!(collation_key("Łódź"), "lodz");
        assert_eq!(collation_key("Chișinău"), "chisinau");
    }

    #[test]
    fn invisible_characters_do_not_count() {
        assert_eq!(
            collation_key("Stadt\u{ad}ent\u{200b}wässe\u{202e}rung\u{2060}"),
            collation_key("Stadtentwässerung")
        );
    }

    #[test]
    fn a_name_in_another_script_has_the_key_of_its_transliteration() {
        for (other, latin) in [
            ("Львівводоканал", "Lvivvodokanal"),
            ("Київ", "Kyiv"),
            ("Миколаїв", "Mykolaiv"),
            ("Запоріжжя", "Zaporizhzhia"),
            ("Αθήνα", "Athina"),
            ("ΘΕΣΣΑΛΟΝΙΚΗ", "Thessaloniki"),
            ("Ύδρευση", "Ydrefsi"),
            ("თბილისი", "Tbilisi"),
        ] {
            assert_eq!(collation_key(other), collation_key(latin), "{other}");
        }
    }

    proptest! {
        #[test]
        fn a_text_is_folded_in_parts_as_it_is_as_a_whole(text in "(\\PC|[a-z]\u{308}|[A-Zäй\u{301}\u{ad}]){0,12}") {
            let mut whole = String::new();
            super::fold(&text, &mut whole);
            prop_assert_eq!(collation_key(&text), whole);
        }

        #[test]
        fn folding_twice_changes_nothing(text in any::<String>()) {
            let once = collation_key(&text);
            prop_assert_eq!(collation_key(&once), once);
        }
    }
}
